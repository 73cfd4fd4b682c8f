//! `workroom demo`: one job done both ways through the real gateway, and what each cost.
//!
//! Both ways have servers of their own, started as child processes from the same seed, and leave
//! on record what those received. Tokens are counted from the texts that really passed:
//!
//! * the traditional way: the definitions of all tools; the arguments of each call, written by
//!   the model; each result, read by the model.
//! * the code way, over a real MCP connection to our own endpoint: our tool list; the arguments
//!   of each of our tools (the script among them), written by the model; each of their results,
//!   read by the model.
//!
//! The job's wording and the answer that the model writes at the end are the same both ways: the
//! wording is left out, the answer is counted in both. Tokens are counted once for each text;
//! [`way`] has the rules by which a model reads them again, at a price.

mod masking;
mod play;
mod table;
mod way;

use std::{env, fmt::Write as _, path::Path, sync::Arc};

use serde_json::json;
use tempfile::TempDir;
use workroom_config::{
    Config, LedgerConfig, PrivacySettings, SandboxConfig, ScriptsConfig, SearchConfig, ServeConfig,
    ServerConfig, Transport,
};
use workroom_demo::{Check, DemoServer, Effect, WorldName};
use workroom_engine::store::Memory;
use workroom_ledger::price::{Model, Price, Prices};
use workroom_types::{CallPolicy, Limit, Limits};

use crate::{
    args::{Demo, Global, World},
    gateway::Gateway,
    output::{self, Answer, Failure},
    settings::Settings,
    store::Keep,
};

/// Calls that one run of a demo may make.
const CALLS: u64 = 5_000;

use play::Done;

/// One way with servers of its own.
struct Stage {
    gateway: Gateway,
    folder: TempDir,
}

impl Stage {
    async fn new(world: WorldName, seed: u64, privacy: PrivacySettings) -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("workroom-demo-").map_err(Failure::failed)?;
        let settings = settings(world, seed, folder.path(), privacy)?;
        let store = Arc::new(Memory::default());
        let gateway = Gateway::start(settings, store, Keep::Nothing, None).await?;
        Ok(Self { gateway, folder })
    }
}

/// A way that is done: what it took, its answer, and whether each of its parts is right.
struct Judged {
    done: Done,
    checks: Vec<Check>,
    effects: Vec<Effect>,
    /// Of the values that identify people, how many the model saw, and how many there are.
    exposed: Option<(usize, usize)>,
}

impl Judged {
    fn of(done: Done, stage: &Stage, world: WorldName, seed: u64) -> Result<Self, Failure> {
        let effects = play::effects(stage.folder.path(), world)?;
        let checks = world.check(seed, &done.1, &effects);
        let exposed = world.seen(seed, &done.0.text);
        Ok(Self { done, checks, effects, exposed })
    }

    fn is_right(&self) -> bool {
        self.checks.iter().all(|check| check.wrong.is_none())
    }
}

pub(crate) async fn demo(global: &Global, args: &Demo) -> Result<Answer, Failure> {
    let prices = Prices::ours();
    let model = prices.find(args.model.as_deref()).map_err(Failure::usage)?;
    let world = match args.world {
        World::Inventory => WorldName::Inventory,
        World::Legal => WorldName::Legal,
        World::Support => WorldName::Support,
        World::Clinic => WorldName::Clinic,
    };
    let say = |line: &str| {
        if !global.json {
            output::note(line);
        }
    };
    let servers = world.servers();
    let names: Vec<&str> = servers.iter().map(|server| server.name()).collect();
    say(&format!("starting {} servers, once for each way: {} …", names.len(), names.join(", ")));
    let (first, second) = (
        Stage::new(world, args.seed, PrivacySettings::default()).await?,
        Stage::new(world, args.seed, masking::settings(world)).await?,
    );
    tokio::join!(first.gateway.engine.settled(), second.gateway.engine.settled());
    let done = both([&first, &second], world, args.seed, model.price, &say).await;
    tokio::join!(first.gateway.close(), second.gateway.close());
    let (traditional, code) = done?;
    Ok(answer(world, args, model, &traditional, &code))
}

async fn both(
    [first, second]: [&Stage; 2],
    world: WorldName,
    seed: u64,
    price: Price,
    say: &impl Fn(&str),
) -> Result<(Judged, Judged), Failure> {
    say("the traditional way: every definition and every result through the model …");
    let done = play::traditional(&first.gateway.engine, world, price).await?;
    let traditional = Judged::of(done, first, world, seed)?;
    say("the code way: searches, then code …\n");
    let done = play::with_code(&second.gateway, world, price).await?;
    let mut code = Judged::of(done, second, world, seed)?;
    if let Some((values, _)) = code.exposed {
        let what = "no value that identifies a patient reached the model";
        code.checks.push(Check::equal(what, &values, &0));
    }
    Ok((traditional, code))
}

fn answer(
    world: WorldName,
    args: &Demo,
    model: &Model,
    traditional: &Judged,
    code: &Judged,
) -> Answer {
    let is_same = world.comparable(&traditional.done.1) == world.comparable(&code.done.1);
    let correct = traditional.is_right() && code.is_right() && is_same;
    let mut text = world.headline(args.seed);
    text.push('\n');
    for (name, judged) in [("traditional", traditional), ("code", code)] {
        let _ = write!(text, "\nthe {name} way, checked against the seeded truth:");
        for Check { what, wrong } in &judged.checks {
            match wrong {
                None => {
                    let _ = write!(text, "\n  right: {what}");
                }
                Some(wrong) => {
                    let _ = write!(text, "\n  WRONG: {what}: {wrong}");
                }
            }
        }
    }
    if !is_same {
        text.push_str("\nWRONG: the two ways give different answers");
    }
    if let Some(beside) = world.beside(&code.done.1, &code.effects) {
        let _ = write!(text, "\n\n{beside}");
    }
    for (name, judged) in [("traditional", traditional), ("code", code)] {
        if let Some((seen, all)) = judged.exposed {
            let _ = write!(
                text,
                "\n{}the model saw {seen} of {all} values that identify patients, the {name} way",
                if name == "traditional" { "\n" } else { "" }
            );
        }
    }
    let (first, second) = (&traditional.done.0, &code.done.0);
    let per_day = world.per_day();
    let _ = write!(text, "\n\n{}", table::table(first, second, model, per_day));
    let day = |cost: f64| cost * f64::from(per_day.jobs);
    let json = json!({
        "world": world.name(),
        "seed": args.seed,
        "correct": correct,
        "answer": code.done.1,
        "traditional": first,
        "code": second,
        "values_seen": { "traditional": traditional.exposed, "code": code.exposed },
        "checks": { "traditional": traditional.checks, "code": code.checks },
        "model": {
            "name": model.name, "prices_as_of": model.as_of, "usd_per_million": model.price
        },
        "per_day": {
            "jobs": per_day.jobs, "words": per_day.words,
            "traditional_usd": day(first.cost), "code_usd": day(second.cost)
        },
    });
    Answer::new(text, &json, if correct { output::OK } else { output::FAILED })
}

/// The world's servers, which are this program under another subcommand.
fn settings(
    world: WorldName,
    seed: u64,
    folder: &Path,
    privacy: PrivacySettings,
) -> Result<Settings, Failure> {
    let program = env::current_exe()
        .map_err(|error| Failure::failed(format!("this program's path is not known: {error}")))?;
    let server = |server: DemoServer| {
        let record = play::record(folder, server.name());
        let seed = seed.to_string();
        let args = ["demo-server", &server.to_string(), "--seed", &seed, "--record"];
        let mut args = args.map(str::to_owned).to_vec();
        args.push(record.to_string_lossy().into_owned());
        ServerConfig {
            name: server.name().to_owned(),
            description: Some(server.about().to_owned()),
            transport: Transport::Stdio {
                command: program.to_string_lossy().into_owned(),
                args,
                env: Vec::new(),
                cwd: folder.to_owned(),
            },
            start_timeout: workroom_config::START_TIMEOUT_DEFAULT,
            call_timeout: workroom_config::CALL_TIMEOUT_DEFAULT,
            policy: CallPolicy::default(),
            holds_changes: false,
            mask: Vec::new(),
            clear: Vec::new(),
        }
    };
    Ok(Settings {
        files: Vec::new(),
        config: Config {
            servers: world.servers().into_iter().map(server).collect(),
            limits: limits(),
            serve: ServeConfig::default(),
            sandbox: SandboxConfig::default(),
            scripts: ScriptsConfig::default(),
            search: SearchConfig::default(),
            privacy,
            ledger: LedgerConfig::default(),
            skills: workroom_types::SkillSettings::default(),
            origins: Vec::new(),
            warnings: Vec::new(),
        },
    })
}

/// The limits of a run, of which calls are raised: one run answers a day's 200 tickets.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.set(Limit::Calls, CALLS).expect("it is within the range");
    limits
}

/// One of the demo's servers, until its input ends.
pub(crate) async fn demo_server(
    server: &str,
    seed: u64,
    record: Option<&Path>,
) -> Result<Answer, Failure> {
    let server: DemoServer = server.parse().map_err(Failure::usage)?;
    workroom_demo::serve_stdio(server, seed, record).await.map_err(Failure::failed)?;
    Ok(Answer::new("", &json!({ "ok": true }), output::OK))
}

//! `workroom doctor`: is everything as it should be?

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use workroom_config::{ScriptsConfig, SearchConfig};
use workroom_engine::{
    report::bytes,
    sandbox::{Code, Setup, TurnState},
};
use workroom_types::{Limit, Limits};

use crate::{
    args::Global,
    embeddings, gateway,
    output::{self, Answer, Failure},
    sandbox::Place,
    settings,
    store::{self, Keep},
    types::{INSTALL, Tsc},
};

/// What one look found.
struct Finding {
    about: &'static str,
    is_well: bool,
    text: String,
    json: Value,
}

pub(crate) async fn doctor(global: &Global) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let mut findings = vec![configuration(&settings)];
    findings.push(kept().await);
    let place = gateway::place(&settings);
    findings.push(script(&place).await);
    findings.push(walls(&place, settings.config.sandbox.walls_required).await);
    findings.extend(types(&settings.config.scripts));
    findings.extend(meaning(&settings.config.search));
    let is_well = findings.iter().all(|finding| finding.is_well);
    let mut text = String::new();
    let mut json = json!({ "ok": is_well });
    for finding in findings {
        let mark = if finding.is_well { "ok   " } else { "WRONG" };
        let _ = writeln!(text, "{mark}  {:<13}  {}", finding.about, finding.text);
        json[finding.about] = json!({ "ok": finding.is_well, "found": finding.json });
    }
    let code = if is_well { output::OK } else { output::FAILED };
    Ok(Answer::new(text.trim_end(), &json, code))
}

fn configuration(settings: &settings::Settings) -> Finding {
    let config = &settings.config;
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let mut text = format!("{} files, {} servers", settings.files.len(), config.servers.len());
    for warning in &warnings {
        let _ = write!(text, "; {warning}");
    }
    Finding { about: "configuration", is_well: true, text, json: json!({ "warnings": warnings }) }
}

/// The store: its files, its tables, what refers to what.
async fn kept() -> Finding {
    let looked = match store::open(Keep::Stored).await {
        Ok(store) => store.check().await.map_err(|error| error.to_string()),
        Err(failure) => Err(failure.message),
    };
    match looked {
        Ok(health) => Finding {
            about: "store",
            is_well: health.problems.is_empty(),
            text: health.problems.iter().fold(
                format!(
                    "{}: {} sessions, {} runs, {}",
                    health.about,
                    health.sessions,
                    health.runs,
                    bytes(health.bytes),
                ),
                |text, problem| text + "; " + problem,
            ),
            json: json!(health),
        },
        Err(error) => {
            Finding { about: "store", is_well: false, json: json!({ "error": error }), text: error }
        }
    }
}

/// Whether a script runs at all.
async fn script(place: &Place) -> Finding {
    let limits = Limits::default();
    let ran = async {
        let mut guest = place.sandbox().open(&limits, None).await?;
        let code = Code { file: "doctor.js".to_owned(), text: "1 + 1".to_owned() };
        let deadline = Instant::now() + Duration::from_millis(limits.base(Limit::Wall));
        let setup = Setup { limits, deadline, seed: [0; 32], clock: Vec::new() };
        guest.start(Arc::new(code), setup).await.state
    };
    let (is_well, text) = match ran.await {
        Ok(TurnState::Done(Some(value))) if value == "2" => (true, "a script runs".to_owned()),
        Ok(other) => (false, format!("`1 + 1` came to {other:?}")),
        Err(error) => (false, error.to_string()),
    };
    Finding { about: "sandbox", is_well, json: json!({ "text": text }), text }
}

/// The compiler, where types are to be checked.
fn types(config: &ScriptsConfig) -> Option<Finding> {
    let about = "types";
    if !config.check_types {
        return None;
    }
    let found = Tsc::find(config.tsc.as_deref());
    let path = found.as_ref().map(|tsc| tsc.path().display().to_string());
    let text = match &path {
        Some(path) => format!("checked by {path}"),
        None => format!("not checked, since there is no compiler: {INSTALL}"),
    };
    Some(Finding { about, is_well: found.is_some(), text, json: json!({ "tsc": path }) })
}

/// The model, where tools are to be found by what they mean.
fn meaning(config: &SearchConfig) -> Option<Finding> {
    let found = embeddings::check(config)?;
    let is_well = found.is_ok();
    let text = found.unwrap_or_else(|error| error);
    Some(Finding { about: "embeddings", is_well, json: json!({ "text": text }), text })
}

/// The third wall. That it does not stand is wrong only where it is required.
async fn walls(place: &Place, required: bool) -> Finding {
    let about = "walls";
    match place {
        Place::Here(_) => {
            let text = "scripts run in the gateway's own process: two walls of three \
                        (`sandbox.workers`)";
            Finding {
                about,
                is_well: !required,
                text: text.to_owned(),
                json: json!({ "workers": 0 }),
            }
        }
        #[cfg(unix)]
        Place::Workers(workers) => match workers.report().await {
            Ok(report) => Finding {
                about,
                is_well: report.walls.all_stand() || !required,
                text: format!("{} workers; {}", report.workers, report.walls),
                json: json!(report),
            },
            Err(error) => {
                let text = error.to_string();
                Finding { about, is_well: false, json: json!({ "error": text }), text }
            }
        },
    }
}

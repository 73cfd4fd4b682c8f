//! An engine over the real sandbox and a store, with servers whose tools can change.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tokio::sync::watch;
use workroom_engine::{
    Engine, EngineConfig, Node, RunRequest, SessionChoice, Upstreams,
    skills::{SaveSkill, SkillSource, manage},
    store::{Memory, NewSkill, SkillStatus, Skills as _, Store as _},
    upstreams::{CallError, ToolCall, ToolOutput},
};
use workroom_sandbox::{InProcess, QuickJs};
use workroom_types::{
    Limit, Limits, RunId, ServerSnapshot, ServerStatus, SessionId, SkillSettings, ToolDef,
};

/// Servers by name, each with its tools and what each takes.
type Servers = Vec<(&'static str, Vec<(&'static str, Value)>)>;

/// The servers, which answer what they are asked.
pub(crate) struct World {
    changes: watch::Sender<u64>,
    servers: Mutex<Servers>,
    pub(crate) calls: Mutex<Vec<String>>,
}

impl Upstreams for World {
    fn servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let tool = |(name, schema): &(&str, Value)| ToolDef {
            name: (*name).to_owned(),
            input_schema: schema.clone(),
            ..ToolDef::default()
        };
        let servers = self.servers.lock().unwrap();
        let server = |(name, tools): &(&str, Vec<(&'static str, Value)>)| {
            Arc::new(ServerSnapshot {
                name: (*name).to_owned(),
                status: ServerStatus::Ready,
                tools: Arc::new(tools.iter().map(tool).collect()),
                ..ServerSnapshot::default()
            })
        };
        servers.iter().map(server).collect()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallError>> {
        let text = format!("{}({})", call.tool, Value::Object(call.arguments.clone()));
        self.calls.lock().unwrap().push(text);
        let answer = json!({ "tool": call.tool.tool, "asked": call.arguments });
        let content = vec![json!({ "type": "text", "text": answer.to_string() })];
        std::future::ready(Ok(ToolOutput { content, ..ToolOutput::default() })).boxed()
    }
}

pub(crate) fn takes(properties: &[&str], required: &[&str]) -> Value {
    let one = |name: &&str| ((*name).to_owned(), json!({ "type": "string" }));
    let properties: serde_json::Map<String, Value> = properties.iter().map(one).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A gateway. Each call of [`Room::again`] is another process over the same store.
pub(crate) struct Room {
    pub(crate) engine: Engine,
    pub(crate) world: Arc<World>,
    pub(crate) store: Arc<Memory>,
    settings: SkillSettings,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self::with(SkillSettings::default())
    }

    pub(crate) fn with(settings: SkillSettings) -> Self {
        let contact = takes(&["id"], &["id"]);
        let world = Arc::new(World {
            changes: watch::channel(1).0,
            servers: Mutex::new(vec![
                ("crm", vec![("get_contact", contact), ("delete_contact", takes(&["id"], &[]))]),
                ("mail", vec![("send", takes(&["to"], &["to"]))]),
            ]),
            calls: Mutex::default(),
        });
        let store = Arc::new(Memory::default());
        Self { engine: engine(&world, &store, settings), world, store, settings }
    }

    pub(crate) fn again(&self) -> Self {
        let (world, store) = (Arc::clone(&self.world), Arc::clone(&self.store));
        Self {
            engine: engine(&world, &store, self.settings),
            world,
            store,
            settings: self.settings,
        }
    }

    /// Gives a server other tools.
    pub(crate) fn change(&self, server: &'static str, tools: Vec<(&'static str, Value)>) {
        let mut servers = self.world.servers.lock().unwrap();
        servers.retain(|(name, _)| *name != server);
        servers.push((server, tools));
        drop(servers);
        self.world.changes.send_modify(|version| *version += 1);
    }

    /// What an agent reads of a run, without what differs from run to run.
    pub(crate) async fn run(&self, session: &str, code: &str) -> String {
        let session = SessionChoice::Own(SessionId::named(session));
        let request = RunRequest { code: code.to_owned(), session, timeout_ms: None };
        let report = self.engine.run(request).await;
        let shown = self.engine.present(&report, None, false).text;
        let (header, rest) = shown.split_once('\n').unwrap_or((&shown, ""));
        let state = header.split(" · ").next().unwrap_or_default();
        format!("{state}\n{rest}\n").replace(&report.run.to_string(), "RUN")
    }

    /// The newest run.
    pub(crate) async fn last_run(&self) -> RunId {
        self.store.runs(None, 1).await.unwrap().remove(0).run.id
    }

    pub(crate) async fn save(&self, session: &str, name: &str, about: &str, code: &str) -> String {
        self.save_from(session, name, about, SkillSource::Code(code.to_owned())).await
    }

    pub(crate) async fn save_from(
        &self,
        session: &str,
        name: &str,
        about: &str,
        source: SkillSource,
    ) -> String {
        let skill = SaveSkill {
            name: name.to_owned(),
            description: about.to_owned(),
            source,
            session: SessionId::named(session),
            author: "test".to_owned(),
        };
        match self.engine.save_skill(skill).await {
            Ok(saved) => {
                let mut text = format!("saved {} v{}\n", saved.name, saved.version);
                for suspicion in saved.suspicions {
                    text.push_str(&format!("shown: {suspicion}\n"));
                }
                text
            }
            Err(error) => format!("{error}\n"),
        }
    }

    /// Puts a promoted skill into the store, as an import from a folder does.
    pub(crate) async fn put(&self, name: &str, about: &str, code: &str) {
        let name = workroom_skill::SkillName::new(name).unwrap();
        let package = workroom_skill::Package::new(name, about, code);
        let package = workroom_skill::Package::read(&package.files()).unwrap();
        let kept = NewSkill {
            name: package.name.to_string(),
            hash: package.hash(),
            files: package.files(),
            created: 1,
            author: "test".to_owned(),
            session: String::new(),
            status: SkillStatus::Promoted,
            needs: String::new(),
        };
        self.store.keep_skill(kept).await.unwrap();
    }

    pub(crate) async fn promote(&self, name: &str) {
        manage::promote(&*self.store, name, None).await.unwrap();
    }

    pub(crate) async fn read(&self, session: &str, path: &str) -> String {
        match self.engine.read(path, Some(&SessionId::named(session))).await {
            Ok(Node::File(text)) => {
                // The time differs.
                let lines = text.lines().filter(|line| !line.starts_with("  \"clock\": "));
                lines.map(|line| format!("{line}\n")).collect()
            }
            Ok(Node::Folder(entries)) => {
                entries.iter().map(|entry| format!("{}  {}\n", entry.name, entry.about)).collect()
            }
            Err(error) => format!("{error}\n"),
        }
    }

    /// How each version fared: `name v1 draft 2 ok 1 failed 2 inputs`.
    pub(crate) async fn figures(&self) -> String {
        let records = self.store.skills().await.unwrap();
        let line = |record: &workroom_engine::store::SkillRecord| {
            let figures = record.figures;
            format!(
                "{} v{} {}: {} ok, {} failed, {} inputs\n",
                record.name,
                record.version,
                record.status.word(),
                figures.ok,
                figures.failed,
                figures.inputs
            )
        };
        records.iter().map(line).collect()
    }
}

fn engine(world: &Arc<World>, store: &Arc<Memory>, skills: SkillSettings) -> Engine {
    static QUICKJS: OnceLock<Arc<QuickJs>> = OnceLock::new();
    let quickjs = QUICKJS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        Arc::new(QuickJs::new(Some(folder)).unwrap())
    });
    let sandbox = Arc::new(InProcess::new(Arc::clone(quickjs)));
    let (world, store) = (Arc::clone(world), Arc::clone(store));
    let mut limits = Limits::default();
    limits.set(Limit::Cpu, 1_000).unwrap();
    let config = EngineConfig { skills, limits, ..EngineConfig::default() };
    Engine::with_store(world as _, sandbox as _, store as _, config)
}

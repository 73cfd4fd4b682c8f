//! A world's servers in this process, for tests of its ways.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "helpers of several tests, which fail as tests do"
)]

use std::{cell::RefCell, convert::Infallible, sync::Arc};

use serde_json::{Map, Value};
use workroom_catalog::{Catalog, Detail, SearchQuery};
use workroom_demo::{Backend, Effect, Step, ToolCall, WorldName};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

/// The servers of one world, and what they received.
pub(crate) struct Play {
    world: WorldName,
    backends: RefCell<Vec<(&'static str, Backend)>>,
    effects: RefCell<Vec<Effect>>,
}

impl Play {
    pub(crate) fn new(world: WorldName, seed: u64) -> Self {
        let backends = world.servers().into_iter();
        let backends = backends.map(|server| (server.name(), Backend::new(server, seed))).collect();
        Self { world, backends: RefCell::new(backends), effects: RefCell::default() }
    }

    pub(crate) fn call(&self, call: &ToolCall) -> Value {
        let mut backends = self.backends.borrow_mut();
        let found = backends.iter_mut().find(|(name, _)| *name == call.server);
        let backend = &mut found.unwrap_or_else(|| panic!("no server for {call:?}")).1;
        let result = backend.call(&call.tool, &call.arguments);
        let result = result.unwrap_or_else(|refusal| panic!("{call:?}: {refusal}"));
        if backend.writes(&call.tool) {
            let ToolCall { server, tool, arguments } = call.clone();
            self.effects.borrow_mut().push(Effect {
                server,
                tool,
                arguments,
                result: result.clone(),
            });
        }
        result
    }

    pub(crate) async fn traditional(&self) -> Value {
        let turn = async |calls: Vec<ToolCall>| {
            Ok::<_, Infallible>(calls.iter().map(|call| self.call(call)).collect())
        };
        self.world.traditional(turn).await.unwrap()
    }

    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.effects.borrow().clone()
    }
}

/// Does the job of `seed` call by call, and fails where the truth says otherwise.
pub(crate) async fn check_right(world: WorldName, seed: u64) {
    let play = Play::new(world, seed);
    let answer = play.traditional().await;
    for check in world.check(seed, &answer, &play.effects()) {
        assert_eq!(check.wrong, None, "seed {seed}: {}", check.what);
    }
}

/// How many tools the world has; each has a name of its own, a description, and is called
/// without arguments, which answers or says what is missing.
pub(crate) fn check_definitions(world: WorldName, seed: u64) -> usize {
    let mut count = 0;
    for server in world.servers() {
        let mut backend = Backend::new(server, seed);
        let tools: Vec<ToolDef> = backend.tools().to_vec();
        for (index, tool) in tools.iter().enumerate() {
            assert!(!tools[..index].iter().any(|other| other.name == tool.name), "{}", tool.name);
            assert!(tool.description.as_ref().unwrap().len() > 20, "{}", tool.name);
            let required = tool.input_schema["required"].as_array().map_or(0, Vec::len);
            match backend.call(&tool.name, &Map::new()) {
                Ok(answer) => {
                    assert!(required == 0 && answer.is_object(), "{}: {answer}", tool.name);
                }
                Err(refusal) => {
                    assert!(
                        required > 0 && refusal.to_string().ends_with("is missing"),
                        "{refusal}"
                    );
                }
            }
        }
        count += tools.len();
    }
    count
}

/// What the searches and files of the world's job show an agent.
pub(crate) fn seen(world: WorldName, seed: u64) -> String {
    let snapshot = |server: workroom_demo::DemoServer| {
        Arc::new(ServerSnapshot {
            name: server.name().to_owned(),
            status: ServerStatus::Ready,
            title: Some(server.about().to_owned()),
            tools: Arc::new(Backend::new(server, seed).tools().to_vec()),
            ..ServerSnapshot::default()
        })
    };
    let servers: Vec<_> = world.servers().into_iter().map(snapshot).collect();
    let catalog = Catalog::build(&servers, None);
    let mut shown = String::new();
    for step in world.job().steps {
        if let Step::Search { query, limit } = step {
            let limit = usize::try_from(limit).unwrap();
            let query = SearchQuery { query, server: None, detail: Detail::Signature, limit };
            shown += &catalog.search(&query).to_string();
        }
    }
    shown
}

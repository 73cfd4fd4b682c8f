//! The demo worlds behind the recorder: their jobs, and all that their tools answer.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use serde_json::{Map, Value, json};
use workroom_demo::{Backend, Step, WorldName, clinic};

use crate::{
    recorder::{Gateway, Left},
    support::Workspace,
};

/// As the demo of the clinic has it.
const PRIVACY: &str = "[privacy]\nprofile = \"hipaa\"\n[privacy.reveal]\nehr = [\"*\"]\n\
    intake = [\"*\"]\nmailer = [\"email\", \"name\", \"date\"]\n[limits]\ncalls = 5000\n";

/// The fewest addresses that a world's people must have, for the test to mean something.
const MAILS_MIN: usize = 10;

fn workspace(world: WorldName, seed: u64) -> Workspace {
    let workspace = Workspace::new();
    let mut config = PRIVACY.to_owned();
    for server in world.servers() {
        let record = workspace.path().join(format!("{}.received", server.name()));
        writeln!(
            config,
            "[servers.{}]\ncommand = \"SELF\"\nargs = [\"demo-server\", \"{server}\", \"--seed\", \
             \"{seed}\", \"--record\", \"{}\"]",
            server.name(),
            record.display()
        )
        .unwrap();
    }
    workspace.file("workroom.toml", &config);
    workspace
}

/// Does the world's job, as an agent does it.
fn job(gateway: &mut Gateway, world: WorldName) {
    let mut last = String::new();
    for step in world.job().steps {
        last = match step {
            Step::Search { query, limit } => {
                gateway.call("search", &json!({ "query": query, "limit": limit })).to_string()
            }
            Step::Read(path) => gateway.call("read_file", &json!({ "path": path })).to_string(),
            Step::Run(code) => gateway.run("job", &code),
            Step::Then(write) => gateway.run("job", &write(&last)),
        };
    }
}

fn all_that_left(gateway: Gateway, workspace: &Workspace) -> Left {
    let mut left = gateway.end();
    left.add_store(&workspace.path().join("data"));
    left
}

#[test]
fn the_clinics_job_is_done_and_leaks_nothing() {
    let workspace = workspace(WorldName::Clinic, clinic::SEED);
    let mut gateway = Gateway::start(&workspace);
    job(&mut gateway, WorldName::Clinic);
    gateway.read_everything();
    let left = all_that_left(gateway, &workspace);
    let planted = clinic::identifying(&clinic::Facts::new(clinic::SEED));
    assert!(planted.len() > 2_500, "{}", planted.len());
    assert_eq!(left.found(&planted), Vec::<String>::new());
    // The systems have what the model has not.
    let received = fs::read_to_string(workspace.path().join("intake.received")).unwrap();
    let arrived = planted.iter().filter(|value| received.contains(value.as_str())).count();
    assert!(arrived > 2_000, "{arrived}");
}

/// The server's tools that read, and need no arguments.
fn readers(backend: &Backend) -> Vec<String> {
    let tools = backend.tools().iter().filter(|tool| {
        let required = tool.input_schema["required"].as_array();
        required.is_none_or(Vec::is_empty) && !backend.writes(&tool.name)
    });
    tools.map(|tool| tool.name.clone()).collect()
}

/// The addresses in all that the world's tools answer to a call without arguments.
fn mails(world: WorldName, seed: u64) -> Vec<String> {
    let mut mails = BTreeSet::new();
    for server in world.servers() {
        let mut backend = Backend::new(server, seed);
        for tool in readers(&backend) {
            let answer = backend.call(&tool, &Map::new()).unwrap_or(Value::Null).to_string();
            let is_part = |c: char| c.is_alphanumeric() || "@._-+".contains(c);
            let words = answer.split(|c: char| !is_part(c)).filter(|word| word.contains('@'));
            mails.extend(words.map(|word| word.trim_matches('.').to_owned()));
        }
    }
    mails.into_iter().collect()
}

/// A script that calls all of these tools and hands on all that they say.
fn everything(world: WorldName) -> String {
    let mut code = String::new();
    for server in world.servers() {
        for tool in readers(&Backend::new(server, 1)) {
            let name = format!("{}__{tool}", server.name());
            writeln!(
                code,
                "try {{ console.log(await callMCPTool('{name}', {{}})) }} \
                 catch (e) {{ console.log(e.message) }}"
            )
            .unwrap();
        }
    }
    code
}

#[track_caller]
fn no_address_of(world: WorldName) {
    const SEED: u64 = 11;
    let planted = mails(world, SEED);
    assert!(planted.len() >= MAILS_MIN, "{planted:?}");
    let workspace = workspace(world, SEED);
    let mut gateway = Gateway::start(&workspace);
    job(&mut gateway, world);
    let shown = gateway.run("all", &everything(world));
    assert!(shown.contains(" masked"), "{shown}");
    gateway.read_everything();
    let left = all_that_left(gateway, &workspace);
    assert_eq!(left.found(&planted), Vec::<String>::new());
}

#[test]
fn the_shops_leak_no_address() {
    no_address_of(WorldName::Inventory);
}

#[test]
fn the_law_firm_leaks_no_address() {
    no_address_of(WorldName::Legal);
}

#[test]
fn the_help_desk_leaks_no_address() {
    no_address_of(WorldName::Support);
}

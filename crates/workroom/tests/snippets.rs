//! No false alarm: every script that the repository shows or ships passes the check, and so does a
//! right call of every real tool.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;
use workroom_catalog::Catalog;
use workroom_demo::{Backend, WorldName, inventory::SEED};
use workroom_engine::modules::InCatalog;
use workroom_script::{
    Description, DiagnosticKind, Function, Module, Modules, Scope, Skill, UnknownModule,
    compile_in, render,
};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

/// The demo's servers as they are. Other servers have what the snippet calls: nobody can know more
/// of them.
struct Servers<'s> {
    demo: &'s Catalog,
    named: BTreeMap<String, BTreeSet<String>>,
}

impl Modules for Servers<'_> {
    fn resolve(&self, specifier: &str) -> Result<Module, UnknownModule> {
        if let Ok(module) = InCatalog(self.demo).resolve(specifier) {
            return Ok(module);
        }
        let name = specifier.strip_prefix("./servers/");
        let module = name.and_then(|name| self.all().into_iter().find(|it| it.server == name));
        module.ok_or_else(|| UnknownModule {
            message: format!("there is no module `{specifier}`"),
            ..UnknownModule::default()
        })
    }

    fn skill(&self, specifier: &str) -> Option<Result<Skill, UnknownModule>> {
        let name = specifier.strip_prefix("./skills/")?.to_owned();
        Some(Ok(Skill { code: skill(&name), name }))
    }

    fn all(&self) -> Vec<Module> {
        let named = self.named.iter().map(|(server, functions)| Module {
            server: server.clone(),
            identifier: server.clone(),
            folder: server.clone(),
            functions: functions
                .iter()
                .map(|name| Function { name: name.clone(), tool: name.clone() })
                .collect(),
            tool: None,
        });
        InCatalog(self.demo).all().into_iter().chain(named).collect()
    }

    fn describe(&self, server: &str, tool: &str) -> Option<Description> {
        InCatalog(self.demo).describe(server, tool)
    }
}

/// What follows each `server.` in `text`, for the servers that it imports.
fn named(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let imports = text.split("'./servers/").skip(1).filter_map(|rest| rest.split('\'').next());
    let functions = |server: &str| {
        let prefix = format!("{server}.");
        let calls = text.split(&prefix).skip(1);
        let name = |rest: &str| rest.chars().take_while(|it| it.is_alphanumeric()).collect();
        calls.map(name).filter(|name: &String| !name.is_empty()).collect()
    };
    imports.map(|server| (server.to_owned(), functions(server))).collect()
}

/// The code of one of the repository's skills; of others nobody can know more than how they are used.
fn skill(name: &str) -> String {
    let file = root().join("examples/skills").join(name).join("index.ts");
    let usual = || "export async function run(input: any): Promise<any> {}\n".to_owned();
    fs::read_to_string(file).unwrap_or_else(|_| usual())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file below `folder` with one of `endings`, but what is built.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with('.') || ["target", "node_modules", "builder"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            files(&path, endings, found);
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

/// The scripts of a file: all of it, or the fences of a Markdown text.
fn scripts(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    if path.extension().is_some_and(|it| it == "ts") {
        return vec![text];
    }
    let fences = text.split("```ts\n").skip(1);
    fences.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The servers of a demo world as they are.
fn catalog(world: WorldName) -> Catalog {
    let servers: Vec<Arc<ServerSnapshot>> = world
        .servers()
        .into_iter()
        .map(|server| {
            let tools = Arc::new(Backend::new(server, SEED).tools().to_vec());
            let (name, status) = (server.name().to_owned(), ServerStatus::Ready);
            Arc::new(ServerSnapshot { name, status, tools, ..ServerSnapshot::default() })
        })
        .collect();
    Catalog::build(&servers, None)
}

#[test]
fn every_script_of_the_repository_passes_the_check() {
    let worlds = WorldName::ALL.map(|world| (format!("/{}/", world.name()), catalog(world)));
    let mut found = Vec::new();
    files(&root(), &[".ts", ".md"], &mut found);
    let mut count = 0;
    for path in found.iter().filter(|path| !path.ends_with("index.d.ts")) {
        let place = path.to_string_lossy();
        let world = worlds.iter().find(|(folder, _)| place.contains(folder));
        let (_, demo) = world.unwrap_or(&worlds[0]);
        for script in scripts(path) {
            count += 1;
            let skills = script.split("'./skills/").skip(1);
            let names = skills.filter_map(|rest| rest.split('\'').next());
            let whole = names.fold(script.clone(), |whole, name| whole + &skill(name));
            let servers = Servers { demo, named: named(&whole) };
            if let Err(mistakes) = compile_in(&script, &servers, Scope::EMPTY) {
                let told: Vec<String> = mistakes.iter().map(|it| render(&script, it)).collect();
                panic!("{}: {}", path.display(), told.join("\n"));
            }
        }
    }
    assert!(count >= 3, "{count} scripts");
}

/// Recorded `tools/list` answers of real servers.
fn real_servers() -> Vec<Arc<ServerSnapshot>> {
    let shared = std::env::var_os("WORKROOM_SHARED");
    let shared = shared.map_or_else(|| root().join("../shared"), PathBuf::from);
    let folder = shared.join("data/tools/real");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let text: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let tools: Vec<ToolDef> = serde_json::from_value(text["tools"].clone()).unwrap();
        Arc::new(ServerSnapshot {
            name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
            status: ServerStatus::Ready,
            tools: Arc::new(tools),
            ..ServerSnapshot::default()
        })
    };
    files.iter().map(read).collect()
}

/// The kinds of mistake in `code`.
fn mistakes(catalog: &Catalog, code: &str) -> Vec<DiagnosticKind> {
    let compiled = compile_in(code, &InCatalog(catalog), Scope::EMPTY);
    compiled.err().into_iter().flatten().map(|mistake| mistake.kind).collect()
}

#[test]
fn a_right_call_of_every_real_tool_passes_and_a_wrong_one_does_not() {
    let catalog = Catalog::build(&real_servers(), None);
    let mut counts = [0; 3];
    for server in catalog.servers() {
        for tool in &server.tools {
            let described = InCatalog(&catalog).describe(&server.name, &tool.def.name).unwrap();
            let parameters = described.parameters.unwrap();
            let needed: Vec<String> = parameters
                .list
                .iter()
                .filter(|parameter| parameter.required)
                .map(|parameter| {
                    format!("{}: value", serde_json::to_string(&parameter.name).unwrap())
                })
                .collect();
            let call = |given: &[String]| {
                format!(
                    "import {{ {} }} from './servers/{}';\nconst value: any = JSON.parse('1');\n\
                     return await {}({{ {} }});",
                    tool.function,
                    server.folder,
                    tool.function,
                    given.join(", ")
                )
            };
            assert_eq!(mistakes(&catalog, &call(&needed)), [], "{}", call(&needed));
            counts[0] += 1;
            if let [_, rest @ ..] = needed.as_slice() {
                let code = call(rest);
                let found = mistakes(&catalog, &code);
                assert_eq!(found, [DiagnosticKind::MissingParameter], "{code}");
                counts[1] += 1;
            }
            if !parameters.open {
                let mut given = needed.clone();
                given.push("zz_nonsense: value".to_owned());
                let found = mistakes(&catalog, &call(&given));
                assert_eq!(found, [DiagnosticKind::UnknownParameter], "{}", call(&given));
                counts[2] += 1;
            }
        }
    }
    assert!(counts[0] >= 700 && counts[1] >= 400 && counts[2] >= 600, "{counts:?}");
}

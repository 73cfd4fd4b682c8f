//! Scripts whose types the TypeScript compiler checks, as `cargo xtask test` installs it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/python.rs"]
mod python;
mod support;

use std::path::PathBuf;

use expect_test::{Expect, expect};
use support::{Workspace, demo_servers};

/// A shop's systems, whose tools say what they answer.
const SERVERS: [&str; 4] = ["shop", "marketplace", "warehouse", "accounting"];

/// The compiler, and more than enough time for it.
const CONFIG: &str = r#"
[scripts]
check = "types"
check_ms = 60000
tsc = "TSC"
"#;

const WRONG: &str = "import * as shop from './servers/shop';
const page = await shop.listProducts({ page: 1 });
const name: number = 'é'.lenght || page.products[0].whatever;
Object.keys(page)";

fn tsc() -> PathBuf {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let package = format!("node_modules/@typescript/typescript-{system}-{processor}");
    python::tools().join(package).join("lib/tsc")
}

fn workspace(more: &str) -> Workspace {
    let workspace = Workspace::new();
    let tsc = tsc().canonicalize().unwrap();
    let config = CONFIG.replace("TSC", &tsc.to_string_lossy());
    let servers = demo_servers(&SERVERS, 2037);
    workspace.file("workroom.toml", &format!("{servers}{config}{more}\n"));
    workspace
}

#[track_caller]
fn check(more: &str, code: &str, expected: &Expect) {
    expected.assert_eq(&workspace(more).shown(&["run", "-"], code));
}

#[test]
fn a_mistake_in_the_types_is_told_and_the_script_runs() {
    check(
        "",
        WRONG,
        &expect![[r#"
        exit code 0
        ----- stdout
        ok · run RUN · TIME s · 1 call · 9 KB kept in the sandbox
        note: types: Property 'lenght' does not exist on type '"é"'. Did you mean 'length'? (line 3, column 26)
        3 | const name: number = 'é'.lenght || page.products[0].whatever;
          |                          ^
        note: types: Property 'whatever' does not exist on type '{ id: number; sku: string; title: string; handle: string; status: "active" | "archived" | "draft"; category: { id: number; name: string; }; price: { amount: string; currency: string; }; barcode: string; weight: { ...; }; created_at: string; updated_at: string; links: { ...; }; }' (line 3, column 53)
        3 | const name: number = 'é'.lenght || page.products[0].whatever;
          |                                                     ^
        ["products","pagination"]
    "#]],
    );
}

#[test]
fn a_mistake_in_the_types_is_refused_where_that_is_wanted() {
    check(
        "type_errors = \"refuse\"",
        WRONG,
        &expect![[r#"
            exit code 1
            ----- stdout
            error · run RUN · TIME s
            Property 'lenght' does not exist on type '"é"'. Did you mean 'length'?
            3 | const name: number = 'é'.lenght || page.products[0].whatever;
              |                          ^
            also: Property 'whatever' does not exist on type '{ id: number; sku: string; title: string; handle: string; status: "active" | "archived" | "draft"; category: { id: number; name: string; }; price: { amount: string; currency: string; }; barcode: string; weight: { ...; }; created_at: string; updated_at: string; links: { ...; }; }' (line 3, column 53)
            3 | const name: number = 'é'.lenght || page.products[0].whatever;
              |                                                     ^
            nothing was called: correct it and run it again
        "#]],
    );
}

/// The demo's job, which is right: it fails here at its calls only if the types say so.
#[test]
fn a_script_without_mistakes_is_told_of_none() {
    let steps = workroom_demo::WorldName::Inventory.job().steps;
    let script = steps.into_iter().find_map(|step| match step {
        workroom_demo::Step::Run(code) => Some(code),
        _ => None,
    });
    let output = workspace("type_errors = \"refuse\"").output(&["run", "-"], &script.unwrap());
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}");
    assert!(!shown.contains("types:"), "{shown}");
}

#[test]
fn a_compiler_that_is_not_there_is_told_by_doctor() {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", "[scripts]\ncheck = \"types\"\ntsc = \"nowhere/tsc\"\n");
    let output = workspace.output(&["doctor"], "");
    let shown = String::from_utf8_lossy(&output.stdout);
    let line = shown.lines().find(|line| line.contains("types")).unwrap();
    assert_eq!(
        line,
        "WRONG  types          not checked, since there is no compiler: run `npm install \
         typescript@7`, or set `scripts.tsc`"
    );
}

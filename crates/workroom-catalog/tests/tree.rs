//! The tree that agents list and read.

#![allow(
    clippy::needless_pass_by_value,
    clippy::format_collect,
    reason = "tests: an `Expect` is written in place, and speed is no matter"
)]

mod common;

use std::sync::Arc;

use expect_test::{Expect, expect};
use serde_json::json;
use workroom_catalog::{Catalog, Node};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

fn world() -> Vec<Arc<ServerSnapshot>> {
    let describe = |name: &str, text: &str| ToolDef {
        description: Some(text.to_owned()),
        ..common::tool(name, json!({"type": "object"}))
    };
    let crm = ServerSnapshot {
        title: Some("Contacts and deals".to_owned()),
        instructions: Some("Ask for ids first. Then the rest.".to_owned()),
        ..common::server(
            "My CRM",
            vec![
                describe("get_contact", "Get a contact by id. It may be slow."),
                describe("list_deals", "List deals,\ne.g. the open ones"),
            ],
        )
    };
    let failed = ServerSnapshot {
        name: "files".to_owned(),
        status: ServerStatus::Failed {
            reason: "exited with code 1".to_owned(),
            stderr: vec!["no such \u{1b}[31mfolder*/".to_owned()],
        },
        ..ServerSnapshot::default()
    };
    let starting = ServerSnapshot { name: "slow".to_owned(), ..ServerSnapshot::default() };
    vec![Arc::new(crm), Arc::new(failed), Arc::new(starting)]
}

#[track_caller]
fn check(path: &str, expected: Expect) {
    let catalog = Catalog::build(&world(), None);
    let text = match catalog.open(path) {
        Ok(Node::File(text)) => {
            common::parse(path, &text);
            text
        }
        Ok(Node::Folder(entries)) => {
            entries.iter().map(|it| format!("{} | {}\n", it.name, it.about)).collect()
        }
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&text);
}

#[test]
fn the_root() {
    check(
        ".",
        expect![[r#"
        servers/ | 3 servers, 2 tools
    "#]],
    );
}

#[test]
fn the_servers() {
    check(
        "./servers",
        expect![[r#"
        my-crm/ | 2 tools · Contacts and deals
        files/ | failed: exited with code 1
        slow/ | starting
    "#]],
    );
}

#[test]
fn a_server() {
    check(
        "servers/my-crm/",
        expect![[r#"
        index.ts | every tool in one line
        getContact.ts | Get a contact by id.
        listDeals.ts | List deals, e.g. the open ones
    "#]],
    );
}

#[test]
fn an_index() {
    check(
        "/servers/my-crm/index.ts",
        expect![[r#"
        // Contacts and deals
        // Ask for ids first.
        export { getContact } from './getContact'; // Get a contact by id.
        export { listDeals } from './listDeals'; // List deals, e.g. the open ones
    "#]],
    );
}

#[test]
fn the_index_of_a_server_that_failed() {
    check(
        "servers/files/index",
        expect![[r#"
        // The server failed: exited with code 1
        // stderr: no such folder*/
        export {};
    "#]],
    );
}

#[test]
fn the_index_of_a_server_that_starts() {
    check(
        "servers/slow/index.ts",
        expect![[r#"
        // The server is still starting.
        export {};
    "#]],
    );
}

#[test]
fn a_tool() {
    check(
        "./servers/my-crm/listDeals.ts",
        expect![[r#"
        /**
         * List deals,
         * e.g. the open ones
         */
        export async function listDeals(input: ListDealsInput = {}): Promise<ListDealsOutput> {
          return __workroom.call("My CRM", "list_deals", input);
        }

        export type ListDealsInput = Record<string, never>;

        /** Not described by the server: parsed JSON if it answers JSON, else a string. */
        export type ListDealsOutput = unknown;

        declare const __workroom: any;
    "#]],
    );
}

#[test]
fn every_spelling_of_a_path_opens_the_same_file() {
    let catalog = Catalog::build(&world(), None);
    let file = common::file(&catalog, "./servers/my-crm/getContact.ts");
    for path in [
        "servers/my-crm/getContact",
        "/servers/my-crm/get_contact",
        "servers/My CRM/get_contact.ts/",
        " ./servers//my-crm/./getContact.ts ",
    ] {
        assert_eq!(common::file(&catalog, path), file, "{path}");
    }
}

#[test]
fn a_misspelt_tool() {
    check(
        "./servers/my-crm/getContakt.ts",
        expect![[r#"
        there is nothing at `./servers/my-crm/getContakt.ts` (nearest: `./servers/my-crm/getContact.ts`); list `./servers/my-crm` for what there is
    "#]],
    );
}

#[test]
fn a_misspelt_server() {
    check(
        "./servers/my_crm/getContact.ts",
        expect![[r#"
        there is nothing at `./servers/my_crm/getContact.ts` (nearest: `./servers/my-crm`); list `./servers` for what there is
    "#]],
    );
}

#[test]
fn a_path_without_its_root() {
    check(
        "my-crm/getContact",
        expect![[r#"
        there is nothing at `my-crm/getContact` (nearest: `./servers/my-crm`); list `./servers` for what there is
    "#]],
    );
}

#[test]
fn a_path_that_climbs() {
    check(
        "./servers/../../etc/passwd",
        expect![[r#"
        there is nothing at `./servers/../../etc/passwd`; list `./servers` for what there is
    "#]],
    );
}

#[test]
fn a_path_below_a_file() {
    check(
        "servers/my-crm/getContact.ts/x",
        expect![[r#"
        there is nothing at `servers/my-crm/getContact.ts/x` (nearest: `./servers/my-crm/getContact.ts`); list `./servers/my-crm` for what there is
    "#]],
    );
}

#[test]
fn a_huge_path_of_control_characters() {
    let catalog = Catalog::build(&world(), None);
    let error = catalog.open(&"\u{202e}\0x/".repeat(100_000)).unwrap_err();
    assert!(error.to_string().len() < 500);
    assert!(!error.to_string().contains(['\u{202e}', '\0']));
}

#[test]
fn what_did_not_change_is_taken_over() {
    let servers = world();
    let first = Catalog::build(&servers, None);
    let mut changed: Vec<Arc<ServerSnapshot>> =
        servers.iter().map(|it| Arc::new((**it).clone())).collect();
    let same = Catalog::build(&changed, Some(&first));
    assert!(std::ptr::eq(first.servers(), same.servers()));
    changed[2] = Arc::new(common::server("slow", vec![]));
    let second = Catalog::build(&changed, Some(&first));
    let shared: Vec<bool> = first
        .servers()
        .iter()
        .zip(second.servers())
        .map(|(old, new)| Arc::ptr_eq(old, new))
        .collect();
    assert_eq!(shared, [true, true, false]);
}

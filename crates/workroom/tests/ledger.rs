//! The ledger against an independent record of both wires.
//!
//! `tee` stands between the client and the gateway, and between the gateway and each server: four
//! recorders that know nothing of messages. What they recorded is compared, byte by byte, with the
//! accounts that the gateway kept.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` values are written where they are used")]

mod support;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use serde_json::{Value, json};
use support::{
    Workspace,
    client::Client,
    gateway::Gateway,
    proxy::{Exchange, Proxy},
};
use workroom_engine::store::{Accounts as _, AccountsOf};
use workroom_ledger::account::{Account, Kind, Wire};
use workroom_store::SqliteStore;
use workroom_testkit::Random;

/// Requests of one property test.
const STEPS: usize = 40;

/// A client whose every byte is recorded.
fn start(workspace: &Workspace, mode: &str) -> Client {
    let serve = workspace.command(&[]);
    let mut command = Command::new("sh");
    let script = format!(
        "tee client.in | '{}' serve --mode {mode} | tee client.out",
        serve.get_program().to_str().unwrap()
    );
    command.args(["-c", &script]).current_dir(workspace.path());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // Not as serde writes it: spaces and escapes are bytes too.
    let spell = |it: &Value| it.to_string().replace("\":", "\" : ").replace('ö', "\\u00f6");
    Client::of(command, "recorder", spell)
}

/// A server of the demo's with a recorder on each of its pipes.
fn recorded(server: &str) -> String {
    format!(
        "[servers.{server}]\ncommand = \"sh\"\nargs = [\"-c\", \"tee -a {server}.in | SELF \
         demo-server {server} --seed 3 | tee -a {server}.out\"]\n"
    )
}

fn accounts(workspace: &Workspace) -> Vec<Account> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let records = runtime.block_on(async {
        let store = SqliteStore::open(&workspace.path().join("data")).await.unwrap();
        store.accounts(AccountsOf::default(), usize::MAX).await.unwrap()
    });
    records.iter().map(|record| serde_json::from_str(&record.body).unwrap()).collect()
}

/// What a recorder wrote, message by message: its bytes with the newline, and its JSON.
fn messages(workspace: &Workspace, file: &str) -> Vec<(u64, Value)> {
    let text = fs::read_to_string(workspace.path().join(file)).unwrap();
    let lines = text.split_inclusive('\n');
    lines.map(|line| (line.len() as u64, serde_json::from_str(line).unwrap())).collect()
}

fn bytes(messages: &[(u64, Value)]) -> u64 {
    messages.iter().map(|(bytes, _)| bytes).sum()
}

/// The answer to the request `id` among `messages`.
fn answer_to<'m>(messages: &'m [(u64, Value)], id: &Value) -> Option<&'m (u64, Value)> {
    messages.iter().find(|(_, message)| message["id"] == *id && message.get("method").is_none())
}

/// A script of random calls: one after the other, together, in chains side by side; some of them
/// refused before they are sent, some refused by their server, some left without an answer.
fn script(random: &mut Random) -> String {
    let call = |random: &mut Random| {
        let page = random.below(4) + 1;
        let calls = [
            format!("shop.listProducts({{ page: {page} }})"),
            "shop.listProducts({})".to_owned(),
            "accounting.listSuppliers({})".to_owned(),
            "shop.listProducts({ page: 'zwölf' })".to_owned(),
            "shop.getProduct({ sku: 'ö-none' })".to_owned(),
            "accounting.getSupplier({ supplier_no: 'none' })".to_owned(),
        ];
        random.one_of(&calls).clone()
    };
    let safe = |call: String| format!("await {call}?.catch?.((e) => String(e).length)");
    let mut lines = vec![
        "import * as shop from './servers/shop';".to_owned(),
        "import * as accounting from './servers/accounting';".to_owned(),
        "let seen = 0;".to_owned(),
    ];
    for _ in 0..random.below(4) {
        let some: Vec<String> = (0..random.below(5)).map(|_| call(random)).collect();
        lines.push(match random.below(3) {
            0 => some.into_iter().map(|it| safe(it) + ";").collect::<Vec<_>>().join("\n"),
            1 => format!("await Promise.allSettled([{}]);", some.join(", ")),
            _ => {
                let chains = some.into_iter().map(|it| {
                    format!("(async () => {{ {}; {}; }})()", safe(it), safe(call(random)))
                });
                let chains: Vec<String> = chains.collect();
                format!("await Promise.all([{}]);", chains.join(", "))
            }
        });
    }
    match random.below(4) {
        0 => lines.push("throw new Error('ö'.repeat(30));".to_owned()),
        1 => lines.push(format!("{};", call(random))),
        2 => lines.push("console.log('zwölf', seen);".to_owned()),
        _ => lines.push("return (await shop.listProducts({})).valueOf();".to_owned()),
    }
    lines.join("\n")
}

/// Does one random thing, as an agent would.
fn step(client: &mut Client, random: &mut Random, mode: &str) {
    match random.below(if mode == "code" { 8 } else { 11 }) {
        0 => drop(client.call("search", json!({ "query": "list the prödücts" }))),
        1 => drop(client.call("read_file", json!({ "path": "./servers/shop/listProducts.ts" }))),
        2 => drop(client.call("read_file", json!({ "path": "./servers/none" }))),
        3 => drop(client.request("ping", json!({}))),
        4 => drop(client.call("no_such_tool", json!({ "ö": 1 }))),
        5..=7 => {
            let arguments = json!({ "code": script(random), "timeout_s": 1e1 });
            client.call("run_code", arguments);
        }
        8 => drop(client.call("shop__list_products", json!({ "page": 2 }))),
        9 => drop(client.call("accounting__list_suppliers", json!({}))),
        // Two at once, whose answers may come in any order.
        _ => {
            let params =
                |page: u64| json!({ "name": "shop__list_products", "arguments": { "page": page } });
            let ids = [1, 3].map(|page| client.post("tools/call", params(page)));
            // Reading for the first may pass over the second, so all that came is looked at.
            let mut left = ids.to_vec();
            while !left.is_empty() {
                let message = client.read();
                left.retain(|id| message["id"] != *id);
            }
        }
    }
}

/// Plays random requests, and compares every account with the records.
fn check(seed: u64, mode: &str) {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", &(recorded("shop") + &recorded("accounting")));
    let mut client = start(&workspace, mode);
    client.request("tools/list", json!({}));
    let mut random = Random::of(seed, mode);
    for _ in 0..STEPS {
        step(&mut client, &mut random, mode);
    }
    client.end();
    let accounts = accounts(&workspace);
    let runs = accounts.iter().filter(|account| account.kind == Kind::Run);
    assert!(runs.count() > 3, "the test tests something");
    clients(&workspace, &accounts);
    servers(&workspace, &accounts);
}

/// The client's wire: the sum of all, and each request by itself.
fn clients(workspace: &Workspace, accounts: &[Account]) {
    let (asked, told) = (messages(workspace, "client.in"), messages(workspace, "client.out"));
    let mut wire = Wire::default();
    for account in accounts {
        wire += account.client_wire();
    }
    assert_eq!(wire, Wire { requests: bytes(&asked), answers: bytes(&told) });
    // In the order in which they came, each of the client's calls is one account.
    let calls = asked.iter().filter(|(_, message)| message["method"] == "tools/call");
    let mut recorded: Vec<(u64, u64, u64, u64)> = calls
        .map(|(bytes, message)| {
            let (answer_bytes, answer) = answer_to(&told, &message["id"]).unwrap();
            let arguments = message["params"]["arguments"].to_string();
            let blocks = answer["result"]["content"].as_array();
            let texts = blocks.into_iter().flatten().filter_map(|block| block["text"].as_str());
            let text = texts.collect::<Vec<_>>().join("\n");
            let text =
                if text.is_empty() { answer["error"]["message"].as_str().unwrap() } else { &text };
            (*bytes, *answer_bytes, arguments.len() as u64, text.len() as u64)
        })
        .collect();
    let mut kept: Vec<(u64, u64, u64, u64)> = accounts
        .iter()
        .filter(|account| account.kind.is_request())
        .map(|it| (it.wire.requests, it.wire.answers, it.asked.bytes, it.answered.bytes))
        .collect();
    recorded.sort_unstable();
    kept.sort_unstable();
    assert_eq!(kept, recorded);
    for account in accounts.iter().filter(|account| account.kind.is_request()) {
        let parts = account.asked.bytes + account.answered.bytes;
        let sum = i64::try_from(parts).unwrap() + account.client_framing();
        assert_eq!(u64::try_from(sum).unwrap(), account.client_wire().total());
    }
}

/// The bytes of what an answer gives to code; 0 for an error.
fn data(answer: &Value) -> u64 {
    let result = &answer["result"];
    if result.is_null() || result["isError"] == true {
        return 0;
    }
    let data = match result.get("structuredContent") {
        Some(data) => data.to_string(),
        None => {
            let text = result["content"][0]["text"].as_str().unwrap();
            let parsed = serde_json::from_str::<Value>(text).ok();
            let parsed = parsed.filter(|value| value.is_object() || value.is_array());
            parsed.unwrap_or_else(|| text.into()).to_string()
        }
    };
    data.len() as u64
}

/// The servers' wires: the sum of each, and each call by itself.
fn servers(workspace: &Workspace, accounts: &[Account]) {
    for server in ["shop", "accounting"] {
        let asked = messages(workspace, &format!("{server}.in"));
        let told = messages(workspace, &format!("{server}.out"));
        let calls = accounts.iter().flat_map(|account| &account.calls);
        let calls: Vec<_> = calls.filter(|call| call.server == server).collect();
        let mut wire = Wire::default();
        for call in &calls {
            wire += call.wire;
        }
        let beside =
            accounts.iter().filter(|account| account.session == format!("server {server}"));
        for account in beside {
            wire += account.server_wire();
        }
        assert_eq!(wire, Wire { requests: bytes(&asked), answers: bytes(&told) }, "{server}");
        // Tool by tool: what passed for each call, its arguments, and its result if it has one.
        let mut recorded: BTreeMap<String, Vec<[u64; 4]>> = BTreeMap::new();
        for (bytes, message) in asked.iter().filter(|(_, it)| it["method"] == "tools/call") {
            let (answer, result) = answer_to(&told, &message["id"])
                .map_or((0, 0), |(bytes, message)| (*bytes, data(message)));
            let arguments = message["params"]["arguments"].to_string().len() as u64;
            let tool = message["params"]["name"].as_str().unwrap().to_owned();
            recorded.entry(tool).or_default().push([*bytes, answer, arguments, result]);
        }
        assert!(bytes(&told) > 5_000 && !recorded.is_empty(), "the test tests something");
        let mut kept: BTreeMap<String, Vec<[u64; 4]>> = BTreeMap::new();
        for call in calls.iter().filter(|call| call.wire.total() > 0) {
            let result = if call.failed { 0 } else { call.result.bytes };
            let Wire { requests, answers } = call.wire;
            let figures = [requests, answers, call.arguments.bytes, result];
            kept.entry(call.tool.clone()).or_default().push(figures);
        }
        for list in recorded.values_mut().chain(kept.values_mut()) {
            list.sort_unstable();
        }
        assert_eq!(kept, recorded, "{server}");
    }
    for account in accounts {
        let sent = account.calls.iter().filter(|call| call.wire.total() > 0);
        let parts: u64 = sent.map(|call| call.arguments.bytes + call.result.bytes).sum();
        let sum = i64::try_from(parts).unwrap() + account.server_framing();
        assert_eq!(u64::try_from(sum).unwrap(), account.server_wire().total());
    }
}

/// A client over HTTP that counts the bodies which it sends and gets.
struct Web {
    gateway: Gateway,
    session: String,
    wire: Wire,
    next: u64,
}

impl Web {
    fn start(workspace: &Workspace) -> Self {
        let gateway = Gateway::start(workspace);
        Self { gateway, session: String::new(), wire: Wire::default(), next: 0 }
    }

    /// Sends `message` in a body of its own. HTTP/1.0, so that the answer is not in pieces.
    fn post(&mut self, message: &Value) -> String {
        let body = message.to_string();
        let mut stream = TcpStream::connect(&self.gateway.address).unwrap();
        write!(
            stream,
            "POST /mcp HTTP/1.0\r\nHost: {}\r\nAccept: application/json, text/event-stream\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{body}",
            self.gateway.address,
            body.len(),
            self.session,
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, told) = answer.split_once("\r\n\r\n").unwrap();
        let id = head.lines().find(|line| line.to_ascii_lowercase().starts_with("mcp-session-id"));
        if let Some(id) = id {
            self.session = format!("{id}\r\n");
        }
        self.wire += Wire { requests: body.len() as u64, answers: told.len() as u64 };
        told.to_owned()
    }

    fn request(&mut self, method: &str, params: Value) -> String {
        self.next += 1;
        let id = self.next;
        self.post(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }
}

#[test]
fn accounts_sum_up_to_the_bodies_over_http() {
    let workspace = Workspace::new();
    workspace.file("workroom.toml", &(recorded("shop") + &recorded("accounting")));
    let mut web = Web::start(&workspace);
    let info = json!({ "name": "web", "version": "0" });
    web.request(
        "initialize",
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info }),
    );
    web.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    web.request("tools/list", json!({}));
    let mut random = Random::of(seed(), "http");
    for _ in 0..6 {
        let arguments = json!({ "code": script(&mut random) });
        web.request("tools/call", json!({ "name": "run_code", "arguments": arguments }));
    }
    let query = json!({ "query": "list products" });
    let found = web.request("tools/call", json!({ "name": "search", "arguments": query }));
    assert!(found.contains("listProducts"), "{found}");
    let ended = Command::new("kill").arg(web.gateway.process.id().to_string()).status().unwrap();
    assert!(ended.success() && web.gateway.process.wait().unwrap().success());
    let accounts = accounts(&workspace);
    let mut wire = Wire::default();
    for account in &accounts {
        wire += account.client_wire();
    }
    assert_eq!(wire, web.wire);
    let kinds = |kind| accounts.iter().filter(|account| account.kind == kind).count();
    assert_eq!((kinds(Kind::Run), kinds(Kind::Search), kinds(Kind::List)), (6, 1, 1));
    assert!(accounts.iter().all(|it| !it.kind.is_request() || it.client == "web"));
    servers(&workspace, &accounts);
}

#[test]
fn accounts_sum_up_to_the_bodies_of_a_server_over_http() {
    // The server is a gateway, too: it has many tools, and answers with events.
    let behind = Workspace::new();
    behind.file("workroom.toml", &format!("[serve]\nmode = \"direct\"\n{}", recorded("shop")));
    let mut server = Gateway::start(&behind);
    let proxy = Proxy::before(&server.address);
    let workspace = Workspace::new();
    let config = format!("[servers.web]\nurl = \"http://{}/mcp\"\n", proxy.address);
    workspace.file("workroom.toml", &config);
    let mut client = start(&workspace, "code");
    let mut random = Random::of(seed(), "web");
    for _ in 0..8 {
        let calls = (0..=random.below(4)).map(|_| match random.below(4) {
            0 => "web.shopGetProduct({ sku: 'ö-none' })".to_owned(),
            page => format!("web.shopListProducts({{ page: {page} }})"),
        });
        let calls = calls.collect::<Vec<_>>().join(", ");
        let code = format!(
            "import * as web from './servers/web';\n\
             return (await Promise.allSettled([{calls}])).map((one) => one.status);"
        );
        let told = client.call("run_code", json!({ "code": code }));
        assert_eq!(told["isError"], false, "{told}");
    }
    client.end();
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    let exchanges = proxy.exchanges();
    let accounts = accounts(&workspace);
    let total = |of: fn(&Exchange) -> usize| exchanges.iter().map(of).sum::<usize>() as u64;
    let mut wire = Wire::default();
    for account in &accounts {
        wire += account.server_wire();
    }
    let passed =
        Wire { requests: total(|it| it.asked.len()), answers: total(|it| it.answered.len()) };
    assert_eq!(wire, passed);
    // What passed for each call.
    let mut recorded: Vec<Wire> = Vec::new();
    for exchange in &exchanges {
        let asked: Value = serde_json::from_slice(&exchange.asked).unwrap_or_default();
        if asked["method"] == "tools/call" {
            let (requests, answers) = (exchange.asked.len(), exchange.answered.len());
            recorded.push(Wire { requests: requests as u64, answers: answers as u64 });
        }
    }
    let calls = accounts.iter().flat_map(|account| &account.calls).map(|call| call.wire);
    let mut kept: Vec<Wire> = calls.filter(|wire| wire.total() > 0).collect();
    recorded.sort_unstable_by_key(|wire| (wire.requests, wire.answers));
    kept.sort_unstable_by_key(|wire| (wire.requests, wire.answers));
    assert!(recorded.len() > 8, "the test tests something");
    assert_eq!(kept, recorded);
}

fn seed() -> u64 {
    env::var("WORKROOM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

#[test]
fn accounts_sum_up_to_the_bytes_on_both_wires_in_code_mode() {
    check(seed(), "code");
}

#[test]
fn accounts_sum_up_to_the_bytes_on_both_wires_in_direct_mode() {
    check(seed() + 1, "direct");
}

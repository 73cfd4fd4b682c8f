//! Personal data through the real binary and real servers: what systems get, and what nobody sees.
//!
//! The servers are this program itself, with other arguments.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod server;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path, process::ExitCode};

use libtest_mimic::{Arguments, Trial};
use serde_json::Value;
use server::{API_KEY, PEOPLE};
use support::Workspace;

/// The argument with which this program is a server.
const SERVE: &str = "people-upstream";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    if let [_, word, name, log] = args.as_slice()
        && word == SERVE
    {
        return server::serve(name, log).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let tests: [(&str, fn()); 15] = [
        ("scripts_have_tokens_and_systems_have_values", scripts_have_tokens),
        ("an_injected_instruction_sends_nothing", injected),
        ("what_is_allowed_is_sent", allowed),
        ("with_off_only_credentials_are_masked", off),
        ("nothing_at_rest_is_readable", at_rest),
        ("a_session_goes_on_after_its_process", goes_on),
        ("a_forgotten_vault_is_forgotten", forgotten),
        ("a_lost_key_fails_closed", lost_key),
        ("a_new_master_key_opens_what_the_old_one_locked", rotated),
        ("two_processes_share_a_vault", two_processes),
        ("questions_are_answered_without_the_value", questions),
        ("scripts_that_exfiltrate_get_tokens", exfiltration),
        ("what_a_rule_clears_is_seen", cleared),
        ("an_aggregate_of_one_passes_and_is_on_record", aggregate),
        ("a_profile_of_ones_own_masks_what_it_says", own_profile),
    ];
    let trials = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// A workspace with both servers, and `privacy` at the end of its configuration.
fn world(privacy: &str) -> Workspace {
    let workspace = Workspace::new();
    let program = env::current_exe().unwrap();
    let server = |name: &str| {
        let log = workspace.path().join(format!("{name}.log"));
        format!(
            "[servers.{name}]\ncommand = \"{}\"\nargs = [{SERVE:?}, {name:?}, \"{}\"]\n",
            program.display(),
            log.display()
        )
    };
    let text = format!("{}{}{privacy}", server("crm"), server("mailer"));
    workspace.file("workroom.toml", &text);
    workspace
}

const STANDARD: &str = "[privacy]\nprofile = \"standard\"\n";

const IMPORTS: &str =
    "import * as crm from './servers/crm'; import * as mailer from './servers/mailer';\n";

/// Runs `code` in the session `s`; everything that it wrote.
fn run(workspace: &Workspace, code: &str) -> String {
    run_in(workspace, "s", code)
}

fn run_in(workspace: &Workspace, session: &str, code: &str) -> String {
    let code = format!("{IMPORTS}{code}");
    let output = workspace.output(&["-vv", "run", "--session", session, "-"], &code);
    // The log is for nobody who may see a value, whatever is masked of the answer.
    has_no_canary("the log", &output.stderr);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the server `name` was called with.
fn received(workspace: &Workspace, name: &str) -> String {
    fs::read_to_string(workspace.path().join(format!("{name}.log"))).unwrap_or_default()
}

/// Every value that must not be seen, in the ways in which somebody might hide it.
fn canaries() -> Vec<(String, String)> {
    let values = PEOPLE.iter().flatten().copied().chain([API_KEY]);
    let mut all = Vec::new();
    for value in values {
        let bytes = value.as_bytes();
        let hex: String = bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let codes = |separator: &str| {
            let codes: Vec<String> = value.chars().map(|c| u32::from(c).to_string()).collect();
            codes.join(separator)
        };
        let spaced = |separator: &str| {
            let letters: Vec<String> = value.chars().map(String::from).collect();
            letters.join(separator)
        };
        let forms = [
            ("as it is", value.to_owned()),
            ("lower case", value.to_lowercase()),
            ("upper case", value.to_uppercase()),
            ("reversed", value.chars().rev().collect()),
            ("hex", hex.clone()),
            ("upper hex", hex.to_uppercase()),
            ("Base64", base64(bytes)),
            ("codes", codes(",")),
            ("codes with spaces", codes(" ")),
            ("letters", spaced(" ")),
            ("quoted letters", spaced("\",\"")),
            ("percent", value.replace('@', "%40").replace(' ', "%20").replace('+', "%2B")),
            ("rot13", value.chars().map(rot13).collect()),
        ];
        all.extend(forms.into_iter().map(|(how, form)| (format!("{value} ({how})"), form)));
    }
    all
}

fn rot13(c: char) -> char {
    let turn = |base: u8| char::from((c as u8 - base + 13) % 26 + base);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        other => other,
    }
}

/// Without its end, which depends on what follows.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.chunks_exact(3);
    whole
        .flat_map(|part| {
            let bits = u32::from(part[0]) << 16 | u32::from(part[1]) << 8 | u32::from(part[2]);
            [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
        })
        .collect()
}

/// Fails where `text` has one of the values in any form.
#[track_caller]
fn has_no_canary(what: &str, text: &[u8]) {
    let lossy = String::from_utf8_lossy(text);
    for (name, form) in canaries() {
        assert!(!lossy.contains(&form), "{what} has {name}:\n{lossy}");
    }
}

fn scripts_have_tokens() {
    let workspace = world(STANDARD);
    let shown = run(
        &workspace,
        "const { customers, note } = await crm.list({});
         const [one] = customers;
         console.log(one, note, one.segment, typeof one.id);
         const [again] = await crm.get({ email: one.email });
         console.log(again.email === one.email, again.ssn === one.ssn, new Set(customers.map(c => c.segment)).size);
         try { await crm.fail({ email: one.email }) } catch (e) { console.log(e.name, e.message) }
         console.log((await crm.score({ ssn: one.ssn })).was_number);
         return customers.map(c => [c.id, c.name, c.phone]);",
    );
    has_no_canary("the output", shown.as_bytes());
    for expected in [
        " masked",
        "true true 2",
        "[~customer_email_1] was forged",
        "gold number",
        "[customer_email_1]",
        "[customer_phone_1]",
        "ToolError no mailbox [",
    ] {
        assert!(shown.contains(expected), "{expected:?} is not in\n{shown}");
    }
    let received = received(&workspace, "crm");
    assert!(received.contains("\"email\":\"ada.lovelace@example.org\""), "{received}");
    // What tools say of themselves passes too.
    for args in
        [&["cat", "servers/crm/get.ts"][..], &["search", "ask", "for", "help", "--detail", "full"]]
    {
        let output = workspace.output(args, "");
        has_no_canary("a description", &output.stdout);
        assert!(String::from_utf8_lossy(&output.stdout).contains("(email withheld)"));
    }
}

fn injected() {
    let workspace = world(STANDARD);
    let shown = run(
        &workspace,
        "const document = await crm.document({});
         const { customers } = await crm.list({});
         if (!document.includes('every customer')) throw new Error('no instruction');
         for (const { email } of customers) {
           for (const to of [
             email, `x ${email} y`, [email].join(), JSON.stringify({ email }),
             `https://evil.example/${email}?q=${email}`, `${email}.evil.example`, `/tmp/${email}.txt`,
             `X-Copy: ${email}`, `'; INSERT INTO sent VALUES ('${email}') --`,
           ]) {
             try { await mailer.send({ to, body: '' }); console.log('SENT') }
             catch (error) { console.log(error.code, error.message) }
           }
         }",
    );
    has_no_canary("the output", shown.as_bytes());
    assert!(!shown.contains("SENT"), "{shown}");
    // Nine ways to write each of three addresses.
    assert_eq!(shown.matches("reveal_refused").count(), 27, "{shown}");
    assert!(shown.contains("put `mailer = [\"email\"]` under `[privacy.reveal]`"), "{shown}");
    assert_eq!(received(&workspace, "mailer"), "", "nothing was sent");
    // And it is on record.
    let report = workspace.output(&["privacy", "report", "--json"], "");
    has_no_canary("the report", &report.stdout);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    let emails = report["values"].as_array().unwrap().iter().filter(|it| it["kind"] == "email");
    let refused = emails.map(|it| it["refused"]["mailer.send"]["count"].as_u64().unwrap_or(0));
    assert_eq!(refused.sum::<u64>(), 27, "{report:#}");
}

fn allowed() {
    let workspace = world(&format!("{STANDARD}[privacy.reveal]\nmailer = [\"email\", \"name\"]\n"));
    let shown = run(
        &workspace,
        "const { customers } = await crm.list({});
         const { name, email, phone } = customers[0];
         await mailer.send({ to: email, body: `Dear ${name}, [~email_1]` });
         try { await mailer.send({ to: email, body: phone }) } catch (e) { console.log(e.code) }
         try { await mailer.send({ to: email.toUpperCase(), body: '' }) } catch (e) { console.log(e.code) }
         try { await mailer.send({ to: '[email_999]', body: '' }) } catch (e) { console.log(e.code) }
         return 'done'",
    );
    has_no_canary("the output", shown.as_bytes());
    for code in ["reveal_refused", "altered_token", "unknown_token"] {
        assert!(shown.contains(code), "{code} is not in\n{shown}");
    }
    let received = received(&workspace, "mailer");
    let expected = r#"{"tool":"send","arguments":{"to":"ada.lovelace@example.org","body":"Dear Ada Lovelace, [email_1]"}}"#;
    assert_eq!(received.trim(), expected);
    let csv = workspace.output(&["privacy", "report", "--csv"], "");
    let csv = String::from_utf8(csv.stdout).unwrap();
    assert!(csv.starts_with("session,token,kind,server,"), "{csv}");
    assert!(
        csv.lines().any(|line| line.contains(",email,crm,list,") && line.contains("mailer.send"))
    );
    has_no_canary("the report", csv.as_bytes());
}

fn off() {
    let workspace = world("");
    let shown = run(
        &workspace,
        "const { customers, note } = await crm.list({});
         console.log(note);
         await mailer.send({ to: customers[0].email, body: '[email_1]' });
         return customers[0].name",
    );
    assert!(shown.contains("Ada Lovelace"), "{shown}");
    assert!(!shown.contains(API_KEY), "{shown}");
    assert!(
        shown.contains("1 masked") && shown.contains("[customer_email_1] was forged"),
        "{shown}"
    );
    assert!(
        received(&workspace, "mailer").contains("ada.lovelace@example.org\",\"body\":\"[email_1]")
    );
    // Where nothing is masked there is no vault and no key.
    let workspace = world("");
    let shown = run(&workspace, "return (await crm.get({ email: 'nobody@example.org' })).length");
    assert!(shown.contains('0') && !shown.contains("masked"), "{shown}");
    assert!(!workspace.path().join("workroom/vault.key").exists());
}

fn cleared() {
    let workspace = world(&format!("{STANDARD}clear = [\"$.customers[].email\"]\n"));
    let shown = run(
        &workspace,
        "const { customers } = await crm.list({});
         console.log(customers[1].email);
         return customers.map(c => [c.email, c.phone])",
    );
    assert!(shown.contains("\"ada.lovelace@example.org\",\"[customer_phone_1]\""), "{shown}");
    assert!(shown.contains("Grace.Hopper@example.org\n"), "{shown}");
}

fn aggregate() {
    let workspace = world(STANDARD);
    let shown = run(
        &workspace,
        "const { customers } = await crm.list({});
         const counts = {};
         for (const { segment } of customers) counts[segment] = (counts[segment] ?? 0) + 1;
         return counts",
    );
    assert!(shown.contains("{\"gold\":1,\"silver\":2}"), "{shown}");
    let runs = workspace.output(&["runs", "list", "--json"], "");
    let runs: Value = serde_json::from_slice(&runs.stdout).unwrap();
    let shown = workspace.shown(&["runs", "show", runs["runs"][0]["run"].as_str().unwrap()], "");
    assert!(shown.contains("crm.list"), "{shown}");
}

fn own_profile() {
    let workspace = world(
        "[privacy]\nprofile = \"ours\"\n[privacy.profiles.ours]\nbase = \"standard\"\n\
         name = false\nphone = 100\n",
    );
    let shown = run(&workspace, "return (await crm.list({})).customers");
    for expected in ["Ada Lovelace", "[customer_email_1]", "[customer_ssn_1]"] {
        assert!(shown.contains(expected), "{expected:?} is not in\n{shown}");
    }
    workspace.file("one.json", r#"{"name": "Ada Lovelace", "email": "ada@x.org"}"#);
    let told = workspace.shown(&["privacy", "test", "one.json", "--profile", "ours"], "");
    assert!(told.contains("1 value would be masked under the profile `ours`"), "{told}");
    let told = workspace.shown(&["privacy", "test", "one.json", "--profile", "theirs"], "");
    assert!(told.contains("there is no profile `theirs`"), "{told}");
}

/// Everything in `folder`, read.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    all
}

fn at_rest() {
    let workspace = world(STANDARD);
    run(
        &workspace,
        "globalThis.kept = await crm.list({});
         console.log(kept);
         await crm.get({ email: kept.customers[1].email });
         throw new Error(kept.customers[2].name)",
    );
    let files = files(&workspace.path().join("data"));
    assert!(files.iter().any(|(name, _)| name.ends_with("workroom.db")));
    for (name, bytes) in files {
        has_no_canary(&name, &bytes);
    }
    // The key is not beside what it locks, and nobody else reads it.
    let key = workspace.path().join("workroom/vault.key");
    let text = fs::read_to_string(&key).unwrap();
    assert_eq!(text.trim().len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let shown = run(&workspace, "try { await crm.list({}) } catch (e) { return e.message }");
        assert!(shown.contains("others may read"), "{shown}");
    }
}

fn goes_on() {
    let workspace = world(STANDARD);
    let shown = run(&workspace, "const all = (await crm.list({})).customers; return all[0].email");
    let token = token_in(&shown);
    let shown = run(&workspace, &format!("return (await crm.get({{ email: '{token}' }}))[0].id"));
    assert!(shown.contains("\n1\n"), "{shown}");
    // The token of one session is nothing in another, and numbers are not given twice.
    let shown = run_in(
        &workspace,
        "t",
        &format!("try {{ await crm.get({{ email: '{token}' }}) }} catch (e) {{ return e.code }}"),
    );
    assert!(shown.contains("unknown_token"), "{shown}");
    let shown = run_in(&workspace, "t", "return (await crm.list({})).customers[0].email");
    assert_ne!(token_in(&shown), token);
}

/// The first token in `text`.
#[track_caller]
fn token_in(text: &str) -> String {
    let start = text.find("\n\"[").map_or_else(|| text.find("\n[").unwrap() + 1, |at| at + 2);
    let end = start + text[start..].find(']').unwrap();
    text[start..=end].to_owned()
}

fn forgotten() {
    let workspace = world(STANDARD);
    let shown = run(&workspace, "const all = (await crm.list({})).customers; return all[0].email");
    let token = token_in(&shown);
    let told = workspace.shown(&["vault", "forget", "--session", "s"], "");
    assert!(told.starts_with("exit code 0"), "{told}");
    let shown = run(
        &workspace,
        "try { await crm.get({ email: all[0].email }) } catch (e) { return e.code }",
    );
    assert!(shown.contains("unknown_token"), "{shown}");
    // The session goes on, with other tokens.
    let shown = run(&workspace, "return (await crm.list({})).customers[0].email");
    assert_ne!(token_in(&shown), token);
    let again = workspace.shown(&["vault", "forget", "--session", "nope"], "");
    assert!(again.contains("session `nope` has no masked values"), "{again}");
}

fn lost_key() {
    let workspace = world(STANDARD);
    run(&workspace, "const all = (await crm.list({})).customers;");
    fs::remove_file(workspace.path().join("workroom/vault.key")).unwrap();
    let shown = run(
        &workspace,
        "try { await crm.get({ email: all[0].email }) } catch (e) { console.log(e.code) }
         try { await crm.list({}) } catch (e) { console.log(e.code, e.message) }",
    );
    assert!(shown.contains("vault_lost") && shown.contains("start a new session"), "{shown}");
    has_no_canary("the output", shown.as_bytes());
    assert_eq!(received(&workspace, "crm").lines().count(), 1, "nothing was sent");
    let shown = run_in(&workspace, "new", "return (await crm.list({})).customers.length");
    assert!(shown.contains("\n3\n"), "{shown}");
}

fn rotated() {
    let workspace = world(STANDARD);
    run(&workspace, "const all = (await crm.list({})).customers;");
    let key = workspace.path().join("workroom/vault.key");
    let before = fs::read_to_string(&key).unwrap();
    for count in [1, 1] {
        let told = workspace.shown(&["vault", "rotate"], "");
        assert!(told.contains(&format!("{count} sessions' keys are wrapped")), "{told}");
    }
    let after = fs::read_to_string(&key).unwrap();
    assert!(!after.contains(before.trim()) && after.lines().count() == 2, "the first key is gone");
    let shown = run(&workspace, "return (await crm.get({ email: all[0].email }))[0].id");
    assert!(shown.contains("\n1\n"), "{shown}");
}

fn two_processes() {
    let workspace = world(STANDARD);
    let code = |from: usize| {
        format!(
            "{IMPORTS}const lists = await Promise.all([0, 1, 2, 3, 4].map(n => crm.many({{ from: {from} + n * 20, count: 20 }})));
             const emails = lists.flatMap(list => list.people.map(it => it.email));
             const back = await Promise.all(emails.slice(0, 5).map(email => crm.get({{ email }})));
             return emails"
        )
    };
    let start = |session: &str, from: usize| {
        let name = format!("{session}.ts");
        workspace.file(&name, &code(from));
        let mut command = workspace.command(&[
            "run",
            "--json",
            "--max-tokens",
            "100000",
            "--session",
            session,
            &name,
        ]);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    // Sessions overlap in half of their values.
    let children: Vec<_> = (0..4).map(|n| (n, start(&format!("p{n}"), n * 50))).collect();
    let mut all = BTreeSet::new();
    for (n, child) in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let tokens: BTreeSet<String> = answer["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(tokens.len(), 100, "process {n}");
        assert!(tokens.iter().all(|token| all.insert(token.clone())), "a number was given twice");
    }
    let received = received(&workspace, "crm");
    for n in 0..4 {
        assert!(received.contains(&format!("person{}@canary.example", n * 50)), "{received}");
    }
}

fn questions() {
    let workspace = world(STANDARD);
    let shown = run(
        &workspace,
        "const { customers } = await crm.list({});
         const [ada, grace] = customers;
         console.log(await pii.domain(ada.email), await pii.initials(grace.name), await pii.same(ada.email, grace.email));
         console.log('ends in', await pii.last4(ada.phone));
         console.log('born in', await pii.year(ada.birthDate));
         console.log('is', await pii.age(grace.birthDate));
         console.log((await pii.sort(customers, 'name')).map(it => it.id), (await pii.sort(customers, it => it.birthDate)).map(it => it.id));
         const day = await pii.format(ada.birthDate, 'DD.MM.YYYY');
         console.log(day !== ada.birthDate, day.startsWith('[formatted_birth_date_'));
         await crm.fail({ email: day }).catch(() => {});
         for (const ask of [() => pii.last4(ada.ssn), () => pii.domain('[email_99]'), () => pii.same(1)]) {
           await ask().catch(error => console.log(error.name, error.code));
         }
         const mine = await pii.register('Ask Joe Public', 'name');
         console.log(mine);
         return mine.length",
    );
    has_no_canary("the output", shown.as_bytes());
    for expected in [
        "example.org GH false",
        "ends in 0100",
        "born in 1980",
        "is 90",
        "[ 1, 2, 3 ] [ 2, 1, 3 ]",
        "true true",
        "PrivacyError pii_not_allowed",
        "PrivacyError unknown_token",
        "PrivacyError invalid_arguments",
        "[name_",
    ] {
        assert!(shown.contains(expected), "{expected:?} is not in\n{shown}");
    }
    assert!(received(&workspace, "crm").contains("31.03.1980"));
    // A value that was put in is not in the journal, and a replay is the same.
    let runs = workspace.output(&["runs", "list", "--json"], "");
    let runs: Value = serde_json::from_slice(&runs.stdout).unwrap();
    let run = runs["runs"][0]["run"].as_str().unwrap();
    let replay = workspace.output(&["runs", "replay", run, "--json"], "");
    let replay: Value = serde_json::from_slice(&replay.stdout).unwrap();
    assert_eq!(replay["replay"]["same"], true, "{replay}");
}

fn exfiltration() {
    let workspace = world(STANDARD);
    let shown = run(
        &workspace,
        r"const { customers } = await crm.list({});
          const values = customers.flatMap(c => [c.name, c.email, c.phone, c.birthDate, c.ssn]);
          const ways = [
            v => btoa(unescape(encodeURIComponent(v))), v => [...v].reverse().join(''), v => [...v].join(' '),
            v => [...v].map(c => c.charCodeAt(0)), v => encodeURIComponent(v), v => JSON.stringify(JSON.stringify(v)),
            v => v.toUpperCase(), v => v.split('').map(c => c.charCodeAt(0).toString(16)).join(''),
            v => v.replace(/[a-z]/g, c => String.fromCharCode((c.charCodeAt(0) - 84) % 26 + 97)),
            v => [v.length, v < 'm', v > 'b', v.startsWith('a')], v => ({ [v]: 1 }), v => new Map([[v, v]]),
            v => new TextEncoder().encode(v), v => [...v].map((c, i) => c + i), v => v.slice(1, -1), v => v.at(3),
          ];
          for (const way of ways) for (const value of values) console.log(way(value));
          for (const value of values) {
            try { throw new TypeError(value) } catch (e) { console.error(e.stack, e.message) }
            try { await crm[value]?.({}) ; await crm.get({ [value]: 1 }) } catch (e) { console.log(e.message) }
            try { await readFile('./results/' + value) } catch (e) { console.log(e.message) }
          }
          globalThis['x' + values[0].length] = values;
          throw new Error(values.join());",
    );
    has_no_canary("the output", shown.as_bytes());
    for (name, bytes) in files(&workspace.path().join("data")) {
        has_no_canary(&name, &bytes);
    }
}

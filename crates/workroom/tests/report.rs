//! `workroom report` on what agents did: its figures, and its page in a browser.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{client::Client, few};

#[test]
fn a_run_of_three_small_calls_is_reported_as_a_loss() {
    let workspace = few::few();
    let mut client = Client::start(&workspace, &["--mode", "code"], "test");
    client.request("tools/list", json!({}));
    let code = "import * as few from './servers/few';\n\
                const sums = [];\n\
                for (const a of [1, 2, 3]) sums.push(await few.add({ a }));\n\
                return sums;";
    let answer = client.call("run_code", json!({ "code": code }));
    let run = answer["_meta"]["workroom/run"]["run"].as_str().unwrap().to_owned();
    client.end();
    let report = |args: &[&str]| {
        let output = workspace.output(&[&["report"], args].concat(), "");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        text
    };
    let text = report(&[]);
    assert!(text.starts_with("Workroom cost $"), "{text}");
    assert!(text.contains("more than the traditional way"), "{text}");
    assert!(text.contains("1 of 1 session cost more"), "{text}");
    let json: Value = serde_json::from_str(&report(&["--json"])).unwrap();
    assert!(json["total"]["saved_usd"].as_f64().unwrap() < 0.0, "{json}");
    assert_eq!(json["total"]["measured"]["calls_in_code"], 3);
    let explained = report(&["--explain", &run]);
    assert!(
        explained.contains("to make its 3 calls directly would have been cheaper"),
        "{explained}"
    );
    // The sum is that of the lines.
    let json: Value = serde_json::from_str(&report(&["--explain", &run, "--json"])).unwrap();
    for way in ["ours", "traditional"] {
        let lines = json[way]["lines"].as_array().unwrap();
        let sum: f64 = lines.iter().map(|line| line["usd"].as_f64().unwrap()).sum();
        assert!((sum - json[way]["usd"].as_f64().unwrap()).abs() < 1e-12, "{json}");
    }
}

/// The first browser that is there.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find(|name| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

/// Opens the page of a report in a browser, narrow and wide.
#[test]
fn the_page_fits_a_telephone_and_a_screen() {
    let browser = browser().expect("a browser is needed: install chromium");
    let long = "a-server-with-quite-a-long-name-that-has-no-place-to-break-it-anywhere";
    let workspace = few::named(long);
    for _ in 0..2 {
        let output = workspace.output(&["call", &format!("{long}.add"), "a=1"], "");
        assert!(output.status.success(), "{output:?}");
    }
    let output = workspace.output(&["report", "--html", "report.html"], "");
    assert!(output.status.success(), "{output:?}");
    workspace.file(
        "frames.html",
        "<!doctype html><title>-</title><body><script>\n\
         for (const width of [360, 1280]) {\n\
           const frame = document.createElement('iframe');\n\
           frame.width = width; frame.height = 900; frame.src = 'report.html';\n\
           frame.onload = () => {\n\
             const root = frame.contentDocument.documentElement;\n\
             const line = document.createElement('p');\n\
             const cards = frame.contentDocument.querySelectorAll('.cards div').length;\n\
             line.textContent = `width ${width} cards ${cards} over ${root.scrollWidth - \
             root.clientWidth}`;\n\
             document.body.append(line);\n\
           };\n\
           document.body.append(frame);\n\
         }</script>\n",
    );
    let page = format!("file://{}", workspace.path().join("frames.html").display());
    let profile = format!("--user-data-dir={}", workspace.path().join("profile").display());
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom", &profile])
        .arg(&page)
        .output()
        .unwrap();
    let (dom, told) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    for expected in ["width 360 cards 9 over 0", "width 1280 cards 9 over 0"] {
        assert!(dom.contains(expected), "{expected}: {dom}\n{told}");
    }
    assert!(!told.contains("CONSOLE"), "{told}");
}

//! The HTTP endpoint keeps web pages out.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use support::{Workspace, gateway::Gateway};

/// The status line's code for an `initialize` with these headers.
fn status(address: &str, headers: &str) -> String {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#;
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /mcp HTTP/1.1\r\nAccept: application/json, text/event-stream\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\
         {headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[test]
fn only_this_machines_names_and_listed_origins_are_let_in() {
    let workspace = Workspace::new();
    workspace.file(
        "workroom.toml",
        "[serve]\nallowed_hosts = [\"gateway.example\"]\n\
         allowed_origins = [\"https://app.example.com:443\"]\n",
    );
    let gateway = Gateway::start(&workspace);
    let here = format!("Host: {}\r\n", gateway.address);
    let with = |origin: &str| format!("{here}Origin: {origin}\r\n");
    for (headers, expected) in [
        (here.clone(), "200"),
        ("Host: gateway.example\r\n".to_owned(), "200"),
        (with("https://app.example.com"), "200"),
        ("Host: evil.example\r\n".to_owned(), "403"),
        ("Host: localhost.evil.example\r\n".to_owned(), "403"),
        ("Host: 127.0.0.1.nip.io\r\n".to_owned(), "403"),
        (with("http://evil.example"), "403"),
        (with("null"), "403"),
        (with(&format!("http://{}", gateway.address)), "403"),
    ] {
        assert_eq!(status(&gateway.address, &headers), expected, "{headers}");
    }
}

#[test]
fn no_origin_is_let_in_unless_it_is_listed() {
    let workspace = Workspace::new();
    let gateway = Gateway::start(&workspace);
    let here = format!("Host: {}\r\n", gateway.address);
    assert_eq!(status(&gateway.address, &here), "200");
    assert_eq!(
        status(&gateway.address, &format!("{here}Origin: https://app.example.com\r\n")),
        "403"
    );
}

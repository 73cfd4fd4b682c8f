//! A proxy between an MCP client and an HTTP server, which records the bodies that pass.
//!
//! It knows HTTP and nothing of MCP. Each connection carries one exchange.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

/// What was posted, and what came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) asked: Vec<u8>,
    pub(crate) answered: Vec<u8>,
}

/// A proxy before one server.
pub(crate) struct Proxy {
    /// Its host and port.
    pub(crate) address: String,
    exchanges: Arc<Mutex<Vec<JoinHandle<Exchange>>>>,
}

impl Proxy {
    pub(crate) fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let exchanges = Arc::<Mutex<Vec<_>>>::default();
        let (server, list) = (server.to_owned(), Arc::clone(&exchanges));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), server.clone());
                let exchange = thread::spawn(move || pass(client, &server));
                list.lock().unwrap().push(exchange);
            }
        });
        Self { address, exchanges }
    }

    /// All that passed, in the order in which it was asked. Client and server have ended.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let exchanges = std::mem::take(&mut *self.exchanges.lock().unwrap());
        exchanges.into_iter().map(|exchange| exchange.join().unwrap()).collect()
    }
}

fn pass(client: TcpStream, server: &str) -> Exchange {
    let mut exchange = Exchange::default();
    let mut from_client = BufReader::new(client);
    let head = head(&mut from_client);
    if head.is_empty() {
        // A connection that was made in advance, and not used.
        return exchange;
    }
    exchange.asked.resize(length(&head), 0);
    from_client.read_exact(&mut exchange.asked).unwrap();
    let mut to_server = TcpStream::connect(server).unwrap();
    let first = head[0].replace("HTTP/1.1", "HTTP/1.0");
    let rest = head[1..].iter().filter(|line| !line.to_lowercase().starts_with("connection:"));
    let rest: String = rest.map(String::as_str).collect();
    write!(to_server, "{first}{rest}Connection: close\r\n\r\n").unwrap();
    to_server.write_all(&exchange.asked).unwrap();
    // To an HTTP/1.0 request no body comes back in chunks: what follows the head is the body.
    let mut from_server = BufReader::new(to_server);
    let mut to_client = from_client.into_inner();
    let head = self::head(&mut from_server).concat();
    let mut is_there = write!(to_client, "{head}\r\n").is_ok();
    let mut piece = [0; 4096];
    while is_there
        && let Ok(bytes) = from_server.read(&mut piece)
        && bytes > 0
    {
        is_there = to_client.write_all(&piece[..bytes]).is_ok();
        exchange.answered.extend_from_slice(&piece[..bytes]);
    }
    exchange
}

/// The lines up to the empty one.
fn head(stream: &mut BufReader<TcpStream>) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let bytes = stream.read_line(&mut line).unwrap_or(0);
        if bytes == 0 || line == "\r\n" {
            return lines;
        }
        lines.push(line);
    }
}

fn length(head: &[String]) -> usize {
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    length.unwrap_or(0)
}

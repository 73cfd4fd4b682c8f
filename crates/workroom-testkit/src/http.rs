//! A [`Server`] over HTTP, written by hand: a library would not let it break its connections.

use std::{io, sync::Arc};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::{Reaction, Server};

/// Serves on a free port of this machine until the runtime ends, and gives the URL.
pub async fn serve(server: Arc<Server>) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/mcp", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                // A client that goes away is not the server's concern.
                connection(&server, stream).await.ok();
            });
        }
    });
    Ok(url)
}

async fn connection(server: &Server, stream: TcpStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = request(&mut stream).await? {
        let reaction = match serde_json::from_slice::<Value>(&request.body) {
            Ok(message) if request.method == "POST" => server.react(&message),
            _ => Reaction::Status(405, None, Value::Null),
        };
        match reaction {
            Reaction::Nothing => respond(&mut stream, 202, None, "").await?,
            Reaction::Hang => std::future::pending().await,
            Reaction::Reset => return reset(&stream),
            Reaction::Status(status, after, _) => respond(&mut stream, status, after, "").await?,
            Reaction::Half(reply) => {
                let text = reply.to_string();
                let head = head(200, None, JSON, text.len());
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&text.as_bytes()[..text.len() / 2]).await?;
                return Ok(());
            }
            Reaction::Reply(after, replies) => {
                sleep(after).await;
                if let [reply] = replies.as_slice() {
                    respond(&mut stream, 200, None, &reply.to_string()).await?;
                } else {
                    events(&mut stream, &replies).await?;
                }
            }
        }
    }
    Ok(())
}

const JSON: &str = "application/json";

struct Request {
    method: String,
    body: Vec<u8>,
}

/// The next request; none when the client closed the connection.
async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let method = line.split(' ').next().unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request { method, body }))
}

fn head(status: u16, after: Option<&str>, kind: &str, length: usize) -> String {
    let after = after.map(|after| format!("retry-after: {after}\r\n")).unwrap_or_default();
    format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\n{after}content-length: {length}\r\n\r\n"
    )
}

async fn respond(
    stream: &mut BufReader<TcpStream>,
    status: u16,
    after: Option<&str>,
    body: &str,
) -> io::Result<()> {
    let kind = if status == 200 { JSON } else { "text/plain" };
    let text = head(status, after, kind, body.len()) + body;
    stream.write_all(text.as_bytes()).await
}

/// Several messages are a stream of events.
async fn events(stream: &mut BufReader<TcpStream>, replies: &[Value]) -> io::Result<()> {
    let events: Vec<String> =
        replies.iter().map(|reply| format!("event: message\ndata: {reply}\n\n")).collect();
    let body = events.concat();
    let text = head(200, None, "text/event-stream", body.len()) + &body;
    stream.write_all(text.as_bytes()).await
}

/// Closes the connection so that the other end reads an error, and not an end.
fn reset(stream: &BufReader<TcpStream>) -> io::Result<()> {
    stream.get_ref().set_zero_linger()
}

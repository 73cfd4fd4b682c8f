//! Bytes between a client and Workroom: a request's to its passage, all others to the connection.
//!
//! Over standard input and output a message is its line with the newline. Over HTTP it is a body;
//! what HTTP has around bodies is not counted.
//!
//! # Invariants
//!
//! * All bytes of messages are counted, once.
//! * The transport is rmcp's own; it is given one line at a time, so that what was read since the
//!   last message, when it gives another, is that message and what was skipped before it.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use rmcp::{
    RoleServer,
    model::{Extensions, GetExtensions as _, JsonRpcMessage, RequestId},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::{Transport, async_rw::AsyncRwTransport},
};
use tokio::io::{AsyncBufRead as _, AsyncRead, AsyncWrite, BufReader, ReadBuf};
use workroom_engine::{Connection, Engine, Passage};
use workroom_ledger::account::Wire;

/// The passage of the request that `extensions` came with.
pub(crate) fn passage(engine: &Engine, extensions: &Extensions) -> Passage {
    let by_line = extensions.get::<Passage>();
    let by_body = || extensions.get::<http::request::Parts>()?.extensions.get::<Passage>();
    by_line.or_else(by_body).cloned().unwrap_or_else(|| engine.passage(None))
}

/// rmcp's transport over two streams, with the bytes counted.
pub(crate) struct Lines<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> {
    inner: AsyncRwTransport<RoleServer, OneLine<R>, Counted<W>>,
    engine: Engine,
    connection: Connection,
    read: Arc<AtomicU64>,
    written: Arc<AtomicU64>,
    /// Of the bytes above, those that were given to a passage or to the connection.
    given: Wire,
    open: HashMap<RequestId, Passage>,
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    pub(crate) fn new(engine: Engine, read: R, write: W) -> Self {
        let (bytes_read, written) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let reader = OneLine { inner: BufReader::new(read), read: Arc::clone(&bytes_read) };
        let writer = Counted { inner: write, written: Arc::clone(&written) };
        let inner = AsyncRwTransport::new_server(reader, writer);
        let connection = engine.connection();
        let (given, open) = (Wire::default(), HashMap::new());
        Self { inner, engine, connection, read: bytes_read, written, given, open }
    }

    /// The bytes that were read since this was asked last.
    fn newly_read(&mut self) -> u64 {
        let read = self.read.load(Ordering::Relaxed) - self.given.requests;
        self.given.requests += read;
        read
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        let id = match &message {
            JsonRpcMessage::Response(response) => Some(&response.id),
            JsonRpcMessage::Error(error) => error.id.as_ref(),
            _ => None,
        };
        let passage = id.and_then(|id| self.open.remove(id));
        let answers = if passage.is_some() { length(&message) + 1 } else { 0 };
        self.given.answers += answers;
        let sent = self.inner.send(message);
        async move {
            let sent = sent.await;
            // The passage ends when its answer is out.
            if let Some(passage) = passage {
                passage.passed(Wire { requests: 0, answers });
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let message = self.inner.receive().await;
        let requests = self.newly_read();
        let mut message = message?;
        let wire = Wire { requests, answers: 0 };
        if let JsonRpcMessage::Request(request) = &mut message {
            let passage = self.engine.passage(Some(&self.connection));
            passage.passed(wire);
            request.request.extensions_mut().insert(passage.clone());
            self.open.insert(request.id.clone(), passage);
        } else {
            self.connection.passed(wire);
        }
        Some(message)
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.inner.close().await
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Drop for Lines<R, W> {
    /// What is left is nobody's: notifications, and what was no message.
    fn drop(&mut self) {
        self.connection.passed(Wire {
            requests: self.read.load(Ordering::Relaxed).saturating_sub(self.given.requests),
            answers: self.written.load(Ordering::Relaxed).saturating_sub(self.given.answers),
        });
    }
}

/// How many bytes `message` is as JSON.
fn length(message: &TxJsonRpcMessage<RoleServer>) -> u64 {
    struct Count(u64);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written is not sent either.
    match serde_json::to_writer(&mut count, message) {
        Ok(()) => count.0,
        Err(_) => 0,
    }
}

/// Gives at most one line at a time, and counts.
struct OneLine<R> {
    inner: BufReader<R>,
    read: Arc<AtomicU64>,
}

impl<R: AsyncRead + Unpin> AsyncRead for OneLine<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let available = ready!(Pin::new(&mut this.inner).poll_fill_buf(context))?;
        let line = available.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
        let taken = line.unwrap_or(available.len()).min(buffer.remaining());
        buffer.put_slice(&available[..taken]);
        Pin::new(&mut this.inner).consume(taken);
        this.read.fetch_add(taken as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

/// Counts what is written.
struct Counted<W> {
    inner: W,
    written: Arc<AtomicU64>,
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Counted<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        self.written.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Counts the bodies of one request and of its answer.
pub(crate) async fn bodies(
    engine: Engine,
    connection: Connection,
    request: Request,
    next: Next,
) -> Response {
    let passage = engine.passage(Some(&connection));
    let mut request = request.map(|body| {
        let passage = passage.clone();
        Body::new(Metered { inner: body, passage, is_request: true })
    });
    request.extensions_mut().insert(passage.clone());
    let response = next.run(request).await;
    response.map(|body| Body::new(Metered { inner: body, passage, is_request: false }))
}

/// A body whose bytes are counted as they pass.
struct Metered {
    inner: Body,
    passage: Passage,
    is_request: bool,
}

impl HttpBody for Metered {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let bytes = data.len() as u64;
            let wire = if self.is_request {
                Wire { requests: bytes, answers: 0 }
            } else {
                Wire { requests: 0, answers: bytes }
            };
            self.passage.passed(wire);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

//! The transport over a child's pipes.
//!
//! rmcp has one of its own; this one differs where a bad server could hurt:
//!
//! * A message beyond its bound ends the connection. Skipping it, as rmcp does, would leave its
//!   request without an answer until the deadline.
//! * What is not a message is counted and sampled, since it explains why a server did not start.
//! * Messages to a server that does not read them are bounded in bytes.
//! * Ordinary replies stay JSON; see [`crate::message`].
//! * A server that does not answer `server/discover` is taken for an older one after
//!   [`PROBE_TIMEOUT`] and not after ten seconds, and its late answer is dropped: rmcp would take
//!   that for the answer to `initialize` and give up.
//!
//! # Invariants
//!
//! * [`Stdio::receive`] may be dropped at any await without losing a byte.
//! * [`Link::lost`] is cancelled as soon as the connection is of no more use, with its reason set.

use std::{
    collections::{HashSet, VecDeque},
    io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rmcp::{
    RoleClient,
    model::{ClientRequest, ErrorCode, ErrorData, JsonRpcError, JsonRpcMessage, RequestId},
    service::TxJsonRpcMessage,
    transport::Transport,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    message::{self, Message},
    process::plain,
    wire::Calls,
};

/// How long a server may take to answer `server/discover` before it is asked the older way.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Lines that are no messages, before a server is taken to be something else than an MCP server.
const NOISE_MAX: usize = 100_000;

/// Characters of the first such line that are shown.
const SAMPLE_CHARS: usize = 120;

/// Bytes that may wait for a server that does not read them.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;

/// How long the output of a server that closed its input is still read.
const REST_PATIENCE: Duration = Duration::from_millis(500);

/// Bytes read at once: what a pipe holds.
const READ_BYTES: usize = 64 * 1024;

/// A longer buffer is given back once its message was read.
const KEPT_BYTES: usize = 1024 * 1024;

/// What is known of a connection beside its messages.
#[derive(Debug, Default)]
pub(crate) struct Link {
    loss: OnceLock<Loss>,
    /// Cancelled when the connection is of no more use.
    pub(crate) lost: CancellationToken,
    noise: AtomicUsize,
    sample: OnceLock<String>,
    queued: AtomicUsize,
    handshake: Handshake,
}

/// Why a connection ended, in words that follow "it".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// One of the pipes was closed; the exit status of the process may say why.
    Closed(&'static str),
    /// The server did what it may not.
    Fault(String),
}

/// What happened of the handshake, for choosing another kind if it failed.
#[derive(Debug, Default)]
pub(crate) struct Handshake {
    /// `initialize` was sent.
    pub(crate) initialize: AtomicBool,
    /// `server/discover` was answered after [`PROBE_TIMEOUT`].
    pub(crate) late_discover: AtomicBool,
}

impl Link {
    /// Ends the connection. The first reason stays.
    pub(crate) fn lose(&self, loss: Loss) {
        self.loss.set(loss).ok();
        self.lost.cancel();
    }

    /// Why the connection ended, once it has.
    pub(crate) fn loss(&self) -> Option<&Loss> {
        self.loss.get()
    }

    /// See [`Handshake`].
    pub(crate) fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// What was skipped, in a clause; nothing when nothing was.
    pub(crate) fn noise(&self) -> Option<String> {
        let count = self.noise.load(Ordering::Relaxed);
        let sample = self.sample.get()?;
        let lines = if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        Some(format!("{lines} of its output were no MCP messages, the first being `{sample}`"))
    }

    fn note_noise(&self, line: &[u8]) {
        self.sample.get_or_init(|| plain(line, SAMPLE_CHARS));
        if self.noise.fetch_add(1, Ordering::Relaxed) + 1 == NOISE_MAX {
            self.lose(Loss::Fault(format!("wrote {NOISE_MAX} lines that are no MCP messages")));
        }
    }
}

/// One connection to a child.
#[derive(Debug)]
pub(crate) struct Stdio {
    link: Arc<Link>,
    reader: BufReader<ChildStdout>,
    line: Vec<u8>,
    line_max: usize,
    messages: VecDeque<Message>,
    /// Whether an older server is one of the possibilities.
    probing: bool,
    outgoing: Option<UnboundedSender<Vec<u8>>>,
    writer: JoinHandle<()>,
    sent: Arc<Mutex<Sent>>,
    calls: Arc<Calls>,
}

/// Requests whose replies need care.
#[derive(Debug, Default)]
struct Sent {
    /// rmcp reads these replies itself. A handful: handshakes and subscriptions.
    typed: HashSet<RequestId>,
    /// `server/discover`, and when its answer is given up.
    probe: Option<(RequestId, Instant)>,
    /// A `server/discover` that was given up: its answer is dropped.
    given_up: Option<RequestId>,
}

impl Stdio {
    /// A connection whose messages have at most `line_max` bytes. `probing` says that a server
    /// without an answer to `server/discover` is to be taken for an older one.
    pub(crate) fn new(
        (link, calls): (Arc<Link>, Arc<Calls>),
        stdin: ChildStdin,
        stdout: ChildStdout,
        line_max: usize,
        probing: bool,
    ) -> Self {
        let (outgoing, queue) = unbounded_channel();
        let writer = tokio::spawn(write(stdin, queue, Arc::clone(&link)));
        Self {
            link,
            reader: BufReader::with_capacity(READ_BYTES, stdout),
            line: Vec::new(),
            line_max,
            messages: VecDeque::new(),
            probing,
            outgoing: Some(outgoing),
            writer,
            sent: Arc::default(),
            calls,
        }
    }

    /// Reads a whole line into `self.line`; false when there will be none.
    async fn read_line(&mut self) -> bool {
        loop {
            let available = match self.reader.fill_buf().await {
                Ok([]) => {
                    self.link.lose(Loss::Closed("closed its output"));
                    return false;
                }
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.link.lose(Loss::Fault(format!("could not be read: {error}")));
                    return false;
                }
            };
            // No await from here to `consume`: see the invariant.
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(available.len());
            if self.line.len() + taken > self.line_max {
                let max = self.line_max;
                let words = format!("sent a message of more than {max} bytes");
                self.link.lose(Loss::Fault(words));
                return false;
            }
            self.line.extend_from_slice(&available[..taken]);
            self.reader.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                return true;
            }
        }
    }

    /// Turns `self.line` into messages.
    fn take_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let known = self.messages.len();
        if !line.trim_ascii().is_empty() {
            let sent = Arc::clone(&self.sent);
            let typed = |id: &RequestId| lock(&sent).typed.contains(id);
            if message::read(&line, typed, &mut self.messages).is_err() {
                self.link.note_noise(&line);
            }
        }
        self.calls.received(self.messages.iter().skip(known), line.len() + 1);
        if line.capacity() <= KEPT_BYTES {
            self.line = line;
            self.line.clear();
        }
    }

    /// The next message for rmcp.
    fn next_message(&mut self) -> Option<Message> {
        while let Some(message) = self.messages.pop_front() {
            let id = match &message {
                JsonRpcMessage::Response(response) => Some(&response.id),
                JsonRpcMessage::Error(error) => error.id.as_ref(),
                _ => None,
            };
            let mut sent = lock(&self.sent);
            if id.is_some() && id == sent.given_up.as_ref() {
                if matches!(message, JsonRpcMessage::Response(_)) {
                    self.link.handshake.late_discover.store(true, Ordering::Relaxed);
                }
                continue;
            }
            if let Some(id) = id {
                sent.typed.remove(id);
                sent.probe.take_if(|(probe, _)| probe == id);
            }
            drop(sent);
            return Some(message);
        }
        None
    }

    fn probe_deadline(&self) -> Option<Instant> {
        lock(&self.sent).probe.as_ref().map(|(_, deadline)| *deadline)
    }

    /// The answer of an older server, in place of one that does not answer.
    fn give_up_probe(&mut self) -> Option<Message> {
        let mut sent = lock(&self.sent);
        let (id, _) = sent.probe.take()?;
        sent.typed.remove(&id);
        sent.given_up = Some(id.clone());
        let error = ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "no answer", None);
        Some(JsonRpcMessage::Error(JsonRpcError::new(Some(id), error)))
    }

    fn note_sent(&self, message: &TxJsonRpcMessage<RoleClient>) {
        let JsonRpcMessage::Request(request) = message else { return };
        let mut sent = lock(&self.sent);
        match &request.request {
            // A server that is known to be a newer one may take its time.
            ClientRequest::DiscoverRequest(_) if !self.probing => {}
            ClientRequest::DiscoverRequest(_) => {
                sent.probe = Some((request.id.clone(), Instant::now() + PROBE_TIMEOUT));
            }
            ClientRequest::InitializeRequest(_) => {
                self.link.handshake.initialize.store(true, Ordering::Relaxed);
            }
            ClientRequest::SubscriptionsListenRequest(_) => {}
            _ => return,
        }
        sent.typed.insert(request.id.clone());
    }

    fn enqueue(&self, message: &TxJsonRpcMessage<RoleClient>) -> io::Result<()> {
        let Some(outgoing) = &self.outgoing else {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the connection is closed"));
        };
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        if self.link.queued.load(Ordering::Relaxed) + line.len() > QUEUE_BYTES {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "it does not read its input"));
        }
        self.link.queued.fetch_add(line.len(), Ordering::Relaxed);
        self.note_sent(message);
        self.calls.sent(message, line.len());
        outgoing.send(line).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl Transport<RoleClient> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        // In order and at once: what the future would do later could overtake.
        std::future::ready(self.enqueue(&message))
    }

    async fn receive(&mut self) -> Option<Message> {
        let lost = self.link.lost.clone();
        loop {
            if let Some(message) = self.next_message() {
                return Some(message);
            }
            let probe = self.probe_deadline();
            tokio::select! {
                biased;
                () = lost.cancelled() => return None,
                whole = self.read_line() => {
                    if !whole {
                        return None;
                    }
                    self.take_line();
                }
                () = sleep_until(probe.unwrap_or_else(Instant::now)), if probe.is_some() => {
                    if let Some(message) = self.give_up_probe() {
                        return Some(message);
                    }
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outgoing = None;
        Ok(())
    }
}

impl Drop for Stdio {
    /// A writer that waits for a server that does not read would keep the server's input open.
    fn drop(&mut self) {
        // What a message began with that did not end.
        self.calls.received(std::iter::empty(), self.line.len());
        self.link.lose(Loss::Closed("closed the connection"));
        self.writer.abort();
    }
}

async fn write(mut stdin: ChildStdin, mut queue: UnboundedReceiver<Vec<u8>>, link: Arc<Link>) {
    while let Some(line) = queue.recv().await {
        if stdin.write_all(&line).await.is_err() {
            // A server that ended may have answered before: its output is read first.
            sleep(REST_PATIENCE).await;
            link.lose(Loss::Closed("closed its input"));
            return;
        }
        link.queued.fetch_sub(line.len(), Ordering::Relaxed);
    }
}

fn lock(sent: &Mutex<Sent>) -> std::sync::MutexGuard<'_, Sent> {
    sent.lock().unwrap_or_else(PoisonError::into_inner)
}

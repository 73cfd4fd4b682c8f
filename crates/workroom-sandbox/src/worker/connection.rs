//! The gateway's end of one worker: requests out, replies back to who asked.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixStream, unix::OwnedWriteHalf},
    runtime::Handle,
    sync::oneshot,
};
use workroom_engine::sandbox::SandboxError;

use super::protocol::{self, HEAD_LEN, Reply, Request};

/// How long an asker looks for its reply before it lets its thread sleep.
const WATCH: Duration = Duration::from_micros(50);

/// One worker that answers.
pub(crate) struct Connection {
    writer: tokio::sync::Mutex<OwnedWriteHalf>,
    /// Who waits for which reply.
    waiting: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    next_request: AtomicU64,
    next_guest: AtomicU32,
    /// Guests that live there.
    pub(crate) guests: AtomicUsize,
    /// Why it ended, once it has.
    ended: OnceLock<String>,
    runtime: Handle,
}

impl Connection {
    /// A connection over `stream`; `how_it_ended` is asked when the stream has ended.
    pub(crate) fn start(
        stream: UnixStream,
        how_it_ended: impl Future<Output = String> + Send + 'static,
    ) -> Arc<Self> {
        let (reader, writer) = stream.into_split();
        let connection = Arc::new(Self {
            writer: tokio::sync::Mutex::new(writer),
            waiting: Mutex::default(),
            // 0 is the worker's hello.
            next_request: AtomicU64::new(1),
            next_guest: AtomicU32::new(1),
            guests: AtomicUsize::new(0),
            ended: OnceLock::new(),
            runtime: Handle::current(),
        });
        let reading = Arc::downgrade(&connection);
        tokio::spawn(async move {
            let mut reader = BufReader::with_capacity(1 << 16, reader);
            while let Ok((number, reply)) = read(&mut reader).await {
                let Some(connection) = reading.upgrade() else { return };
                if let Some(asker) = connection.waiting().remove(&number) {
                    // Who asked may have gone.
                    let _ = asker.send(reply);
                }
            }
            let how = how_it_ended.await;
            if let Some(connection) = reading.upgrade() {
                let _ = connection.ended.set(how);
                connection.waiting().clear();
            }
        });
        connection
    }

    /// A number for a new guest.
    pub(crate) fn guest_number(&self) -> u32 {
        self.next_guest.fetch_add(1, Relaxed)
    }

    /// A number for a request.
    pub(crate) fn number(&self) -> u64 {
        self.next_request.fetch_add(1, Relaxed)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    /// Asks, and waits for the reply.
    pub(crate) async fn ask(&self, number: u64, request: &Request) -> Result<Reply, SandboxError> {
        let (asker, mut reply) = oneshot::channel();
        let is_alone = {
            let mut waiting = self.waiting();
            waiting.insert(number, asker);
            waiting.len() == 1
        };
        // The end of the stream empties the table once; who comes later must see that it came.
        if self.has_ended() || self.send(number, request).await.is_err() {
            self.waiting().remove(&number);
            return Err(self.lost());
        }
        // With others there, this thread has enough to do to stay awake.
        if is_alone && let Some(reply) = watch(&mut reply).await {
            return Ok(reply);
        }
        reply.await.map_err(|_| self.lost())
    }

    /// Tells the worker something that has no reply, from where nothing can be awaited.
    pub(crate) fn tell(self: &Arc<Self>, request: Request) {
        let connection = Arc::clone(self);
        self.runtime.spawn(async move {
            // A worker that has ended needs to be told nothing.
            let _ = connection.send(0, &request).await;
        });
    }

    async fn send(&self, number: u64, request: &Request) -> io::Result<()> {
        let frame = protocol::frame(number, request)?;
        self.writer.lock().await.write_all(&frame).await
    }

    fn lost(&self) -> SandboxError {
        let how = self.ended.get().cloned();
        SandboxError::Lost(how.unwrap_or_else(|| "it hung up".to_owned()))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Reply>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits a moment for a reply without letting this thread sleep, which costs more than a short
/// turn does.
async fn watch(reply: &mut oneshot::Receiver<Reply>) -> Option<Reply> {
    let began = Instant::now();
    while began.elapsed() < WATCH {
        tokio::task::yield_now().await;
        if let Ok(reply) = reply.try_recv() {
            return Some(reply);
        }
    }
    None
}

/// Reads one reply. A reply that cannot be understood ends the connection, as a worker that sends
/// one is no worker of ours any more.
pub(crate) async fn read(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
) -> io::Result<(u64, Reply)> {
    let mut head = [0; HEAD_LEN];
    from.read_exact(&mut head).await?;
    let (len, number) = protocol::head(head)?;
    let mut bytes = Vec::new();
    if from.take(len as u64).read_to_end(&mut bytes).await? != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((number, protocol::message(&bytes)?))
}

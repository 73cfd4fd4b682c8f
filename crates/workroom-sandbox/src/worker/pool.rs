//! The gateway's side: workers that are started when they are needed and replaced when they end.

use std::{
    fmt, io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream, unix::process::ExitStatusExt as _},
    process::{Command, ExitStatus, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc,
    },
    thread,
};

use futures::{FutureExt as _, future::BoxFuture};
use serde::Serialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
    process::Child,
    sync::Mutex,
};
use workroom_engine::sandbox::{
    Answer, ClockRead, Code, Guest, Interrupter, Kept, Sandbox, SandboxError, Setup, Turn,
};
use workroom_jail::Walls;
use workroom_types::Limits;

use super::{
    connection::{self, Connection},
    protocol::{Reply, Request},
};

/// The most worker processes.
pub const WORKERS_MAX: usize = 256;

/// How a worker's process is started.
pub struct Launcher {
    /// A command that calls [`crate::worker::serve`] with its standard input as the socket. Its
    /// environment and standard streams are set here.
    pub command: Box<dyn Fn() -> Command + Send + Sync>,
    /// Gives the compiled guest, as [`crate::QuickJs::compiled`] does.
    pub compiled: Box<dyn Fn() -> Result<Arc<[u8]>, SandboxError> + Send + Sync>,
    /// Whether a worker around which a wall does not stand may run scripts.
    pub walls_required: bool,
}

impl fmt::Debug for Launcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launcher")
            .field("walls_required", &self.walls_required)
            .finish_non_exhaustive()
    }
}

/// Guests in worker processes.
#[derive(Clone)]
pub struct Workers(Arc<Pool>);

struct Pool {
    launcher: Launcher,
    places: Vec<Mutex<Option<Arc<Connection>>>>,
    /// The walls of the worker that was started last.
    walls: OnceLock<Walls>,
    spawner: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce() + Send>;

/// What is known of the workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerReport {
    /// How many there may be.
    pub workers: usize,
    /// The walls around them.
    pub walls: Walls,
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").field("places", &self.0.places.len()).finish_non_exhaustive()
    }
}

impl Workers {
    /// A pool of at most `count` workers (from 1 to [`WORKERS_MAX`]), none of which is started
    /// yet.
    pub fn new(count: usize, launcher: Launcher) -> Self {
        let (spawner, jobs) = mpsc::channel::<Job>();
        // Workers die with the thread that started them, so that thread lives as long as the
        // pool. If it cannot be had, starting a worker says so.
        let _ = thread::Builder::new()
            .name("sandbox-spawner".to_owned())
            .spawn(move || jobs.into_iter().for_each(|job| job()));
        let places = (0..count.clamp(1, WORKERS_MAX)).map(|_| Mutex::default()).collect();
        Self(Arc::new(Pool { launcher, places, walls: OnceLock::new(), spawner }))
    }

    /// Starts a worker, if none runs, and says what stands around it.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Internal`] when none can be started, or a required wall does not stand.
    pub async fn report(&self) -> Result<WorkerReport, SandboxError> {
        self.0.worker(0).await?;
        let walls = self.0.walls.get().cloned();
        let walls = walls.ok_or_else(|| internal("no worker told of its walls"))?;
        Ok(WorkerReport { workers: self.0.places.len(), walls })
    }

    /// Makes one worker do what the third wall refuses, and so die. For tests of that wall.
    ///
    /// # Errors
    ///
    /// As [`Workers::report`].
    pub async fn break_out(&self, worker: usize) -> Result<(), SandboxError> {
        let connection = self.0.worker(worker % self.0.places.len()).await?;
        connection.tell(Request::Fault);
        Ok(())
    }
}

impl Pool {
    /// The worker of a place, started if it is not there or has ended.
    async fn worker(&self, place: usize) -> Result<Arc<Connection>, SandboxError> {
        let mut place = self.places[place].lock().await;
        if let Some(connection) = place.as_ref().filter(|connection| !connection.has_ended()) {
            return Ok(Arc::clone(connection));
        }
        let connection = self.start().await?;
        *place = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// The place with the fewest guests; places without a worker have none.
    async fn lightest(&self) -> usize {
        let mut lightest = (usize::MAX, 0);
        for (index, place) in self.places.iter().enumerate() {
            let guests = match &*place.lock().await {
                Some(connection) if !connection.has_ended() => connection.guests.load(Relaxed),
                _ => 0,
            };
            lightest = lightest.min((guests, index));
        }
        lightest.1
    }

    async fn start(&self) -> Result<Arc<Connection>, SandboxError> {
        let compiled = (self.launcher.compiled)()?;
        let (mut child, stream) = self.spawn().await.map_err(|error| cannot(&error))?;
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(async move {
                let mut lines = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    tracing::warn!(line, "a sandbox worker wrote");
                }
            });
        }
        let mut stream = stream;
        let hello = async {
            let len = u32::try_from(compiled.len()).map_err(io::Error::other)?;
            stream.write_all(&len.to_le_bytes()).await?;
            stream.write_all(&compiled).await?;
            connection::read(&mut stream).await
        };
        let walls = match hello.await {
            Ok((0, Reply::Hello(walls))) => serde_json::from_str::<Walls>(&walls).ok(),
            Ok(_) => None,
            Err(error) => {
                let how = ended(child.wait().await);
                return Err(internal(&format!("a worker did not start ({how}): {error}")));
            }
        };
        let walls = walls.ok_or_else(|| internal("a worker did not tell of its walls"))?;
        if !walls.all_stand() {
            if self.launcher.walls_required {
                return Err(internal(&format!(
                    "`sandbox.walls` is \"required\", and not every wall stands: {walls}"
                )));
            }
            tracing::warn!(%walls, "the sandbox runs with fewer walls");
        }
        let _ = self.walls.set(walls);
        Ok(Connection::start(stream, async move { ended(child.wait().await) }))
    }

    /// Starts a process, from the thread that lives as long as the pool.
    async fn spawn(&self) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = (self.launcher.command)();
        command
            .env_clear()
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        let runtime = tokio::runtime::Handle::current();
        let (done, spawned) = tokio::sync::oneshot::channel();
        let job = move || {
            let _runtime = runtime.enter();
            // Who asked may have gone; dropping the child then ends it.
            let _ = done.send(command.spawn());
        };
        let gone = || io::Error::other("the thread that starts workers is gone");
        self.spawner.send(Box::new(job)).map_err(|_| gone())?;
        let child = spawned.await.map_err(|_| gone())??;
        Ok((child, UnixStream::from_std(ours)?))
    }
}

/// How a worker's process ended, in words.
fn ended(status: io::Result<ExitStatus>) -> String {
    /// What the kernel sends a process that makes a call which its filter refuses.
    const SIGSYS: i32 = 31;
    match status {
        Ok(status) if status.signal() == Some(SIGSYS) => {
            "the third wall ended it, for a call to the kernel that no worker makes".to_owned()
        }
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn cannot(error: &io::Error) -> SandboxError {
    internal(&format!("cannot start a worker: {error}"))
}

fn internal(what: &str) -> SandboxError {
    SandboxError::Internal(what.to_owned())
}

impl Sandbox for Workers {
    fn open(
        &self,
        limits: &Limits,
        snapshot: Option<Arc<[u8]>>,
    ) -> BoxFuture<'_, Result<Box<dyn Guest>, SandboxError>> {
        let limits = *limits;
        async move {
            let place = self.0.lightest().await;
            let connection = self.0.worker(place).await?;
            let guest = Remote {
                number: connection.guest_number(),
                is_alive: AtomicBool::new(true),
                fresh: snapshot.is_none().then_some(limits),
                turn: connection.number(),
                connection,
            };
            guest.connection.guests.fetch_add(1, Relaxed);
            if let Some(snapshot) = snapshot {
                let request = Request::Open(guest.number, limits, snapshot.to_vec());
                match guest.ask(&request).await? {
                    Reply::Opened(opened) => opened?,
                    _ => return Err(internal("a worker gave the wrong reply")),
                }
            }
            Ok(Box::new(guest) as Box<dyn Guest>)
        }
        .boxed()
    }
}

/// A guest of a worker.
struct Remote {
    connection: Arc<Connection>,
    number: u32,
    is_alive: AtomicBool,
    /// The limits of a guest that is made with its first run.
    fresh: Option<Limits>,
    /// The number of the request that begins the next turn: an interrupter is made before it.
    turn: u64,
}

impl Remote {
    async fn ask(&self, request: &Request) -> Result<Reply, SandboxError> {
        self.ask_as(self.connection.number(), request).await
    }

    async fn ask_as(&self, number: u64, request: &Request) -> Result<Reply, SandboxError> {
        let reply = self.connection.ask(number, request).await;
        if reply.is_err() {
            self.is_alive.store(false, Relaxed);
        }
        reply
    }

    async fn turn(&mut self, request: Request) -> Turn {
        let number = std::mem::replace(&mut self.turn, self.connection.number());
        match self.ask_as(number, &request).await {
            Ok(Reply::Turn(turn, is_alive)) => {
                self.is_alive.store(is_alive, Relaxed);
                turn
            }
            Ok(_) => Turn::failed(internal("a worker gave the wrong reply")),
            Err(error) => Turn::failed(error),
        }
    }

    async fn done(&self, request: Request) -> Result<(), SandboxError> {
        match self.ask(&request).await? {
            Reply::Done(is_alive) => self.is_alive.store(is_alive, Relaxed),
            _ => return Err(internal("a worker gave the wrong reply")),
        }
        Ok(())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.connection.guests.fetch_sub(1, Relaxed);
        self.connection.tell(Request::Close(self.number));
    }
}

impl Guest for Remote {
    fn start(&mut self, code: Arc<Code>, setup: Setup) -> BoxFuture<'_, Turn> {
        let fresh = self.fresh.take();
        let request = Request::Start(self.number, fresh, Code::clone(&code), setup.into());
        self.turn(request).boxed()
    }

    fn resume(&mut self, answers: Vec<Answer>, clock: Vec<ClockRead>) -> BoxFuture<'_, Turn> {
        self.turn(Request::Resume(self.number, answers, clock)).boxed()
    }

    fn rejoin(&mut self, setup: Setup) -> BoxFuture<'_, Result<(), SandboxError>> {
        self.done(Request::Rejoin(self.number, setup.into())).boxed()
    }

    fn abandon(&mut self) -> BoxFuture<'_, ()> {
        self.done(Request::Abandon(self.number)).map(|_| ()).boxed()
    }

    fn keep(
        &mut self,
        names: Vec<String>,
        with_snapshot: bool,
    ) -> BoxFuture<'_, Result<Kept, SandboxError>> {
        async move {
            match self.ask(&Request::Keep(self.number, names, with_snapshot)).await? {
                Reply::Kept(kept) => kept,
                _ => Err(internal("a worker gave the wrong reply")),
            }
        }
        .boxed()
    }

    fn interrupter(&self) -> Arc<dyn Interrupter> {
        let connection = Arc::clone(&self.connection);
        Arc::new(Cancel { connection, guest: self.number, turn: self.turn })
    }

    fn is_alive(&self) -> bool {
        self.is_alive.load(Relaxed) && !self.connection.has_ended()
    }
}

struct Cancel {
    connection: Arc<Connection>,
    guest: u32,
    turn: u64,
}

impl Interrupter for Cancel {
    fn interrupt(&self) {
        self.connection.tell(Request::Cancel(self.guest, self.turn));
    }
}

//! `workroom serve`, and what it starts: the guard of its servers, the processes of its scripts.

use std::{ffi::OsString, process::ExitCode, time::Duration};

use serde_json::json;
use workroom_engine::Engine;
use workroom_server::{Face, HttpConfig, HttpServer, Modes};

use crate::{
    args::{Global, Serve},
    gateway::Gateway,
    output::{self, Answer, Failure},
    store::Keep,
};

/// How often old sessions and runs are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3_600);

/// Serves until the client closes standard input, or a signal comes.
pub(crate) async fn serve(global: &Global, args: &Serve) -> Result<Answer, Failure> {
    let gateway = Gateway::open(global, Keep::Stored).await?;
    gateway.place.warm_up();
    let keeping = tokio::spawn(keep_house(gateway.engine.clone()));
    // The encoding takes some tenths of a second to load: better now than in the first run.
    std::thread::spawn(workroom_ledger::warm_up);
    let modes = args.mode.map_or_else(|| gateway.modes(), Modes::all);
    let served = match args.http.or(gateway.settings.config.serve.http) {
        Some(address) => http(&gateway, address, modes).await,
        None => stdio(&gateway, modes).await,
    };
    keeping.abort();
    gateway.close().await;
    served.map(|()| Answer::new("", &json!({ "ok": true }), output::OK))
}

/// Goes on with the runs that an earlier process left behind, and then drops now and then what is
/// too old.
async fn keep_house(engine: Engine) {
    match engine.resume_interrupted().await {
        Ok(notes) => notes.iter().for_each(|note| tracing::info!("{note}")),
        Err(error) => tracing::error!(%error, "interrupted runs cannot be resumed"),
    }
    let mut hours = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        hours.tick().await;
        if let Err(error) = engine.sweep().await {
            tracing::error!(%error, "old sessions and runs cannot be dropped");
        }
    }
}

async fn stdio(gateway: &Gateway, modes: Modes) -> Result<(), Failure> {
    let face = Face::new(gateway.engine.clone(), &gateway.overview(), false).with_modes(modes);
    tokio::select! {
        served = workroom_server::serve_stdio(face) => served.map_err(|error| {
            Failure::failed(format!("the client did not speak MCP: {error}"))
                .hint("`workroom serve` is started by an MCP client, such as `claude mcp add`")
        }),
        () = stopped() => Ok(()),
    }
}

async fn http(
    gateway: &Gateway,
    address: std::net::SocketAddr,
    modes: Modes,
) -> Result<(), Failure> {
    let server = HttpServer::bind(address)
        .await
        .map_err(|error| Failure::failed(format!("cannot listen at {address}: {error}")))?;
    output::note(&format!("listening on {}", server.url()));
    let serve = &gateway.settings.config.serve;
    let config = HttpConfig {
        allowed_hosts: serve.allowed_hosts.clone(),
        allowed_origins: serve.allowed_origins.clone(),
    };
    server
        .serve(gateway.engine.clone(), gateway.overview(), modes, config, stopped())
        .await
        .map_err(|error| Failure::failed(format!("the HTTP server ended: {error}")))
}

/// Resolves when the process is asked to end: Ctrl-C, or SIGTERM on Unix.
pub(crate) async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Runs a server's program under watch; see [`workroom_upstream::guard`].
pub(crate) fn guard(program: &[OsString]) -> ExitCode {
    workroom_upstream::guard::run(program)
}

/// Runs scripts for the gateway at standard input; see [`workroom_sandbox::worker`].
#[cfg(unix)]
pub(crate) fn sandbox_worker() -> ExitCode {
    use std::os::{fd::AsFd as _, unix::net::UnixStream};

    match std::io::stdin().as_fd().try_clone_to_owned() {
        Ok(socket) => workroom_sandbox::worker::serve(UnixStream::from(socket)),
        Err(_) => ExitCode::FAILURE,
    }
}

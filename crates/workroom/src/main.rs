//! The `workroom` binary: arguments, wiring, rendering.
//!
//! # Layout
//!
//! * [`args`]: what can be typed.
//! * [`settings`]: which configuration files are read, and what they say.
//! * [`gateway`]: the engine with its servers and its sandbox.
//! * [`sandbox`]: where scripts run, loaded in the background.
//! * [`embeddings`]: the model that finds tools by what they mean, if one is configured.
//! * [`privacy`]: what is masked, where it may go, and the master key.
//! * [`store`]: what is kept between commands.
//! * [`commands`]: one file a command.
//! * [`output`]: the only writer to standard output and error.

mod args;
mod commands;
mod embeddings;
mod gateway;
mod output;
mod privacy;
mod sandbox;
mod settings;
mod store;
mod types;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command, Global};
use output::{Answer, Failure};

/// Memory may hold values that are masked everywhere else, so none of it goes into a file when the
/// process ends by a fault. Servers inherit this.
#[cfg(unix)]
fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Where that is not allowed there is nothing else to do.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

fn main() -> ExitCode {
    // A panic's own words may quote the data that it met.
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(at) => output::note(&format!("internal error at {at}")),
        None => output::note("internal error"),
    }));
    let cli = Cli::parse();
    let json = cli.global.json;
    if let Command::Guard { program } = cli.command {
        return commands::guard(&program);
    }
    #[cfg(unix)]
    if matches!(cli.command, Command::SandboxWorker) {
        return commands::sandbox_worker();
    }
    #[cfg(unix)]
    no_core_dumps();
    log(cli.global.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // The sandbox then runs in place and not on a stack of its own.
        .thread_stack_size(workroom_sandbox::THREAD_STACK)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Failure::failed(error).print(json),
    };
    let answer = runtime.block_on(answer(&cli.global, cli.command));
    // A thread that still computes for a run nobody waits for must not hold the exit.
    runtime.shutdown_background();
    match answer {
        Ok(answer) => answer.print(json),
        Err(failure) => failure.print(json),
    }
}

async fn answer(global: &Global, command: Command) -> Result<Answer, Failure> {
    match command {
        Command::Serve(args) => commands::serve(global, &args).await,
        Command::Run(args) => commands::run(global, &args).await,
        Command::Search(args) => commands::search(global, &args).await,
        Command::Ls(args) => commands::ls(global, &args).await,
        Command::Cat(args) => commands::cat(global, &args).await,
        Command::Call(args) => commands::call(global, &args).await,
        Command::Servers => commands::servers(global).await,
        Command::Config(args) => commands::config(global, &args),
        Command::Sessions(args) => commands::sessions(&args).await,
        Command::Runs(args) => commands::runs(global, &args).await,
        Command::Skills(args) => commands::skills(global, &args).await,
        Command::Drift(args) => commands::drift(args).await,
        Command::Advise(args) => commands::advise(global, &args).await,
        Command::Privacy(args) => commands::privacy(global, &args).await,
        Command::Vault(args) => commands::vault(global, &args).await,
        Command::Doctor => commands::doctor(global).await,
        Command::Report(args) => commands::report(global, &args).await,
        Command::Demo(args) => commands::demo(global, &args).await,
        Command::DemoServer { server, seed, record } => {
            commands::demo_server(&server, seed, record.as_deref()).await
        }
        Command::Completions { shell } => Ok(completions(shell)),
        Command::Guard { .. } | Command::SandboxWorker => {
            Err(Failure::usage("this command runs without the engine"))
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Answer {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "workroom", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Answer::new(script.trim_end(), &serde_json::json!({ "script": script }), output::OK)
}

/// Logs go to standard error: standard output belongs to answers and to the protocol.
fn log(verbose: u8) {
    // rmcp logs whole messages and addresses, which may hold anybody's data and credentials. What
    // went wrong with a server is told in our own words, and each of its starts would log it.
    let level = match verbose {
        0 => "error,rmcp=off",
        1 => "info,rmcp=off",
        _ => "debug,rmcp=off",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("WORKROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

//! A process that owns a pool with one server, until it is killed.

use std::{env, process::ExitCode, time::Duration};

use workroom_upstream::{Guard, Pool, Transport, UpstreamConfig};

/// Starts this program in the mode `args` under guard, says "ready", and waits for ever.
pub(crate) fn run(args: &[&str]) -> ExitCode {
    let program = env::current_exe().expect("a running program has a path");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(async {
        let transport = Transport::Stdio {
            command: program.display().to_string(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: Vec::new(),
            cwd: None,
        };
        let pool =
            Pool::start(vec![UpstreamConfig::new("one", transport)], Guard::Program(program));
        pool.ready(Duration::from_secs(30)).await;
        println!("ready");
        std::future::pending::<ExitCode>().await
    })
}

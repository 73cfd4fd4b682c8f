//! Starts a child for each case, and compares what came of it with what was expected.
//!
//! The child is this program with `--inside`, the name of the case and the port of a listener.
//! It writes one line: what the attempt gave, or the error. A signal is seen from outside.

use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use libtest_mimic::{Arguments, Failed, Trial};
use workroom_jail::{Wall, Walls};

use crate::cases::{Attempt, CASES, Case, Expected, Raised};

/// How long a process may take to die after its parent, far more than it needs.
const DEATH_TIMEOUT: Duration = Duration::from_secs(30);

const INSIDE: &str = "--inside";
const PARENT: &str = "--parent";
const ORPHAN: &str = "--orphan";

pub(crate) fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [INSIDE, name, port] => inside(name, port.parse().expect("a port")),
        [PARENT] => parent(),
        [ORPHAN] => orphan(),
        _ => tests(),
    }
}

fn tests() -> ExitCode {
    let walls = workroom_jail::probe();
    let mut trials: Vec<Trial> = CASES
        .iter()
        .map(|case| {
            let is_missing = !can_raise(&walls, case);
            Trial::test(case.name, || check(case)).with_ignored_flag(is_missing)
        })
        .collect();
    trials.push(Trial::test("a process dies with its parent", dies_with_its_parent));
    trials.push(Trial::test("every name is used once", names_are_unique));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Whether this machine's kernel has what a case is about. Under a kernel without Landlock,
/// which a container may have, its cases count as ignored.
fn can_raise(walls: &Walls, case: &Case) -> bool {
    match case.raised {
        Raised::Nothing => true,
        Raised::Process => walls.process.stands(),
        Raised::Seccomp => walls.seccomp.stands(),
        Raised::Landlock(holds) => {
            matches!(&walls.landlock, Wall::Stands { detail } if detail.contains(holds))
        }
        Raised::Everything => walls.all_stand(),
    }
}

fn names_are_unique() -> Result<(), Failed> {
    let mut names: Vec<_> = CASES.iter().map(|case| case.name).collect();
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    if twice.is_empty() { Ok(()) } else { Err(format!("used twice: {twice:?}").into()) }
}

fn check(case: &Case) -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let mut child = start(&[INSIDE, case.name, &port])?;
    // A child that died early reads nothing.
    let _ = child.stdin.take().expect("it is piped").write_all(b"hello");
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let found = match output.status.signal() {
        Some(signal) => format!("{said}signal {signal}"),
        None => said.into_owned(),
    };
    let expected = match case.expected {
        Expected::Works(text) => format!("works: {text}"),
        Expected::Fails(error) => format!("fails: {error}"),
        // The `abort` of musl makes a call that the filter has no way to permit.
        Expected::Aborts if cfg!(not(target_env = "musl")) => format!("signal {}", libc::SIGABRT),
        Expected::Killed | Expected::Aborts => format!("signal {}", libc::SIGSYS),
    };
    if found == expected {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("expected {expected:?}, found {found:?}\n{errors}").into())
}

/// This program as a child, with nothing in its environment.
fn start(args: &[&str]) -> io::Result<Child> {
    Command::new(env::current_exe()?)
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// The child of a case.
fn inside(name: &str, port: u16) -> ExitCode {
    let case = CASES.iter().find(|case| case.name == name).expect("the name of a case");
    let attempt: Box<dyn FnOnce() -> io::Result<String>> = match case.attempt {
        Attempt::Plain(attempt) => Box::new(attempt),
        Attempt::Port(attempt) => Box::new(move || attempt(port)),
        Attempt::Prepared(prepare) => prepare(),
        Attempt::Call(number, arguments) => {
            Box::new(move || crate::attempts::call(number, arguments).map(|n| n.to_string()))
        }
    };
    let refused = match case.raised {
        Raised::Nothing => None,
        Raised::Process => Some(workroom_jail::enter_process()).filter(|wall| !wall.stands()),
        Raised::Seccomp => Some(workroom_jail::enter_seccomp()).filter(|wall| !wall.stands()),
        Raised::Landlock(_) => Some(workroom_jail::enter_landlock()).filter(|w| !w.stands()),
        Raised::Everything => {
            let walls = workroom_jail::enter();
            walls.named().into_iter().map(|(_, wall)| wall.clone()).find(|wall| !wall.stands())
        }
    };
    let said = match (refused, attempt) {
        (Some(wall), _) => format!("a wall {wall}"),
        (None, attempt) => match attempt() {
            Ok(text) => format!("works: {text}"),
            Err(error) => format!("fails: {error}"),
        },
    };
    say(&said)
}

/// Tells the test.
fn say(text: &str) -> ExitCode {
    let mut output = io::stdout();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn dies_with_its_parent() -> Result<(), Failed> {
    let mut parent = start(&[PARENT])?;
    let mut output = BufReader::new(parent.stdout.take().expect("it is piped"));
    let mut ready = String::new();
    output.read_line(&mut ready)?;
    if ready != "ready\n" {
        return Err(format!("the orphan said {ready:?}").into());
    }
    parent.kill()?;
    parent.wait()?;
    // The orphan holds the other end of the pipe, and waits for what never comes.
    let (sender, end) = mpsc::channel();
    thread::spawn(move || sender.send(output.read_to_end(&mut Vec::new())));
    end.recv_timeout(DEATH_TIMEOUT).map_err(|_| "it lives on")??;
    Ok(())
}

/// Starts [`orphan`] with its own output, and waits to be killed.
fn parent() -> ExitCode {
    let mut orphan = Command::new(env::current_exe().expect("this program's path"))
        .arg(ORPHAN)
        .spawn()
        .expect("this program starts");
    orphan.wait().expect("it can be waited for");
    ExitCode::FAILURE
}

/// Lives until its parent dies; where the wall is missing, until the test gave up.
fn orphan() -> ExitCode {
    let wall = workroom_jail::enter_process();
    say(&if wall.stands() { "ready\n".to_owned() } else { wall.to_string() });
    let (_sender, receiver) = mpsc::channel::<()>();
    // Nobody sends, so this waits the whole time.
    let _ = receiver.recv_timeout(2 * DEATH_TIMEOUT);
    ExitCode::FAILURE
}

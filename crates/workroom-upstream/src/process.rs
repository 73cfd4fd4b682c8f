//! The child process of a stdio server: its environment, its standard error, its end.
//!
//! # Invariants
//!
//! * A child has only the variables of [`INHERITED`] and those its configuration names: our own
//!   credentials are not its business.
//! * Its standard error is read to the end and never shown raw: the last lines are kept, without
//!   control characters.

use std::{
    collections::VecDeque,
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{Bounds, Guard, guard};

/// Variables that programs need to find their files, their user and their language.
const INHERITED: [&str; 26] = [
    "APPDATA",
    "COMSPEC",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "LANG",
    "LANGUAGE",
    "LOCALAPPDATA",
    "LOGNAME",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMFILES",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "USERNAME",
    "USERPROFILE",
];

/// Prefixes of more such variables.
const INHERITED_PREFIXES: [&str; 2] = ["LC_", "XDG_"];

/// How long an ended connection waits for the exit status that explains it.
const EXIT_PATIENCE: Duration = Duration::from_secs(1);

/// How long the last lines of standard error may take after the exit.
const STDERR_PATIENCE: Duration = Duration::from_millis(300);

/// How long a guard may take to end everything, beyond its own grace times.
const STOP_MARGIN: Duration = Duration::from_secs(3);

/// A running child process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stderr: Arc<Mutex<Tail>>,
    stderr_task: JoinHandle<()>,
    guarded: bool,
}

/// A child with the two ends that the transport speaks through.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) process: Process,
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
}

/// Starts `command`. An error is its reason in one clause.
pub(crate) fn spawn(
    guard: &Guard,
    command: &str,
    args: &[String],
    configured: &[(String, String)],
    cwd: Option<&Path>,
    bounds: &Bounds,
) -> Result<Spawned, String> {
    let variables = environment(env::vars_os(), configured);
    check(command, &variables, cwd)?;
    let mut child = match guard {
        Guard::Program(program) => {
            let mut child = Command::new(program);
            child.arg("guard").arg("--").arg(command);
            child
        }
        Guard::None => {
            let mut child = Command::new(command);
            child.kill_on_drop(true);
            child
        }
    };
    child.args(args).env_clear().envs(variables);
    child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(cwd) = cwd {
        child.current_dir(cwd);
    }
    // A terminal's Ctrl-C goes to its foreground group: to us, who then end servers in order.
    #[cfg(unix)]
    child.process_group(0);
    let mut child =
        child.spawn().map_err(|error| format!("`{command}` could not be started: {error}"))?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(format!("`{command}` was started without its pipes"));
    };
    let tail = Arc::new(Mutex::new(Tail::new(bounds)));
    let stderr_task = tokio::spawn(keep_tail(stderr, Arc::clone(&tail)));
    let guarded = matches!(guard, Guard::Program(_));
    let process = Process { child, stderr: tail, stderr_task, guarded };
    Ok(Spawned { process, stdin, stdout })
}

impl Process {
    /// The last lines of standard error so far.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).lines()
    }

    /// The exit status and the last lines of standard error, waiting a moment for each.
    pub(crate) async fn epitaph(&mut self) -> (Option<ExitStatus>, Vec<String>) {
        let status = timeout(EXIT_PATIENCE, self.child.wait()).await.ok().and_then(Result::ok);
        if status.is_some() {
            // It is over at the end of the pipe; a process that left the guard may hold that open.
            timeout(STDERR_PATIENCE, &mut self.stderr_task).await.ok();
        }
        (status, self.stderr())
    }

    /// Waits until the child has ended after its input was closed, and ends it if it does not.
    pub(crate) async fn stop(mut self) {
        let patience = if self.guarded {
            guard::GRACE + guard::TERM_GRACE + STOP_MARGIN
        } else {
            guard::GRACE
        };
        if timeout(patience, self.child.wait()).await.is_err()
            && let Err(error) = self.child.kill().await
        {
            tracing::warn!(%error, "a server's process could not be killed");
        }
        self.stderr_task.abort();
    }
}

/// What an exit status says, in words that follow "it".
pub(crate) fn exit_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code @ 129..=192) if cfg!(unix) => {
            format!("was ended by signal {} (exit status {code})", code - 128)
        }
        Some(code) => format!("exited with status {code}"),
        None => "was ended by a signal".to_owned(),
    }
}

/// The variables of a child: a few of ours, and what is configured on top.
fn environment(
    ours: impl Iterator<Item = (OsString, OsString)>,
    configured: &[(String, String)],
) -> Vec<(OsString, OsString)> {
    let known = |name: &OsString| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        INHERITED.contains(&name.as_str())
            || INHERITED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    // Functions that a shell exports would be run by every shell that a server starts.
    let plain = |value: &OsString| !value.to_string_lossy().starts_with("()");
    let mut variables: Vec<_> = ours.filter(|(name, value)| known(name) && plain(value)).collect();
    for (name, value) in configured {
        variables.retain(|(other, _)| other != name.as_str());
        variables.push((name.into(), value.into()));
    }
    variables
}

/// Refuses what cannot start, in better words than the guard's exit status would give.
fn check(
    command: &str,
    variables: &[(OsString, OsString)],
    cwd: Option<&Path>,
) -> Result<(), String> {
    if let Some(cwd) = cwd
        && !cwd.is_dir()
    {
        return Err(format!("its working folder `{}` is not a folder", cwd.display()));
    }
    let path = variables.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value);
    let found = if Path::new(command).components().count() > 1 {
        cwd.map_or_else(|| PathBuf::from(command), |cwd| cwd.join(command)).exists()
    } else if cfg!(unix) {
        path.is_none_or(|path| env::split_paths(path).any(|dir| dir.join(command).is_file()))
    } else {
        // Elsewhere a name is looked up with extensions, by the system itself.
        true
    };
    if found {
        return Ok(());
    }
    Err(format!("command `{command}` was not found; is it installed and on PATH?"))
}

async fn keep_tail(mut stderr: impl AsyncRead + Unpin, tail: Arc<Mutex<Tail>>) {
    let mut buffer = [0; 4096];
    loop {
        match stderr.read(&mut buffer).await {
            Ok(0) => return,
            Ok(length) => {
                tail.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..length]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// The last lines of an endless text.
#[derive(Debug)]
struct Tail {
    lines: VecDeque<Vec<u8>>,
    open: Vec<u8>,
    lines_max: usize,
    chars_max: usize,
}

impl Tail {
    fn new(bounds: &Bounds) -> Self {
        Self {
            lines: VecDeque::new(),
            open: Vec::new(),
            lines_max: bounds.stderr_lines,
            chars_max: bounds.stderr_line_chars,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.open);
                    if !line.is_empty() {
                        self.lines.push_back(line);
                        if self.lines.len() > self.lines_max {
                            self.lines.pop_front();
                        }
                    }
                }
                // Four bytes a character at most; the rest of the line is cut anyway.
                _ if self.open.len() < self.chars_max.saturating_mul(4) => self.open.push(byte),
                _ => {}
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        let open = (!self.open.is_empty()).then_some(&self.open);
        let all: Vec<_> = self.lines.iter().chain(open).collect();
        let skipped = all.len().saturating_sub(self.lines_max);
        all[skipped..].iter().map(|line| plain(line, self.chars_max)).collect()
    }
}

/// A line for people: at most `chars_max` characters, no colours, no control characters.
pub(crate) fn plain(line: &[u8], chars_max: usize) -> String {
    let text = String::from_utf8_lossy(line);
    let mut plain = String::new();
    let mut chars = text.chars();
    let mut kept = 0;
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            // A control sequence: `ESC [`, parameters, one final letter.
            if chars.as_str().starts_with('[') {
                chars.next();
                chars.by_ref().find(|char| ('\u{40}'..='\u{7e}').contains(char));
            }
            continue;
        }
        if kept == chars_max {
            plain.push('…');
            break;
        }
        kept += 1;
        plain.push(if char.is_control() { ' ' } else { char });
    }
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_sees_a_few_of_our_variables_and_its_own() {
        let ours = [
            ("PATH", "/bin"),
            ("HOME", "/home/ada"),
            ("LC_ALL", "C"),
            ("SystemRoot", "C:\\Windows"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("LANG", "() { :; }; echo oops"),
        ];
        let ours = ours.map(|(name, value)| (name.into(), value.into()));
        let configured = [("PATH", "/opt/bin"), ("API_KEY", "k")];
        let configured = configured.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let names: Vec<_> = environment(ours.into_iter(), &configured)
            .into_iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect();
        let expected =
            ["HOME=/home/ada", "LC_ALL=C", "SystemRoot=C:\\Windows", "PATH=/opt/bin", "API_KEY=k"];
        assert_eq!(names, expected);
    }

    #[track_caller]
    fn check_tail(text: &[u8], expected: &[&str]) {
        let bounds = Bounds { stderr_lines: 2, stderr_line_chars: 5, ..Bounds::default() };
        let mut whole = Tail::new(&bounds);
        whole.push(text);
        assert_eq!(whole.lines(), expected);
        let mut bytewise = Tail::new(&bounds);
        text.chunks(1).for_each(|byte| bytewise.push(byte));
        assert_eq!(bytewise.lines(), expected, "the same in pieces");
    }

    #[test]
    fn the_last_lines_of_standard_error_are_kept_short_and_plain() {
        check_tail(b"", &[]);
        check_tail(b"one\ntwo\r\n\nthree", &["two", "three"]);
        check_tail(b"123456\n12345", &["12345…", "12345"]);
        check_tail(b"\x1b[31mred\x1b[0m\x07\n", &["red"]);
        check_tail("h\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\n".as_bytes(), &["héééé…"]);
        check_tail(b"\xff\xfe!\n", &["\u{fffd}\u{fffd}!"]);
    }

    #[test]
    fn an_exit_status_reads_as_words() {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt as _;
            assert_eq!(exit_words(ExitStatus::from_raw(3 << 8)), "exited with status 3");
            assert_eq!(
                exit_words(ExitStatus::from_raw(137 << 8)),
                "was ended by signal 9 (exit status 137)"
            );
        }
    }
}

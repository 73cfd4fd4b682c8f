//! One sandbox for all tests of a file, and a run from start to end with its calls answered.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "only tests call these")]

use std::{
    fmt::Write as _,
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, Instant},
};

use workroom_engine::sandbox::{
    Answer, AnswerError, Guest, GuestCall, GuestError, LogLevel, Sandbox, SandboxError, Turn,
    TurnState,
};
use workroom_sandbox::QuickJs;
use workroom_types::Limits;

pub(crate) fn sandbox() -> &'static QuickJs {
    static SANDBOX: OnceLock<QuickJs> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        QuickJs::new(Some(folder)).unwrap()
    })
}

pub(crate) fn open() -> Box<dyn Guest> {
    sandbox().open(&Limits::default()).unwrap()
}

pub(crate) fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// Runs `code` to its end and writes down what happened, one line each: logs, calls, the end.
pub(crate) fn run(guest: &mut dyn Guest, code: &str) -> String {
    run_within(guest, code, &Limits::default())
}

pub(crate) fn run_within(guest: &mut dyn Guest, code: &str, limits: &Limits) -> String {
    let mut told = String::new();
    let mut turn = guest.start("run.ts", code, limits, far());
    loop {
        match turn {
            Ok(Turn { logs, calls, state }) => {
                for line in logs {
                    let level = match line.level {
                        LogLevel::Log => String::new(),
                        level => format!("{level:?}: ").to_lowercase(),
                    };
                    writeln!(told, "{level}{}", line.text).unwrap();
                }
                for call in &calls {
                    writeln!(told, "-> {}.{}({})", call.module, call.function, call.arguments)
                        .unwrap();
                }
                match state {
                    TurnState::Waiting => {
                        turn = guest.resume(calls.iter().map(answer).collect());
                        continue;
                    }
                    TurnState::Done(value) => {
                        writeln!(told, "= {}", value.unwrap_or_else(|| "undefined".to_owned()))
                    }
                    TurnState::Threw(error) => writeln!(told, "{}", thrown(&error)),
                }
                .unwrap();
            }
            Err(error) => {
                for line in guest.take_logs() {
                    writeln!(told, "{}", line.text).unwrap();
                }
                writeln!(told, "! {error}").unwrap();
            }
        }
        return told;
    }
}

fn thrown(error: &GuestError) -> String {
    let mut text = format!("threw {}: {}", error.name, error.message);
    for frame in &error.frames {
        write!(text, "\n  {}@{}:{}:{}", frame.function, frame.file, frame.line, frame.column)
            .unwrap();
    }
    text
}

/// Answers with the arguments; the function `fail` fails with them as properties.
pub(crate) fn answer(call: &GuestCall) -> Answer {
    let result = if call.function == "fail" {
        Err(AnswerError {
            name: "ToolError".to_owned(),
            message: "the tool said no".to_owned(),
            properties: call.arguments.clone(),
        })
    } else {
        Ok(call.arguments.clone())
    };
    Answer { id: call.id, result }
}

/// The one thing that most checks want: `code` in a fresh guest gives `expected`.
#[allow(clippy::needless_pass_by_value, reason = "`expect!` makes a value")]
#[track_caller]
pub(crate) fn check(code: &str, expected: expect_test::Expect) {
    expected.assert_eq(&run(open().as_mut(), code));
}

pub(crate) fn limit_error(result: Result<Turn, SandboxError>) -> String {
    match result {
        Ok(turn) => format!("{:?}", turn.state),
        Err(error) => error.to_string(),
    }
}

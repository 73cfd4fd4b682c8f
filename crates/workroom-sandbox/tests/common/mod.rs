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
    Answer, AnswerError, Code, GuestCall, GuestError, GuestTimer, LogLevel, Setup, Turn, TurnState,
};
use workroom_sandbox::{QuickJs, QuickJsGuest};
use workroom_types::Limits;

pub(crate) fn sandbox() -> &'static QuickJs {
    static SANDBOX: OnceLock<QuickJs> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-cache");
        QuickJs::new(Some(folder)).unwrap()
    })
}

pub(crate) fn open() -> QuickJsGuest {
    sandbox().open(&Limits::default(), None).unwrap()
}

pub(crate) fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// How a test's run goes: always from the same seed.
pub(crate) fn setup(limits: &Limits, deadline: Instant) -> Setup {
    Setup { limits: *limits, deadline, seed: [7; 32], clock: Vec::new() }
}

/// The first turn of a run.
pub(crate) fn start(
    guest: &mut QuickJsGuest,
    file: &str,
    code: &str,
    limits: &Limits,
    deadline: Instant,
) -> Turn {
    let code = Code { file: file.to_owned(), text: code.to_owned() };
    guest.start(&code, setup(limits, deadline))
}

/// Runs `code` to its end and writes down what happened, one line each: logs, calls, the end.
pub(crate) fn run(guest: &mut QuickJsGuest, code: &str) -> String {
    run_within(guest, code, &Limits::default())
}

pub(crate) fn run_within(guest: &mut QuickJsGuest, code: &str, limits: &Limits) -> String {
    let mut told = String::new();
    let mut turn = start(guest, "run.ts", code, limits, far());
    loop {
        for line in &turn.logs {
            let level = match line.level {
                LogLevel::Log => String::new(),
                level => format!("{level:?}: ").to_lowercase(),
            };
            writeln!(told, "{level}{}", line.text).unwrap();
        }
        for call in &turn.calls {
            writeln!(told, "-> {}.{}({})", call.module, call.function, call.arguments).unwrap();
        }
        for timer in &turn.timers {
            writeln!(told, "-> {} ms", timer.millis).unwrap();
        }
        match turn.state {
            Ok(TurnState::Waiting) => {
                let fired = |timer: &GuestTimer| Answer { id: timer.id, result: Ok("null".into()) };
                let calls = turn.calls.iter().map(answer);
                let answers: Vec<_> = calls.chain(turn.timers.iter().map(fired)).collect();
                turn = guest.resume(&answers, Vec::new());
                continue;
            }
            Ok(TurnState::Done(value)) => {
                writeln!(told, "= {}", value.unwrap_or_else(|| "undefined".to_owned())).unwrap();
            }
            Ok(TurnState::Threw(error)) => writeln!(told, "{}", thrown(&error)).unwrap(),
            Err(error) => writeln!(told, "! {error}").unwrap(),
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
    expected.assert_eq(&run(&mut open(), code));
}

pub(crate) fn limit_error(turn: &Turn) -> String {
    match &turn.state {
        Ok(state) => format!("{state:?}"),
        Err(error) => error.to_string(),
    }
}

//! From what went wrong to the words that the agent reads: in its own text's
//! lines, with a next step.

use std::{collections::VecDeque, sync::Arc};

use workroom_script::{Diagnostic, DiagnosticKind};
use workroom_types::{Bound, Bounds, Limit, LimitExceeded, Limits};

use crate::{
    report::{CallStats, FailureKind, RunFailure},
    sandbox::{GuestError, SandboxError},
    session::Compiled,
    store::StoreError,
};

/// The mistakes that were found before anything ran, the first one in front.
pub(crate) fn from_diagnostics(source: &str, diagnostics: &[Diagnostic]) -> RunFailure {
    let [first, more @ ..] = diagnostics else {
        return RunFailure::new(FailureKind::Internal, "the script was refused without a reason");
    };
    let kind = match first.kind {
        DiagnosticKind::UnknownModule | DiagnosticKind::UnknownExport => FailureKind::UnknownImport,
        DiagnosticKind::Internal => FailureKind::Internal,
        DiagnosticKind::Syntax | DiagnosticKind::Unsupported | DiagnosticKind::TooComplex => {
            FailureKind::Syntax
        }
        DiagnosticKind::UndeclaredName
        | DiagnosticKind::Arguments
        | DiagnosticKind::UnknownParameter
        | DiagnosticKind::MissingParameter
        | DiagnosticKind::NotAwaited
        | DiagnosticKind::SequentialCalls => FailureKind::Check,
    };
    let mut failure = RunFailure::new(kind, first.message.clone());
    failure.line = Some(first.position.line);
    failure.column = Some(first.position.column);
    failure.hint.clone_from(&first.hint);
    failure.excerpt = Some(workroom_script::excerpt(source, first.position));
    let signature = first.signature.iter().map(|signature| format!("signature: {signature}"));
    let others = more.iter().map(|one| format!("also: {}", workroom_script::render(source, one)));
    let nothing_ran = std::iter::once("nothing was called: correct it and run it again".to_owned());
    let more: Vec<String> = signature.chain(others).chain(nothing_ran).collect();
    failure.more = Some(more.join("\n"));
    failure
}

/// What could be better in a script, a line each.
pub(crate) fn hints(hints: &[Diagnostic]) -> Vec<String> {
    let told = hints.iter().map(|hint| {
        let advice = hint.hint.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default();
        format!("line {}: {}{advice}", hint.position.line, hint.message)
    });
    told.collect()
}

/// What QuickJS throws when its stack is at its limit.
const STACK_OVERFLOW: &str = "Maximum call stack size exceeded";

/// What QuickJS throws when a text would be longer than its limit.
const STRING_TOO_LONG: &str = "invalid string length";

/// The same, of a text that is put together from two.
const TEXT_TOO_LONG: &str = "string too long";

/// An exception that nothing caught, at its innermost place in an agent's text.
pub(crate) fn from_exception(
    error: &GuestError,
    programs: &VecDeque<Arc<Compiled>>,
    limits: &Limits,
) -> RunFailure {
    let mut failure = RunFailure::new(FailureKind::Exception, exception_message(error));
    // A script may catch these, so they are exceptions; the limit behind is told all the same.
    let limit = match (error.name.as_str(), error.message.as_str()) {
        ("RangeError", STACK_OVERFLOW) => Some(Limit::Stack),
        ("RangeError", STRING_TOO_LONG) | ("InternalError", TEXT_TOO_LONG) => Some(Limit::String),
        _ => None,
    };
    if let Some(limit) = limit {
        let limit = from_limit(limits.exceeded(limit));
        failure.hint = limit.hint.map(|hint| format!("{}: {hint}", limit.message));
    }
    let place = error.frames.iter().find_map(|frame| {
        let compiled = programs.iter().rev().find(|compiled| compiled.file == frame.file)?;
        let position = compiled.program.original(frame.line, frame.column)?;
        Some((compiled, position))
    });
    if let Some((compiled, position)) = place {
        failure.line = Some(position.line);
        failure.column = Some(position.column);
        let mut excerpt = workroom_script::excerpt(&compiled.source, position);
        if programs.back().is_some_and(|last| last.file != compiled.file) {
            excerpt.push_str("\n(in the code of an earlier run of this session)");
        }
        failure.excerpt = Some(excerpt);
    }
    failure
}

/// What was thrown, in one line.
pub(crate) fn exception_message(error: &GuestError) -> String {
    match error.name.as_str() {
        "" => format!("the script threw {}", error.message),
        name => format!("{name}: {}", error.message),
    }
}

/// A run that is refused, since as many as may be are under way.
pub(crate) fn busy(bounds: &Bounds) -> RunFailure {
    let setting = Bound::Runs.setting();
    RunFailure::new(
        FailureKind::Limit,
        format!("{} runs are under way (`sandbox.{setting}`)", bounds.get(Bound::Runs)),
    )
    .hint(format!("try again soon, or raise `sandbox.{setting}` in workroom.toml"))
}

/// A session that cannot be used.
pub(crate) fn session(message: String) -> RunFailure {
    RunFailure::new(FailureKind::Session, message)
}

/// A store that did not do what it was asked.
pub(crate) fn from_store(error: &StoreError) -> RunFailure {
    match error {
        StoreError::Busy { .. } => session(error.to_string())
            .hint("try again soon, or leave `session` out to start a new one"),
        StoreError::Failed(_) => RunFailure::new(FailureKind::Store, error.to_string())
            .hint("nothing more was sent; `workroom doctor` looks at the store"),
    }
}

/// A run that the sandbox did not let end by itself.
pub(crate) fn from_sandbox(error: &SandboxError, calls: CallStats) -> RunFailure {
    let failure = match error {
        SandboxError::Limit { limit, max } => {
            let exceeded = LimitExceeded { limit: *limit, max: *max };
            return after_calls(from_limit(exceeded), calls);
        }
        SandboxError::Cancelled => RunFailure::new(FailureKind::Cancelled, error.to_string()),
        SandboxError::Deadlock => RunFailure::new(FailureKind::Deadlock, error.to_string())
            .hint("await only tool calls and promises that the code itself settles"),
        SandboxError::Dead => RunFailure::new(FailureKind::Session, error.to_string())
            .hint("run the code again; it starts with no variables"),
        SandboxError::Snapshot(_) => RunFailure::new(FailureKind::Session, error.to_string())
            .hint("leave `session` out to start a new one"),
        SandboxError::Lost(_) => RunFailure::new(FailureKind::Internal, error.to_string())
            .hint("run the code again; the session has the variables of its last completed run"),
        SandboxError::Internal(_) => RunFailure::new(FailureKind::Internal, error.to_string()),
    };
    after_calls(failure, calls)
}

/// A limit, with what to do about it.
pub(crate) fn from_limit(exceeded: LimitExceeded) -> RunFailure {
    let less = match exceeded.limit {
        Limit::Memory => "work through the data in parts",
        Limit::Cpu => "look for a loop that does not end",
        Limit::Wall => "make independent calls together with `Promise.all`",
        Limit::Stack => "recurse less deeply",
        Limit::Regex => "write the regular expression without nested repetition",
        Limit::String => "keep a list of parts and not one text",
        Limit::Timers => "set fewer timers",
        Limit::Pending => "await calls in groups",
        Limit::Calls | Limit::CallsInFlight => "call a tool that takes many items at once",
        Limit::Argument => "send the data in parts",
        Limit::Result => "ask for fewer rows or fields",
        Limit::Output | Limit::OutputTokens => "return and log less: counts, the first rows",
        Limit::Code => "read data by tools and do not write it into the code",
    };
    RunFailure::new(FailureKind::Limit, exceeded.to_string())
        .hint(format!("{less}, or raise `limits.{}` in workroom.toml", exceeded.limit.setting()))
}

fn after_calls(mut failure: RunFailure, calls: CallStats) -> RunFailure {
    if calls.made > 0 {
        let hint = failure.hint.take().map(|hint| format!("{hint}; ")).unwrap_or_default();
        let were = if calls.made == 1 { "call was" } else { "calls were" };
        failure.hint =
            Some(format!("{hint}{} tool {were} sent before and may have had effects", calls.made));
    }
    failure
}

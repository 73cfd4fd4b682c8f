//! From what went wrong to the words that the agent reads: in its own text's
//! lines, with a next step.

use workroom_script::{ABSENT, Diagnostic, DiagnosticKind, Linked, Place, Position, UNCALLED};
use workroom_types::{Bound, Bounds, Limit, LimitExceeded, Limits};

use crate::{
    diagnosis::{self, Found},
    report::{FailureKind, RunFailure},
    run::Stop,
    sandbox::{GuestError, SandboxError},
    session::{Compiled, Session},
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
        | DiagnosticKind::SequentialCalls
        | DiagnosticKind::NotWaited
        | DiagnosticKind::Ignored
        | DiagnosticKind::NotCalled
        | DiagnosticKind::Undefined => FailureKind::Check,
        DiagnosticKind::Type => FailureKind::Type,
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
    failure.context.more = Some(more.join("\n"));
    failure
}

/// Whether a hint says why a run gave nothing.
pub(crate) fn is_why_nothing(note: &str) -> bool {
    note.starts_with("line ") && (note.contains(ABSENT) || note.contains(UNCALLED))
}

/// What could be better in a script, in a line.
pub(crate) fn hint(hint: &Diagnostic) -> String {
    let advice = hint.hint.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("line {}: {}{advice}", hint.position.line, hint.message)
}

/// What QuickJS throws when its stack is at its limit.
const STACK_OVERFLOW: &str = "Maximum call stack size exceeded";

/// What QuickJS throws when a text would be longer than its limit.
const STRING_TOO_LONG: &str = "invalid string length";

/// The same, of a text that is put together from two.
const TEXT_TOO_LONG: &str = "string too long";

/// An exception that nothing caught, at its innermost place in an agent's text, with what could
/// be found out of its cause.
pub(crate) fn from_exception(
    error: &GuestError,
    session: &Session,
    limits: &Limits,
    found: Option<Found>,
    called: Option<Position>,
) -> RunFailure {
    let mut failure = RunFailure::new(FailureKind::Exception, exception_message(error));
    if let Some((compiled, Place { skill, position })) = diagnosis::place(session, error) {
        // In a skill, the agent's own line is where it called it.
        let own = if skill.is_some() { called } else { Some(position) };
        failure.line = own.map(|position| position.line);
        failure.column = own.map(|position| position.column);
        let mut excerpt = match skill {
            Some(skill) => in_skill(compiled, skill, position, own),
            None => workroom_script::excerpt(&compiled.source, position),
        };
        if session.programs.back().is_some_and(|last| last.file != compiled.file) {
            excerpt.push_str("\n(in the code of an earlier run of this session)");
        }
        failure.excerpt = Some(excerpt);
    }
    match found {
        Some(Found::Cause(cause)) => {
            failure.context.values = cause.values;
            failure.hint = cause.hint;
        }
        Some(Found::Unseen(why)) => failure.context.values.push(format!("({why})")),
        None => {}
    }
    if !error.details.is_empty() {
        failure.context.values.insert(0, details(error));
    }
    if let Some(hint) = own_hint(error, session, limits) {
        failure.hint = Some(hint);
    } else if error.name.is_empty() && failure.line.is_none() {
        let hint = "throw `new Error('…')`: it knows the line that it comes from";
        failure.hint.get_or_insert_with(|| hint.to_owned());
    }
    failure
}

/// The place in a skill's code, and the one in the agent's that called it.
fn in_skill(
    compiled: &Compiled,
    skill: &Linked,
    position: Position,
    own: Option<Position>,
) -> String {
    let name = &skill.name;
    let inside = workroom_script::excerpt(&skill.code, position);
    let mut text = format!("in ./skills/{name}/index.ts:\n{inside}");
    if let Some(own) = own {
        text.push_str("\ncalled by your code:\n");
        text.push_str(&workroom_script::excerpt(&compiled.source, own));
    }
    text
}

/// A next step that the error's name and message are enough for.
fn own_hint(error: &GuestError, session: &Session, limits: &Limits) -> Option<String> {
    // A script may catch these, so they are exceptions; the limit behind is told all the same.
    let limit = match (error.name.as_str(), error.message.as_str()) {
        ("RangeError", STACK_OVERFLOW) => Some(Limit::Stack),
        ("RangeError", STRING_TOO_LONG) | ("InternalError", TEXT_TOO_LONG) => Some(Limit::String),
        _ => None,
    };
    if let Some(limit) = limit {
        let limit = from_limit(limits.exceeded(limit));
        return limit.hint.map(|hint| format!("{}: {hint}", limit.message));
    }
    let step = match error.message.as_str() {
        "empty array" => Some("give `reduce` a second argument to begin with, such as `0`"),
        message if message.starts_with("the returned value refers to itself") => {
            Some("return only the fields that are needed")
        }
        _ => None,
    };
    if let ("TypeError", Some(step)) = (error.name.as_str(), step) {
        return Some(step.to_owned());
    }
    if let ("ReferenceError", Some(name)) =
        (error.name.as_str(), error.message.strip_suffix(" is not defined"))
    {
        return Some(undefined_name(name, session));
    }
    call_hint(error)
}

/// What to do about a name that nothing declares.
fn undefined_name(name: &str, session: &Session) -> String {
    const NAMES_MAX: usize = 12;
    let mut names = session.names();
    for program in &session.programs {
        names.extend(program.program.declared.iter().cloned());
    }
    names.sort();
    names.dedup();
    let near = workroom_script::nearest(name, names.iter().map(String::as_str));
    if let Some(near) = near.first() {
        return format!("did you mean `{near}`?");
    }
    if names.is_empty() {
        return format!("declare `{name}` first; the session has no variables");
    }
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    format!("declare `{name}` first; the session's variables are {}", shown.join(", "))
}

/// Whether a failed call makes sense once more, where its error does not say so itself.
fn call_hint(error: &GuestError) -> Option<String> {
    let detail = |wanted: &str| {
        error.details.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    };
    detail("tool")?;
    if ["hint", "retry", "retryable"].iter().any(|name| detail(name).is_some()) {
        return None;
    }
    let hint = match detail("code")? {
        "tool_error" | "call_rejected" => {
            "the tool refused this call: change its arguments, as the same would be refused again"
        }
        "call_timeout" | "server_gone" | "in_doubt" => {
            "it may have happened: read the state first, and repeat it only if nothing has changed"
        }
        "server_unavailable" => "it was not sent: try again later, or do without this server",
        "result_too_large" => "call it for less at once: fewer rows, fewer fields, page by page",
        "invalid_arguments" => "nothing was sent: correct the arguments and call it again",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What an error has beside its message: `crm.get · code: call_timeout`.
fn details(error: &GuestError) -> String {
    let mut parts = Vec::new();
    let get = |wanted: &str| error.details.iter().find(|(name, _)| name == wanted);
    let tool = get("server").zip(get("tool"));
    if let Some(((_, server), (_, tool))) = tool {
        parts.push(format!("{server}.{tool}"));
    }
    // The message of an error about arguments has the signature.
    let told = error.details.iter().filter(|(name, _)| name != "signature");
    for (name, value) in told {
        if tool.is_none() || (name != "server" && name != "tool") {
            parts.push(format!("{name}: {value}"));
        }
    }
    parts.join(" · ")
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

/// A run that ended before its script did.
pub(crate) fn from_stop(stop: &Stop) -> RunFailure {
    match stop {
        Stop::Sandbox(error) => from_sandbox(error),
        Stop::Store(error) => from_store(error),
    }
}

/// What a run came to and may not be told.
pub(crate) fn withheld(reason: &str) -> RunFailure {
    RunFailure::new(FailureKind::Internal, format!("the run's result is withheld: {reason}"))
        .hint("return less, or without what cannot be looked at")
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
pub(crate) fn from_sandbox(error: &SandboxError) -> RunFailure {
    match error {
        SandboxError::Limit { limit, max } => {
            let exceeded = LimitExceeded { limit: *limit, max: *max };
            from_limit(exceeded)
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
    }
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
        Limit::Output | Limit::OutputTokens | Limit::LogTokens => {
            "return and log less: counts, the first rows"
        }
        Limit::Shown => "show fewer or smaller images",
        Limit::Diagnosis => "look at the values yourself",
        Limit::Code => "read data by tools and do not write it into the code",
    };
    RunFailure::new(FailureKind::Limit, exceeded.to_string())
        .hint(format!("{less}, or raise `limits.{}` in workroom.toml", exceeded.limit.setting()))
}

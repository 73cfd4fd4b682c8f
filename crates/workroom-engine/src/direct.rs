//! One tool called as a run of its own: for agents that see tools and not code.
//!
//! The call is a script of one statement. So it is recorded, checked, limited, retried and
//! resumed as any other, and whatever guards scripts guards it. It runs in a session that ends
//! with it, and calls of one agent do not wait for each other. Only a result that is too long to
//! be shown enters the agent's session, as a variable, for code to go on with.

use serde_json::{Map, Value, json};
use workroom_types::{Limit, SessionId, ToolRef};

use crate::{
    CallFailure, Engine, FailureKind, KnownTool, Passage, RunReport, RunRequest, SessionChoice,
    abridge, one_call::find, sandbox::LogLevel, shown, view,
};

/// How many tokens of the budget say where a result is kept.
const KEPT_TOKENS: usize = 120;

/// A call of one tool, by an agent.
#[derive(Clone, Debug)]
pub struct DirectCall {
    /// The server's folder or name.
    pub server: String,
    /// The tool's name or function.
    pub tool: String,
    /// What it is called with.
    pub arguments: Map<String, Value>,
    /// Where a result is kept that is too long to be shown.
    pub session: SessionId,
    /// Tells the variables of one session from each other: it ends their names.
    pub number: u64,
    /// The most o200k tokens to answer with, if fewer than the configured limit.
    pub max_tokens: Option<u64>,
}

/// What a direct call came to, for its agent.
#[derive(Clone, Debug)]
pub struct DirectAnswer {
    /// What the agent reads.
    pub text: String,
    /// Its o200k tokens.
    pub tokens: usize,
    /// Images and other content blocks of MCP, in order.
    pub shown: Vec<Value>,
    /// The variable that holds all of the result, if it was too long.
    pub kept: Option<String>,
    /// Whether there is no result.
    pub is_error: bool,
    /// The run that it was; `None` where there is no such tool.
    pub report: Option<RunReport>,
}

impl DirectAnswer {
    fn refused(failure: &CallFailure) -> Self {
        // What the command line shows is of no use to an agent.
        let hint = failure.hint.as_deref().filter(|hint| !hint.contains("`workroom "));
        let hint = hint.map_or_else(String::new, |hint| format!("\nhint: {hint}"));
        let text = failure.message.clone() + &hint;
        Self {
            tokens: workroom_ledger::tokens(&text),
            text,
            shown: Vec::new(),
            kept: None,
            is_error: true,
            report: None,
        }
    }
}

impl Engine {
    /// Calls one tool as a run of its own. Dropping the future stops the run.
    pub async fn call_directly(&self, call: DirectCall) -> DirectAnswer {
        self.call_directly_for(call, None).await
    }

    /// The same, entered into the account of `passage`.
    pub async fn call_directly_for(
        &self,
        call: DirectCall,
        passage: Option<Passage>,
    ) -> DirectAnswer {
        let (server, tool) = (call.server.as_str(), call.tool.as_str());
        let wait = self.0.settled(|name, folder| name == server || folder == server);
        let patience = std::time::Duration::from_millis(self.0.limits.base(Limit::Wall));
        // A server that is not ready by then says so itself below.
        let _ = tokio::time::timeout(patience, wait).await;
        let tool = match find(&self.catalog(), server, tool) {
            Ok(tool) => tool,
            Err(failure) => return DirectAnswer::refused(&failure),
        };
        let once = self.new_session_id();
        let request = RunRequest {
            code: script(&tool.server, &tool.tool, &call.arguments),
            session: SessionChoice::Once(once.clone()),
            timeout_ms: None,
        };
        let report = self.run_for(request, passage).await;
        self.0.sessions.remove(&once);
        // A store that fails now has failed the run, too, and that is told.
        let _ = self.forget(&once).await;
        self.answer(report, &call).await
    }

    /// How often each tool was called, so far as the store knows of it.
    pub async fn calls_by_tool(&self) -> Vec<(ToolRef, u32)> {
        let known = self.0.store.shapes(None).await.unwrap_or_default();
        let calls = known.into_iter().filter_map(|record| {
            Some((record.tool, KnownTool::read(&record.body)?.observed.calls))
        });
        calls.collect()
    }

    async fn answer(&self, report: RunReport, call: &DirectCall) -> DirectAnswer {
        let mut limits = self.0.limits;
        if let Some(tokens) = call.max_tokens {
            limits = limits.tightened(Limit::OutputTokens, tokens);
        }
        let budget = limits.size(Limit::OutputTokens);
        let counted = tokio::task::spawn_blocking(move || {
            let text = words(&report, budget);
            (report, text)
        });
        let (report, mut said) = match counted.await {
            Ok(done) => done,
            Err(error) => {
                let message = format!("the result cannot be shown: {error}");
                let code = "internal".to_owned();
                return DirectAnswer::refused(&CallFailure { code, message, hint: None });
            }
        };
        let mut kept = None;
        if !said.is_whole {
            kept = self.keep(&report, call).await;
            if let Some(name) = &kept {
                let line = format!(
                    "the whole result is the variable `{name}` in session {}: go on with run_code \
                     in that session, and return only what you need of it\n",
                    call.session
                );
                said.text.insert_str(0, &line);
            }
        }
        let text = workroom_ledger::prefix(&said.text, budget).to_owned();
        let blocks = report.logs.iter().filter(|line| line.level == LogLevel::Show);
        DirectAnswer {
            tokens: workroom_ledger::tokens(&text),
            text,
            shown: blocks.filter_map(|line| shown::block(&line.text)).collect(),
            kept,
            is_error: report.outcome.is_err(),
            report: Some(report),
        }
    }

    /// Makes the result of `report` a variable of the agent's session, and gives its name.
    async fn keep(&self, report: &RunReport, call: &DirectCall) -> Option<String> {
        let catalog = self.catalog();
        let tool = catalog.server(&call.server).and_then(|server| server.tool(&call.tool));
        // A function's name is an identifier; a number at its end keeps it from being one that
        // the sandbox has already.
        let stem = tool.map_or("result", |tool| &tool.function);
        let name = format!("{stem}{}", call.number);
        let request = RunRequest {
            code: format!("var {name} = await readFile('./results/{}.json');", report.run),
            session: SessionChoice::Own(call.session.clone()),
            timeout_ms: None,
        };
        self.run(request).await.outcome.is_ok().then_some(name)
    }
}

struct Said {
    text: String,
    is_whole: bool,
}

/// The result or the error of `report` in at most `budget` tokens: there is no header, since all
/// that an agent asked for is the tool's result.
fn words(report: &RunReport, budget: usize) -> Said {
    let notes: Vec<String> = report.notes.iter().map(|note| format!("note: {note}")).collect();
    let mut text = match notes.as_slice() {
        [] => String::new(),
        notes => abridge::text(&notes.join("\n"), budget / 4) + "\n",
    };
    let left = budget.saturating_sub(workroom_ledger::tokens(&text) + 2);
    match &report.outcome {
        Ok(Some(json)) => {
            let run = report.run.as_str();
            let mut view = view::view(json, left, run);
            if !view.is_whole {
                view = view::view(json, left.saturating_sub(KEPT_TOKENS), run);
            }
            text += &view.text;
            Said { text, is_whole: view.is_whole }
        }
        Ok(None) => Said { text: text + "null", is_whole: true },
        Err(failure) => {
            text += failure.message.strip_prefix("ToolError: ").unwrap_or(&failure.message);
            // The rest is about the script, which the agent did not write.
            let is_own = !matches!(failure.kind, FailureKind::Syntax | FailureKind::Type);
            if let Some(hint) = failure.hint.as_ref().filter(|_| is_own) {
                text += "\nhint: ";
                text += hint;
            }
            Said { text: abridge::text(&text, budget), is_whole: true }
        }
    }
}

/// The script that calls `tool` with `arguments`, and passes images on.
fn script(server: &str, tool: &str, arguments: &Map<String, Value>) -> String {
    // JSON in a literal, and not as source: there, a key `__proto__` would be no key.
    let arguments = Value::from(Value::Object(arguments.clone()).to_string());
    let (server, tool) = (json!(server), json!(tool));
    format!(
        "const answer = await __workroom.call({server}, {tool}, JSON.parse({arguments}));\n\
         if (Array.isArray(answer) && answer.some((part) => \
         ['image', 'audio', 'resource'].includes(part?.type))) {{\n  \
         try {{ show(answer); }} catch {{ /* data that only looks like content */ }}\n}}\n\
         return answer;\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_is_written_as_literals() {
        let arguments = json!({ "__proto__": 1, "text": "\"); evil(\"" });
        let text = script("a\"b", "t", arguments.as_object().unwrap());
        let first = text.lines().next().unwrap();
        assert_eq!(
            first,
            r#"const answer = await __workroom.call("a\"b", "t", JSON.parse("{\"__proto__\":1,\"text\":\"\\\"); evil(\\\"\"}"));"#
        );
    }
}

//! What a run's calls came to: for an agent that must know, after an error, what has been done.

use std::collections::HashMap;

use workroom_types::ToolRef;

/// The most tools that are named one by one.
const TOOLS_SHOWN_MAX: usize = 12;

/// A run's calls by tool, in the order of their first call.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    tools: Vec<Tool>,
    /// The tool of each call without an answer.
    open: HashMap<u32, usize>,
}

#[derive(Debug)]
struct Tool {
    name: ToolRef,
    done: u64,
    failed: u64,
    open: u64,
}

impl Tool {
    fn counted(&self, count: u64) -> Option<(&ToolRef, u64)> {
        (count > 0).then_some((&self.name, count))
    }

    fn done(&self) -> Option<(&ToolRef, u64)> {
        self.counted(self.done)
    }

    fn failed(&self) -> Option<(&ToolRef, u64)> {
        self.counted(self.failed)
    }

    fn open(&self) -> Option<(&ToolRef, u64)> {
        self.counted(self.open)
    }
}

impl Effects {
    /// The call `id` of `tool` is under way.
    pub(crate) fn sent(&mut self, id: u32, tool: &ToolRef) {
        let known = self.tools.iter().position(|known| known.name == *tool);
        let index = known.unwrap_or_else(|| {
            self.tools.push(Tool { name: tool.clone(), done: 0, failed: 0, open: 0 });
            self.tools.len() - 1
        });
        self.tools[index].open += 1;
        self.open.insert(id, index);
    }

    /// The call `id` was answered.
    pub(crate) fn answered(&mut self, id: u32, is_ok: bool) {
        let Some(index) = self.open.remove(&id) else { return };
        let tool = &mut self.tools[index];
        tool.open -= 1;
        *(if is_ok { &mut tool.done } else { &mut tool.failed }) += 1;
    }

    /// The calls in words; `None` where there were none. `reads_only` says whether a tool changes
    /// nothing.
    pub(crate) fn text(&self, reads_only: impl Fn(&ToolRef) -> bool) -> Option<String> {
        let (reads, changes): (Vec<&Tool>, Vec<&Tool>) =
            self.tools.iter().partition(|tool| reads_only(&tool.name));
        let mut parts = Vec::new();
        if let Some(list) = list(changes.iter().filter_map(|tool| tool.done())) {
            parts.push(format!("calls that may have changed something: {list}"));
        }
        if let Some(list) = list(changes.iter().filter_map(|tool| tool.open())) {
            parts.push(format!("sent without an answer, may have happened: {list}"));
        }
        if let Some(list) = list(changes.iter().chain(&reads).filter_map(|tool| tool.failed())) {
            parts.push(format!("calls that failed: {list}"));
        }
        if let Some(list) = list(reads.iter().filter_map(|tool| tool.done())) {
            parts.push(format!("calls that only read: {list}"));
        }
        if parts.is_empty() {
            return list(reads.iter().filter_map(|tool| tool.open()))
                .map(|list| format!("calls that only read, without an answer: {list}"));
        }
        Some(parts.join("; "))
    }
}

/// `3 × crm.get, crm.list`; `None` of nothing.
fn list<'t>(tools: impl Iterator<Item = (&'t ToolRef, u64)>) -> Option<String> {
    let mut words: Vec<String> = tools
        .map(|(tool, count)| match count {
            1 => tool.to_string(),
            count => format!("{count} × {tool}"),
        })
        .collect();
    let more = words.len().saturating_sub(TOOLS_SHOWN_MAX);
    if more > 0 {
        words.truncate(TOOLS_SHOWN_MAX);
        words.push(format!("{more} more tools"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls as `tool+` (done), `tool-` (failed) or `tool?` (no answer); `get…` only read.
    #[track_caller]
    fn check(calls: &[&str], expected: Option<&str>) {
        let mut effects = Effects::default();
        for (id, call) in (0..).zip(calls) {
            let (name, state) = call.split_at(call.len() - 1);
            let tool = ToolRef { server: "crm".to_owned(), tool: name.to_owned() };
            effects.sent(id, &tool);
            match state {
                "+" => effects.answered(id, true),
                "-" => effects.answered(id, false),
                _ => {}
            }
        }
        let text = effects.text(|tool| tool.tool.starts_with("get"));
        assert_eq!(text.as_deref(), expected);
    }

    #[test]
    fn what_may_have_changed_something_comes_first() {
        check(&[], None);
        check(&["get+", "get+"], Some("calls that only read: 2 × crm.get"));
        check(&["get?"], Some("calls that only read, without an answer: crm.get"));
        check(
            &["get+", "pay+", "pay-", "send?"],
            Some(
                "calls that may have changed something: crm.pay; sent without an answer, may have \
                 happened: crm.send; calls that failed: crm.pay; calls that only read: crm.get",
            ),
        );
    }

    #[test]
    fn one_tool_too_many_is_counted() {
        let names: Vec<String> = (0..=TOOLS_SHOWN_MAX).map(|n| format!("get{n}+")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut effects = Effects::default();
        for (id, name) in (0..).zip(&names) {
            let tool = ToolRef { server: "crm".to_owned(), tool: (*name).to_owned() };
            effects.sent(id, &tool);
            effects.answered(id, true);
        }
        assert!(effects.text(|_| true).unwrap().ends_with(", crm.get11+, 1 more tools"));
    }
}

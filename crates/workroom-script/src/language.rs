//! Texts that do not parse since they are not TypeScript: which language they are in.

use oxc::span::Span;

use crate::{check::Finding, diagnostic::DiagnosticKind};

/// Commands that a line of shell begins with.
const COMMANDS: &[&str] = &[
    "apt", "bash", "brew", "cargo", "cat", "cd", "chmod", "cp", "curl", "docker", "echo", "export",
    "find", "git", "grep", "jq", "kubectl", "ls", "mkdir", "mv", "node", "npm", "npx", "pip",
    "psql", "python", "python3", "rm", "sed", "sh", "ssh", "sudo", "tail", "touch", "uvx", "wget",
    "yarn",
];

/// What `text` is instead of TypeScript, if one of its lines says so beyond doubt.
pub(crate) fn other(text: &str) -> Option<Finding> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let told = if is_python(line.trim()) {
            Some((
                "this is Python, and scripts are TypeScript",
                "write `const x = await crm.getContact({ id })`, `for (const x of list) { … }`, \
                 `console.log(…)`",
            ))
        } else if is_shell(line.trim()) {
            Some((
                "this is a shell command, and scripts are TypeScript",
                "there is no shell here: import a server's tools and call them",
            ))
        } else {
            None
        };
        if let Some((message, hint)) = told {
            let start = u32::try_from(offset + indent).unwrap_or(u32::MAX);
            let span = Span::new(start, start);
            let kind = DiagnosticKind::Unsupported;
            return Some(Finding::new(kind, span, message).hint(hint));
        }
        offset += line.len();
    }
    None
}

/// Lines that Python has and TypeScript cannot.
fn is_python(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, last) = (words.next().unwrap_or_default(), line.ends_with(':'));
    match first {
        "def" | "elif" | "except" | "except:" | "lambda" => last,
        "async" => words.next() == Some("def") && last,
        "class" | "with" | "while" | "if" => last && !line.contains('{'),
        "for" => last && line.contains(" in ") && !line.contains('('),
        "try:" | "else:" | "finally:" => true,
        "from" => line.contains(" import ") && !line.contains(['\'', '"']),
        "import" => {
            let module = words.next().unwrap_or_default();
            let rest = words.next();
            let is_name = module.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
            is_name && !module.is_empty() && (rest.is_none() || rest == Some("as"))
        }
        _ => false,
    }
}

fn is_shell(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let Some(command) = words.next() else { return false };
    // A command with an argument, and nothing that makes an expression of it.
    let argument = words.next().unwrap_or_default();
    COMMANDS.contains(&command)
        && !argument.is_empty()
        && !matches!(argument, "=" | "=>" | ":" | "." | "(" | "===" | "==" | "in" | "of" | "?")
        && !line.ends_with([';', '{', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_typescript_tells_the_language() {
        for (text, expected) in [
            ("def main():\n    pass", "Python"),
            ("x = 1\nfor a in b:\n    print(a)", "Python"),
            ("from crm import get\nget()", "Python"),
            ("import json\n", "Python"),
            ("curl -s http://x | jq .", "shell"),
            ("  git log", "shell"),
            ("for (const a of b) {", "nothing"),
            ("import json from './x'", "nothing"),
            ("import './x'", "nothing"),
            ("from = 1", "nothing"),
            ("find = 1", "nothing"),
            ("label:", "nothing"),
            ("case 1:", "nothing"),
            ("const x = cond ? a :", "nothing"),
        ] {
            let found = other(text).map(|found| found.message);
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            assert!(found.contains(expected), "{text}: {found}");
        }
    }
}

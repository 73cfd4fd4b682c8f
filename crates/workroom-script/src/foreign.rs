//! Texts of other languages: what they are, and what to write instead.
//!
//! Asked only of a text that does not parse as TypeScript, so a mistake in TypeScript is rarely
//! taken for another language: each sign is one that TypeScript cannot have.

use crate::diagnostic::{Diagnostic, DiagnosticKind, Position};

/// Commands that begin a line of a shell script.
const COMMANDS: &[&str] = &[
    "$", "apt", "apt-get", "awk", "bash", "brew", "cat", "cd", "chmod", "cp", "curl", "docker",
    "echo", "find", "git", "grep", "head", "jq", "kubectl", "ls", "mkdir", "mv", "node", "npm",
    "npx", "pip", "pip3", "psql", "python", "python3", "rm", "sed", "sh", "sudo", "tail", "touch",
    "ts-node", "uv", "wget", "yarn",
];

/// What language `source` is in, if it is surely another.
pub(crate) fn detect(source: &str) -> Option<Diagnostic> {
    let mut in_block = false;
    for (line, text) in (1..).zip(source.lines()) {
        let trimmed = text.trim();
        if trimmed.starts_with("/*") {
            in_block = !trimmed.contains("*/");
            continue;
        }
        if in_block || trimmed.is_empty() || trimmed.starts_with("//") {
            in_block &= !trimmed.contains("*/");
            continue;
        }
        let indent = text.chars().count() - text.trim_start().chars().count();
        let column = u32::try_from(indent).unwrap_or(u32::MAX - 1) + 1;
        let (message, hint) = if is_python(trimmed) {
            (
                "this is Python, and the sandbox runs TypeScript",
                "write TypeScript: `import * as name from './servers/<server>'`, \
                 `const x = await name.tool({ … })`, `return x`",
            )
        } else if is_shell(trimmed) {
            (
                "this is a shell command, and the sandbox runs TypeScript",
                "there is no shell: call a server's tool, `await name.tool({ … })` (`search` \
                 finds one)",
            )
        } else if is_sql(trimmed) {
            (
                "this is SQL, and the sandbox runs TypeScript",
                "give it to a database tool as text: `await name.query({ sql: '…' })` (`search` \
                 finds one)",
            )
        } else {
            continue;
        };
        return Some(Diagnostic {
            kind: DiagnosticKind::Unsupported,
            message: message.to_owned(),
            position: Position { line, column },
            hint: Some(hint.to_owned()),
            signature: None,
        });
    }
    None
}

fn is_python(line: &str) -> bool {
    let code = line.split(" #").next().unwrap_or(line).trim_end();
    let opens = code.ends_with(':');
    let starts = |words: &[&str]| words.iter().any(|word| code.starts_with(word));
    let is_path = |text: &str| {
        !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || "._, ".contains(char))
    };
    let imports = code.strip_prefix("import ").is_some_and(is_path)
        || code
            .strip_prefix("from ")
            .and_then(|rest| rest.split_once(" import "))
            .is_some_and(|(module, _)| is_path(module));
    imports
        || line.starts_with("```python")
        || line.starts_with("```py")
        || (line.starts_with("#!") && line.contains("python"))
        || (opens && starts(&["def ", "async def ", "elif ", "except", "with ", "async with "]))
        || (opens
            && !code.contains(['(', '{', '?'])
            && starts(&["for ", "while ", "if ", "else:", "try:", "finally:"]))
        || (opens
            && starts(&["for ", "if ", "while "])
            && !code.contains('{')
            && !parenthesised(code))
        || starts(&["print \"", "print '", "print(f\"", "print(f'", "raise ", "async for "])
        || code.contains(" = await asyncio.")
}

/// Whether a statement has its condition in parentheses, as TypeScript needs it.
fn parenthesised(code: &str) -> bool {
    code.split_once(' ').is_some_and(|(_, rest)| rest.trim_start().starts_with('('))
}

fn is_shell(line: &str) -> bool {
    if line.starts_with("#!") {
        return line.contains("sh");
    }
    if ["```bash", "```sh", "```shell", "```console"].iter().any(|it| line.starts_with(it)) {
        return true;
    }
    let mut words = line.split_whitespace();
    let command = words.next().unwrap_or_default();
    let next = words.next().unwrap_or_default();
    let assigns = line
        .strip_prefix("export ")
        .and_then(|rest| rest.split_once('='))
        .is_some_and(|(name, _)| name.chars().all(|it| it.is_ascii_uppercase() || it == '_'));
    assigns
        || (COMMANDS.contains(&command)
            && !next.is_empty()
            && !next.starts_with(['=', '(', '.', '+', '?', ':', '&', '|', '<', '>', ',']))
}

fn is_sql(line: &str) -> bool {
    let line = line.to_uppercase();
    (line.starts_with("SELECT ") && (line.contains(" FROM ") || line.ends_with('*')))
        || ["INSERT INTO ", "CREATE TABLE ", "DELETE FROM ", "ALTER TABLE "]
            .iter()
            .any(|start| line.starts_with(start))
}

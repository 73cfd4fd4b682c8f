//! Names of servers and tools, made fit for paths and TypeScript.
//!
//! A tool has one name in TypeScript: `get_contact` is the function `getContact`
//! in the file `getContact.ts`. The file is called after the function and not
//! after the tool, so that an agent that saw a listing can write
//! `import { getContact } from './servers/crm'` without opening anything, and
//! never has two spellings to mix up. The tool's own name still opens its file.
//!
//! # Invariants
//!
//! * Within a server no two stems are equal, also where case is ignored; the same
//!   holds for folders and for the identifiers of servers.
//! * A stem is an ASCII identifier of at most [`NAME_CHARS_MAX`] characters that no
//!   system and no language reserves. A folder is of `[a-z0-9_-]` and starts with
//!   neither a dash nor an underscore.
//! * The order of a list changes nothing.
//! * A name that loses characters on its way (`é`, `$`, invisible ones, what is too
//!   long) always carries a hash of itself. It can therefore not take the plain name
//!   of another, and adding or removing it renames nothing.
//! * Where several whole names meet (`get_user`, `getUser`), the plain one goes to the
//!   camel-case spelling, then to snake case, then to the first in byte order. The others
//!   carry a hash of themselves: a new spelling renames an old one only if it stands
//!   before it in this order.

use std::collections::HashSet;

use crate::text;

/// The most characters of a stem, an identifier or a folder name.
pub const NAME_CHARS_MAX: usize = 64;

/// `_` or `-`, and eight digits.
const SUFFIX_CHARS: usize = 9;

/// Words that cannot name a function or an import. The last three lines are names to which the
/// module system, promises, objects or the generated files give a meaning.
const RESERVED: &[&str] = &[
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "exports",
    "module",
    "require",
    "globalThis",
    "console",
    "servers",
    "callMCPTool",
    "constructor",
    "hasOwnProperty",
    "prototype",
    "then",
    "toJSON",
    "toString",
    "valueOf",
];

/// A name before collisions are looked at.
struct Candidate {
    base: String,
    /// Characters of the name do not show in `base`.
    lossy: bool,
    /// 0 for the spelling that has the best claim to `base`.
    rank: u8,
}

/// The functions (and file stems) of tools called `names`, in the same order.
pub(crate) fn functions(names: &[&str]) -> Vec<String> {
    allocate(names, function_candidate, '_')
}

/// The folders of servers called `names`, in the same order.
pub(crate) fn folders(names: &[&str]) -> Vec<String> {
    allocate(names, folder_candidate, '-')
}

/// The name of a type: `getContact` and `Input` make `GetContactInput`.
pub(crate) fn type_name(function: &str, role: &str) -> String {
    let mut chars = function.trim_end_matches('_').chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(role.chars()).collect()
}

/// A type name for the last part of a reference, such as `workbook_settings`.
pub(crate) fn local_type(name: &str) -> String {
    let (mut text, _) = camel(crate::text::prefix(name, NAME_CHARS_MAX));
    if text.is_empty() {
        "type".clone_into(&mut text);
    }
    let text = type_name(&text, "");
    if text.starts_with(|c: char| c.is_ascii_digit()) { format!("T{text}") } else { text }
}

fn allocate(names: &[&str], make: fn(&str) -> Candidate, joint: char) -> Vec<String> {
    let candidates: Vec<Candidate> = names.iter().map(|name| make(name)).collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&i| (candidates[i].lossy, candidates[i].rank, names[i], i));
    let mut taken: HashSet<String> = HashSet::with_capacity(names.len());
    let mut given: Vec<Option<String>> = vec![None; names.len()];
    // Every plain name first: no hash may take one.
    for &i in &order {
        let Candidate { base, lossy, .. } = &candidates[i];
        if !lossy && taken.insert(base.to_ascii_lowercase()) {
            given[i] = Some(base.clone());
        }
    }
    for &i in &order {
        if given[i].is_some() {
            continue;
        }
        let base = &candidates[i].base;
        let base = crate::text::prefix(base, NAME_CHARS_MAX - SUFFIX_CHARS);
        // A second try is needed only where hashes meet, or a name is listed twice.
        given[i] = (0..=u32::MAX)
            .map(|attempt| format!("{base}{joint}{:08x}", hash(names[i], attempt)))
            .find(|name| taken.insert(name.to_ascii_lowercase()));
    }
    given.into_iter().flatten().collect()
}

fn function_candidate(name: &str) -> Candidate {
    let (mut base, mut lossy) = camel(crate::text::prefix(name, 2 * NAME_CHARS_MAX));
    lossy |= name.len() > 2 * NAME_CHARS_MAX;
    if base.is_empty() {
        "tool".clone_into(&mut base);
        lossy = true;
    }
    if base.starts_with(|c: char| c.is_ascii_digit()) {
        base.insert(0, '_');
    }
    if RESERVED.contains(&base.as_str()) || is_file(&base) {
        base.push('_');
    }
    finish(name, base, lossy)
}

fn folder_candidate(name: &str) -> Candidate {
    let mut base = String::new();
    let mut lossy = false;
    for c in crate::text::prefix(name, 2 * NAME_CHARS_MAX).chars() {
        match c {
            'a'..='z' | '0'..='9' | '_' => base.push(c),
            'A'..='Z' => base.push(c.to_ascii_lowercase()),
            _ => {
                lossy |= !is_separator(c);
                if !base.ends_with('-') {
                    base.push('-');
                }
            }
        }
    }
    let mut base = base.trim_matches(['-', '_']).to_owned();
    lossy |= name.len() > 2 * NAME_CHARS_MAX;
    if base.is_empty() {
        "server".clone_into(&mut base);
        lossy = true;
    }
    if is_file(&base) || matches!(base.as_str(), "node_modules" | "constructor" | "prototype") {
        base.push('_');
    }
    finish(name, base, lossy)
}

fn finish(name: &str, mut base: String, mut lossy: bool) -> Candidate {
    if base.len() > NAME_CHARS_MAX {
        base.truncate(NAME_CHARS_MAX - SUFFIX_CHARS);
        lossy = true;
    }
    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let rank = if name == base { 0 } else { 1 + u8::from(!name.chars().all(snake)) };
    Candidate { base, lossy, rank }
}

/// Names that a folder listing or a file system gives another meaning.
fn is_file(stem: &str) -> bool {
    let stem = stem.to_ascii_lowercase();
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
    matches!(stem.as_str(), "index" | "con" | "prn" | "aux" | "nul")
        || port.is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']))
}

/// What may make a reader take `name` for another one, as a clause.
pub(crate) fn deceives(name: &str) -> Option<&'static str> {
    // Letters of these alphabets look like Latin ones. A name all in one of them is a plain name.
    let resembles = |c: char| {
        matches!(c,
            '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{531}'..='\u{58f}'
            | '\u{13a0}'..='\u{13ff}' | '\u{1d400}'..='\u{1d7ff}' | '\u{2c80}'..='\u{2cff}'
            | '\u{a4d0}'..='\u{a4ff}' | '\u{ff01}'..='\u{ff5e}')
            && c.is_alphanumeric()
    };
    if name.chars().any(text::is_hidden) {
        Some("has characters that cannot be seen")
    } else if name.contains(|c: char| c.is_ascii_alphabetic()) && name.contains(resembles) {
        Some("mixes letters that look alike and are not the same")
    } else {
        None
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '_' | '-' | '.' | ' ' | '/' | ':')
}

/// `name` in camelCase, and whether characters were lost.
pub(crate) fn camel(name: &str) -> (String, bool) {
    let mut out = String::new();
    let mut lossy = false;
    for part in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        if part.is_empty() {
            continue;
        }
        let shouted = part.len() > 1 && !part.bytes().any(|b| b.is_ascii_lowercase());
        if out.is_empty() {
            out.push_str(&lower_start(part));
        } else {
            let (first, rest) = part.split_at(1);
            out.push_str(&first.to_ascii_uppercase());
            out.push_str(&if shouted { rest.to_ascii_lowercase() } else { rest.to_owned() });
        }
    }
    lossy |= name.chars().any(|c| !c.is_ascii_alphanumeric() && !is_separator(c));
    (out, lossy)
}

/// `HTTPGet` as `httpGet`, `GET` as `get`, `Get` as `get`.
fn lower_start(part: &str) -> String {
    let upper = part.bytes().take_while(u8::is_ascii_uppercase).count();
    let followed = part[upper..].starts_with(|c: char| c.is_ascii_lowercase());
    let end = if upper > 1 && followed { upper - 1 } else { upper };
    part[..end].to_ascii_lowercase() + &part[end..]
}

/// FNV-1a, folded to 32 bits: small, stable for ever, and only there to tell names apart.
fn hash(name: &str, attempt: u32) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes().chain(attempt.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    u32::try_from((hash >> 32) ^ (hash & 0xffff_ffff)).expect("both halves have 32 bits")
}

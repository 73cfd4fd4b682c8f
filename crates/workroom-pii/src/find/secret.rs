//! API keys, tokens and private keys: by the prefixes that issuers give them, by their form, and
//! by entropy where they are announced.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{Kind, span::Span};

/// The longest a token is read: a larger one is cut there, and what follows is a token of its own.
const TOKEN_MAX: usize = 16 * 1024;

/// A prefix and the fewest characters that follow it.
const PREFIXES: [(&str, usize); 56] = [
    ("sk-ant-", 20),
    ("sk-proj-", 20),
    ("sk-or-", 20),
    ("sk-", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("whsec_", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 30),
    ("glpat-", 16),
    ("gldt-", 16),
    ("glrt-", 16),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("GOCSPX-", 20),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxs-", 16),
    ("xoxe-", 16),
    ("xapp-", 16),
    ("SG.", 30),
    ("npm_", 30),
    ("pypi-", 40),
    ("dop_v1_", 40),
    ("hf_", 28),
    ("r8_", 30),
    ("gsk_", 30),
    ("xai-", 30),
    ("pplx-", 30),
    ("shpat_", 28),
    ("shpss_", 28),
    ("shpca_", 28),
    ("sq0atp-", 20),
    ("sq0csp-", 30),
    ("EAAA", 40),
    ("dapi", 32),
    ("lin_api_", 30),
    ("ntn_", 30),
    ("secret_", 32),
    ("figd_", 30),
    ("atlasv1.", 30),
    ("hvs.", 20),
    ("AGE-SECRET-KEY-1", 50),
    ("key-", 32),
    ("PMAK-", 30),
    ("tskey-", 16),
    ("sntrys_", 30),
];

/// What announces a secret: what follows is one.
const ANNOUNCED: [&str; 4] = ["Bearer ", "bearer ", "Basic ", "AccountKey="];

static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let patterns =
        PREFIXES.iter().map(|(prefix, _)| *prefix).chain(ANNOUNCED).chain(["eyJ", "-----BEGIN "]);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns).ok()
});

/// Adds what is secret in `text`.
pub(crate) fn secrets(text: &str, spans: &mut Vec<Span>) {
    let Some(automaton) = AUTOMATON.as_ref() else { return };
    let bytes = text.as_bytes();
    let mut done = 0;
    for found in automaton.find_iter(text) {
        let (start, after) = (found.start(), found.end());
        let index = found.pattern().as_usize();
        let inside = start
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'-');
        if start < done || inside && !text[start..].starts_with("-----") {
            continue;
        }
        let range = match PREFIXES.get(index) {
            Some((_, least)) => prefixed(bytes, start, after, *least),
            None if text.get(start..).is_some_and(|rest| rest.starts_with("eyJ")) => {
                jwt(bytes, start)
            }
            None if bytes.get(start) == Some(&b'-') => private_key(text, start),
            None => announced(bytes, after),
        };
        if let Some((start, end)) = range {
            spans.push(Span::new((start, end), Kind::Credential, "secret", 96));
            done = end;
        }
    }
}

/// How many bytes of a token follow.
fn run(bytes: &[u8], from: usize, inside: impl Fn(&u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().take(TOKEN_MAX).take_while(|b| inside(b)).count()
}

fn prefixed(bytes: &[u8], start: usize, after: usize, least: usize) -> Option<(usize, usize)> {
    let length = run(bytes, after, |b| b.is_ascii_alphanumeric() || b"_-.".contains(b));
    let mut end = after + length;
    while end > after && bytes.get(end - 1) == Some(&b'.') {
        end -= 1;
    }
    let rest = bytes.get(after..end)?;
    // Words joined by dashes (`sk-estate-agents-of-london`) are no key.
    let digits = rest.iter().filter(|b| b.is_ascii_digit()).count();
    let shuffled = digits >= 2 || entropy(rest) > 4.0;
    (rest.len() >= least && shuffled).then_some((start, end))
}

/// Three parts of base64url, of which the first is the start of a JSON object.
fn jwt(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let part = |from: usize| run(bytes, from, |b| b.is_ascii_alphanumeric() || b"_-=".contains(b));
    let mut end = start;
    for index in 0..3 {
        let length = part(end);
        if index < 2 && (length < 8 || bytes.get(end + length) != Some(&b'.')) {
            return (index == 1 && length >= 8).then_some((start, end + length));
        }
        end += length + usize::from(index < 2);
    }
    Some((start, end))
}

/// From the opening line of a private key to its closing one.
fn private_key(text: &str, start: usize) -> Option<(usize, usize)> {
    let rest = text.get(start..)?;
    let line = rest.get(
        ..rest.find("-----\n").or_else(|| rest.find("-----\\n")).or_else(|| rest.find("----- "))?,
    )?;
    if !line.contains("PRIVATE KEY") || line.len() > 64 {
        return None;
    }
    let body = line.len() + 5;
    let end = match rest.get(body..)?.find("-----END ") {
        Some(end) => {
            let closing = rest.get(body + end + 9..)?;
            body + end + 9 + closing.find("-----").map_or(0, |at| at + 5)
        }
        // A key that was cut off is a key still.
        None => rest.len(),
    };
    Some((start, start + end))
}

/// What follows `Bearer`.
fn announced(bytes: &[u8], after: usize) -> Option<(usize, usize)> {
    let length = run(bytes, after, |b| b.is_ascii_alphanumeric() || b"_-.~+/=".contains(b));
    let token = bytes.get(after..after + length)?;
    let digits = token.iter().any(u8::is_ascii_digit);
    let mixed =
        token.iter().any(u8::is_ascii_uppercase) && token.iter().any(u8::is_ascii_lowercase);
    let secret = length >= 8 && (digits || mixed || token.ends_with(b"="));
    secret.then_some((after, after + length))
}

/// The entropy of a byte, in bits.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let total = f64::from(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).max(1.0);
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

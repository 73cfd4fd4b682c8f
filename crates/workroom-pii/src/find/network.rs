//! IP and MAC addresses, and URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::number::Group;
use crate::{Kind, context::Context, span::Span};

/// Adds the group if it is an IPv4 address.
pub(crate) fn ipv4(text: &str, group: &Group, key: &Context, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let [a, .., d] = group.parts.as_slice() else { return };
    if group.parts.len() != 4 || group.separator(bytes) != Some(b'.') {
        return;
    }
    let Some(Ok(ip)) = text.get(a.0..d.1).map(str::parse::<Ipv4Addr>) else { return };
    if !tells(IpAddr::V4(ip)) || bytes.get(d.1) == Some(&b'.') && digit(bytes, d.1 + 1) {
        return;
    }
    // `::ffff:192.0.2.1` is one address.
    let mapped = text
        .get(..a.0)
        .filter(|before| before.len() >= 7 && before.to_ascii_lowercase().ends_with("::ffff:"));
    let start = mapped.map_or(a.0, |before| before.len() - "::ffff:".len());
    let before = text.get(start.saturating_sub(10)..start).unwrap_or_default();
    let before = before.to_ascii_lowercase();
    let version = before.ends_with('v')
        || ["version ", "version: ", "release ", "build "].iter().any(|w| before.ends_with(w))
        || group.in_code;
    let octets = ip.octets();
    let small = octets.iter().all(|octet| *octet < 32);
    let said = Context::before(text, start).with_key(key).says(Kind::Ip);
    let confidence = match () {
        () if version && !said => 30,
        () if small && !said => 62,
        () => 95,
    };
    spans.push(Span::new((start, d.1), Kind::Ip, "ip", confidence));
}

fn digit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_digit)
}

/// Whether an address says anything of anybody: loopback and the like do not.
fn tells(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_unspecified() || ip.is_broadcast()),
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unspecified()),
    }
}

/// Adds IPv6 and MAC addresses.
pub(crate) fn addresses_v6_and_mac(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let inside = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let mut at = 0;
    while let Some(colon) = bytes.get(at..).and_then(|rest| memchr::memchr(b':', rest)) {
        let colon = at + colon;
        let back = bytes.get(at..colon).unwrap_or_default();
        let start = colon - back.iter().rev().take_while(|b| b.is_ascii_hexdigit()).count();
        let length = bytes[start..].iter().take(64).take_while(|b| inside(b)).count();
        let mut end = start + length;
        at = end.max(colon + 1);
        let word = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        if word(start.checked_sub(1).and_then(|before| bytes.get(before))) || word(bytes.get(end)) {
            continue;
        }
        while end > start && matches!(bytes[end - 1], b'.') {
            end -= 1;
        }
        let mut candidate = text.get(start..end).unwrap_or_default();
        if candidate.ends_with(':') && !candidate.ends_with("::") {
            candidate = candidate.trim_end_matches(':');
        }
        let range = (start, start + candidate.len());
        if is_mac(candidate.as_bytes(), b':') {
            spans.push(Span::new(range, Kind::Mac, "mac", 92));
        } else if candidate.len() >= 4 && candidate.bytes().filter(|b| *b == b':').count() >= 2 {
            let known = candidate.parse::<Ipv6Addr>().is_ok_and(|ip| tells(IpAddr::V6(ip)));
            if known {
                spans.push(Span::new(range, Kind::Ip, "ip", 95));
            }
        }
    }
    dashed_macs(text, spans);
}

/// `00-1A-2B-3C-4D-5E` and `001a.2b3c.4d5e`.
fn dashed_macs(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    for dash in memchr::memchr2_iter(b'-', b'.', bytes) {
        let (back, length) = if bytes[dash] == b'-' { (2, 17) } else { (4, 14) };
        let Some(start) = dash.checked_sub(back) else { continue };
        let Some(candidate) = bytes.get(start..start + length) else { continue };
        let word =
            |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b"-._".contains(b));
        let alone = !word(start.checked_sub(1).and_then(|before| bytes.get(before)))
            && !bytes.get(start + length).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-');
        let dotted = length == 14
            && candidate.iter().enumerate().all(|(index, byte)| match index {
                4 | 9 => *byte == b'.',
                _ => byte.is_ascii_hexdigit(),
            })
            && candidate.iter().any(u8::is_ascii_alphabetic);
        if alone && (is_mac(candidate, b'-') || dotted) {
            spans.push(Span::new((start, start + length), Kind::Mac, "mac", 85));
        }
    }
}

/// Six pairs of hexadecimal digits.
fn is_mac(candidate: &[u8], separator: u8) -> bool {
    candidate.len() == 17
        && candidate.iter().enumerate().all(|(index, byte)| match index % 3 {
            2 => *byte == separator,
            _ => byte.is_ascii_hexdigit(),
        })
        && candidate.iter().any(|byte| !matches!(byte, b'0' | b':' | b'-'))
}

/// Names of parameters of a URL whose values are secrets.
const SECRET_PARAMETERS: [&str; 20] = [
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "api_key",
    "apikey",
    "key",
    "secret",
    "client_secret",
    "password",
    "passwd",
    "pwd",
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-security-token",
    "x-goog-signature",
    "auth",
    "session",
    "jwt",
];

/// Adds URLs, and the secrets in them, which are masked under every profile.
pub(crate) fn urls(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    for at in memchr::memmem::find_iter(bytes, b"://") {
        let back = bytes[..at].iter().rev().take(16);
        let scheme = back.take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        if scheme < 2 {
            continue;
        }
        let start = at - scheme;
        let end = url_end(text, at + 3);
        if end <= at + 4 {
            continue;
        }
        spans.push(Span::new((start, end), Kind::Url, "url", 95));
        secrets_in_url(text, at + 3, end, spans);
    }
    for at in memchr::memmem::find_iter(bytes, b"www.") {
        let alone =
            at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || b"/.@-".contains(&bytes[at - 1]));
        let end = url_end(text, at + 4);
        if alone && text.get(at + 4..end).is_some_and(|host| host.contains('.')) {
            spans.push(Span::new((at, end), Kind::Url, "url", 90));
        }
    }
    domains(text, spans);
}

/// Where a URL ends: at a space or a quote, without the sentence's signs.
fn url_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let stop = |c: char| c.is_whitespace() || c.is_control() || "\"'<>`|\\{}^".contains(c);
    let url = rest.get(..rest.find(stop).unwrap_or(rest.len())).unwrap_or_default();
    let mut url = url;
    loop {
        let shorter = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        let open = |a: char, b: char| shorter.ends_with(b) && !shorter.contains(a);
        let cut =
            if open('(', ')') || open('[', ']') { &shorter[..shorter.len() - 1] } else { shorter };
        if cut.len() == url.len() {
            return from + url.len();
        }
        url = cut;
    }
}

/// Ends of host names that are no ends of file names or of code.
const TOP_LEVEL: [&str; 34] = [
    "com", "org", "net", "edu", "gov", "de", "uk", "fr", "es", "it", "nl", "be", "ch", "at", "pl",
    "cz", "se", "no", "dk", "fi", "hu", "pt", "ie", "eu", "ca", "au", "jp", "cn", "br", "ru",
    "info", "us", "biz", "nz",
];

/// Adds bare host names: `example.com`, `shop.example.co.uk/x`.
fn domains(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for dot in memchr::memchr_iter(b'.', bytes) {
        if dot < done {
            continue;
        }
        let label = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
        let back = bytes[done..dot].iter().rev().take_while(|b| label(b)).count();
        let length = bytes[dot..].iter().take(128).take_while(|b| label(b) || **b == b'.').count();
        let start = dot - back;
        let mut end = dot + length;
        while end > dot && matches!(bytes[end - 1], b'.' | b'-') {
            end -= 1;
        }
        done = end.max(dot + 1);
        let before = start.checked_sub(1).map(|at| bytes[at]);
        let joined = before.is_some_and(|b| b"@/\\_:=".contains(&b) || b >= 0x80);
        let host = text.get(start..end).unwrap_or_default();
        let top = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        let named = host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && back >= 2
            && host.bytes().any(|b| b.is_ascii_alphabetic());
        let call = matches!(bytes.get(end), Some(b'(' | b'@' | b'_' | b'='));
        if named && !joined && !call && TOP_LEVEL.contains(&top.as_str()) {
            let end = if bytes.get(end) == Some(&b'/') { url_end(text, end) } else { end };
            spans.push(Span::new((start, end), Kind::Url, "domain", 75));
        }
    }
}

/// Adds `user:password@` and the values of parameters that hold secrets.
fn secrets_in_url(text: &str, from: usize, end: usize, spans: &mut Vec<Span>) {
    let rest = text.get(from..end).unwrap_or_default();
    let authority = rest.get(..rest.find(['/', '?', '#']).unwrap_or(rest.len())).unwrap_or(rest);
    if let Some(at) = authority.rfind('@') {
        let user = authority.get(..at).unwrap_or_default();
        if let Some(colon) = user.find(':').filter(|colon| colon + 1 < at) {
            let range = (from + colon + 1, from + at);
            spans.push(Span::new(range, Kind::Credential, "url_secret", 97));
        }
    }
    let Some(query) = rest.find(['?', '#']) else { return };
    let mut at = from + query + 1;
    for pair in rest.get(query + 1..).unwrap_or_default().split(['&', ';', '#', '?']) {
        if let Some((name, value)) = pair.split_once('=') {
            let name_folded = name.to_ascii_lowercase();
            let secret = SECRET_PARAMETERS.contains(&name_folded.as_str());
            // A short or wordy value of `key` or `session` is a name, not a secret.
            let enough =
                value.len() >= 8 || matches!(name_folded.as_str(), "password" | "pwd" | "passwd");
            if secret && enough && !value.is_empty() {
                let start = at + name.len() + 1;
                let range = (start, start + value.len());
                spans.push(Span::new(range, Kind::Credential, "url_secret", 96));
            }
        }
        at += pair.len() + 1;
    }
}

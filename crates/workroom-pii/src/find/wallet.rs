//! Addresses of cryptocurrency wallets.

use crate::{Kind, span::Span};

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Adds the addresses in `text`: Bitcoin and its kin by their checksums, Ethereum by its form.
pub(crate) fn wallets(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let skip = rest.iter().take_while(|b| !b.is_ascii_alphanumeric()).count();
        let start = at + skip;
        let word = bytes.get(start..).unwrap_or_default();
        let length = word.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        at = start + length.max(1);
        let candidate = word.get(..length).unwrap_or_default();
        if let Some(confidence) = judge(candidate) {
            spans.push(Span::new((start, start + length), Kind::Wallet, "wallet", confidence));
        }
    }
}

/// How sure a word is an address.
fn judge(word: &[u8]) -> Option<u8> {
    let first = word.first()?;
    match word.len() {
        42 if word.starts_with(b"0x") && word[2..].iter().all(u8::is_ascii_hexdigit) => Some(90),
        26..=35 if matches!(first, b'1' | b'3' | b'L' | b'M' | b'D' | b'r' | b'T') => {
            base58_version(word).map(|_| 95)
        }
        14..=90 if word.len() >= 26 && bech32(word) => Some(97),
        _ => None,
    }
}

/// The version byte, if the last four bytes are the checksum of the others.
fn base58_version(word: &[u8]) -> Option<u8> {
    let mut number = [0_u8; 25];
    for byte in word {
        let digit = BASE58.iter().position(|known| known == byte)?;
        let mut carry = digit;
        for place in number.iter_mut().rev() {
            carry += usize::from(*place) * 58;
            *place = u8::try_from(carry & 0xff).unwrap_or_default();
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let (payload, check) = number.split_at(21);
    let once = sha256(payload);
    (sha256(&once).get(..4)? == check).then_some(number[0])
}

/// Whether the checksum of a segregated-witness address holds.
fn bech32(word: &[u8]) -> bool {
    let lower = word.to_ascii_lowercase();
    let one_case = lower == word || word.to_ascii_uppercase() == word;
    let prefix =
        [&b"bc1"[..], b"tb1", b"ltc1", b"addr1"].into_iter().find(|p| lower.starts_with(p));
    let (Some(prefix), true) = (prefix, one_case) else { return false };
    let human = &prefix[..prefix.len() - 1];
    let mut state = 1_u32;
    let mut step = |value: u32| {
        let top = state >> 25;
        state = (state & 0x1ff_ffff) << 5 ^ value;
        for (bit, generator) in [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
            .into_iter()
            .enumerate()
        {
            if top >> bit & 1 == 1 {
                state ^= generator;
            }
        }
    };
    for byte in human {
        step(u32::from(byte >> 5));
    }
    step(0);
    for byte in human {
        step(u32::from(byte & 31));
    }
    for byte in &lower[prefix.len()..] {
        match BECH32.iter().position(|known| known == byte) {
            Some(value) => step(u32::try_from(value).unwrap_or_default()),
            None => return false,
        }
    }
    matches!(state, 1 | 0x2bc8_30a3)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

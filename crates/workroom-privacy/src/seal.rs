//! How values are kept at rest: sealed under a key of their session, which a master key wraps.
//!
//! AES-256-GCM-SIV throughout: a nonce that came twice would tell that two records are equal, and
//! nothing more. What is sealed is bound to its session and its token, so that no record can be put
//! in another's place. Without the wrapped key nothing of a session can be read again: dropping it
//! is how a session is forgotten.

use std::fmt;

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit as _,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use thiserror::Error;
use workroom_pii::Kind;
use zeroize::Zeroizing;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 12;

/// Sealed text is padded to a multiple of this, so that its length says little.
const PADDING: usize = 64;

/// Says that two values are the same, to whoever has their session's key; 128 bits.
pub type Mark = [u8; 16];

/// Why something cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// Not sealed with this key, or changed since.
    #[error("a record of the vault is damaged, or sealed with another key")]
    Damaged,
    /// It was wrapped with a master key that is not given.
    #[error("master key `{0}` is not given")]
    NoKey(String),
    /// Not the text of a key.
    #[error("a master key is 64 hexadecimal digits")]
    BadKey,
}

/// Wraps the keys of sessions.
#[derive(Clone)]
pub struct MasterKey {
    key: Zeroizing<[u8; KEY_BYTES]>,
    id: String,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A session's key, wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// Which master key wrapped it.
    pub key_id: String,
    /// The nonce, and the sealed key.
    pub body: Vec<u8>,
}

impl MasterKey {
    /// The key of these bytes.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        let key = Zeroizing::new(key);
        let id = hex(&mac(&key, &[b"workroom master key id"])[..8]);
        Self { key, id }
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`SealError::BadKey`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let digits = text.trim().as_bytes();
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        if digits.len() != 2 * KEY_BYTES {
            return Err(SealError::BadKey);
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(SealError::BadKey);
            let value = digit(pair[0])? * 16 + digit(pair[1])?;
            *byte = u8::try_from(value).map_err(|_| SealError::BadKey)?;
        }
        Ok(Self::new(*key))
    }

    /// Its bytes as [`MasterKey::parse`] reads them.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex(&*self.key))
    }

    /// Names it; says nothing about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Wraps the key of `session`.
    pub fn wrap(&self, key: &DataKey, session: &str, nonce: [u8; NONCE_BYTES]) -> Wrapped {
        let body = encrypt(&self.key, &*key.raw, &[b"data key", session.as_bytes()], nonce);
        Wrapped { key_id: self.id.clone(), body }
    }
}

/// Unwraps the key of `session` with that of the `keys` that wrapped it.
///
/// # Errors
///
/// [`SealError::NoKey`] where it is not among them.
pub fn unwrap(keys: &[MasterKey], wrapped: &Wrapped, session: &str) -> Result<DataKey, SealError> {
    let key = keys.iter().find(|key| key.id == wrapped.key_id);
    let key = key.ok_or_else(|| SealError::NoKey(wrapped.key_id.clone()))?;
    let raw = decrypt(&key.key, &wrapped.body, &[b"data key", session.as_bytes()])?;
    let raw: [u8; KEY_BYTES] = raw.as_slice().try_into().map_err(|_| SealError::Damaged)?;
    Ok(DataKey::new(raw))
}

/// A session's key.
pub struct DataKey {
    raw: Zeroizing<[u8; KEY_BYTES]>,
    sealing: Zeroizing<[u8; KEY_BYTES]>,
    marking: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    /// The key of these bytes, which must be random.
    pub fn new(raw: [u8; KEY_BYTES]) -> Self {
        let raw = Zeroizing::new(raw);
        let sealing = Zeroizing::new(mac(&raw, &[b"seal"]));
        let marking = Zeroizing::new(mac(&raw, &[b"mark"]));
        Self { raw, sealing, marking }
    }

    /// Seals what belongs to `token`.
    pub fn seal(&self, plain: &[u8], token: &str, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        let mut padded = Zeroizing::new(Vec::with_capacity(plain.len() + PADDING));
        padded.extend_from_slice(plain);
        padded.resize(plain.len().div_ceil(PADDING) * PADDING, b' ');
        encrypt(&self.sealing, &padded, &[b"value", token.as_bytes()], nonce)
    }

    /// Opens what belongs to `token`. Blanks may follow what was sealed.
    ///
    /// # Errors
    ///
    /// [`SealError::Damaged`] where it is not what was sealed.
    pub fn open(&self, sealed: &[u8], token: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        decrypt(&self.sealing, sealed, &[b"value", token.as_bytes()])
    }

    /// The mark of a value in its normal form.
    pub fn mark(&self, kind: Kind, normal: &str) -> Mark {
        let mac = mac(&self.marking, &[kind.name().as_bytes(), normal.as_bytes()]);
        let mut mark = Mark::default();
        mark.copy_from_slice(&mac[..16]);
        mark
    }
}

fn encrypt(key: &[u8; KEY_BYTES], plain: &[u8], about: &[&[u8]], nonce: [u8; 12]) -> Vec<u8> {
    let aad = about.join(&b"\0"[..]);
    let cipher = Aes256GcmSiv::new(key.into());
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg: plain, aad: &aad });
    let sealed = sealed.expect("a value is far below the 64 GiB that one message may have");
    [nonce.as_slice(), &sealed].concat()
}

fn decrypt(
    key: &[u8; KEY_BYTES],
    sealed: &[u8],
    about: &[&[u8]],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let aad = about.join(&b"\0"[..]);
    let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Damaged)?;
    let cipher = Aes256GcmSiv::new(key.into());
    let opened = cipher.decrypt(&(*nonce).into(), Payload { msg: body, aad: &aad });
    opened.map(Zeroizing::new).map_err(|_| SealError::Damaged)
}

/// HMAC-SHA-256 over `parts`, each with its length before it.
fn mac(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).expect("four bits are one digit"));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text_and_nothing_else_does() {
        let key = MasterKey::new([7; 32]);
        assert_eq!(MasterKey::parse(&key.text()).unwrap().id(), key.id());
        for bad in ["", "07", &"g".repeat(64), &"0".repeat(65), &"é".repeat(32)] {
            assert_eq!(MasterKey::parse(bad).unwrap_err(), SealError::BadKey);
        }
        assert!(!format!("{key:?}").contains("0707"));
    }

    #[test]
    fn a_sessions_key_is_unwrapped_with_its_own_master_key_for_its_own_session_alone() {
        let (first, second) = (MasterKey::new([1; 32]), MasterKey::new([2; 32]));
        let wrapped = first.wrap(&DataKey::new([9; 32]), "s1", [0; 12]);
        let keys = [second.clone(), first];
        let back = unwrap(&keys, &wrapped, "s1").unwrap();
        assert_eq!(*back.raw, [9; 32]);
        assert_eq!(unwrap(&keys, &wrapped, "s2").unwrap_err(), SealError::Damaged);
        let missing = unwrap(&[second], &wrapped, "s1").unwrap_err();
        assert!(matches!(missing, SealError::NoKey(_)));
    }

    #[test]
    fn what_is_sealed_is_bound_to_its_token_and_cannot_be_changed() {
        let key = DataKey::new([3; 32]);
        let sealed = key.seal(b"ada@example.org", "[email_1]", [5; 12]);
        assert!(!sealed.windows(3).any(|part| part == b"ada"));
        assert_eq!(key.open(&sealed, "[email_1]").unwrap().trim_ascii(), b"ada@example.org");
        assert_eq!(key.open(&sealed, "[email_2]").unwrap_err(), SealError::Damaged);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&changed, "[email_1]").unwrap_err(), SealError::Damaged);
        }
        assert_eq!(key.open(&sealed[..11], "[email_1]").unwrap_err(), SealError::Damaged);
        let lengths =
            ["", "a", "a longer one"].map(|text| key.seal(text.as_bytes(), "", [0; 12]).len());
        assert_eq!(lengths[1], lengths[2]);
    }

    #[test]
    fn marks_are_equal_for_equal_values_of_one_kind_and_one_session() {
        let key = DataKey::new([3; 32]);
        let mark = key.mark(Kind::Email, "a@b.org");
        assert_eq!(mark, key.mark(Kind::Email, "a@b.org"));
        assert_ne!(mark, key.mark(Kind::Name, "a@b.org"));
        assert_ne!(mark, DataKey::new([4; 32]).mark(Kind::Email, "a@b.org"));
    }
}

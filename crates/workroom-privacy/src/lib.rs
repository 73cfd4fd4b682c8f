//! Tokens for personal data: the vault, where they may be restored, and the record of both.
//!
//! A tool's result arrives with personal data and goes on with each value replaced by a token such
//! as `[customer_email_1]`. Scripts and agents see only tokens. When one is an argument of a call,
//! [`reveal`] puts the value back, if the [`Policy`] allows this kind to this server.
//!
//! # Invariants
//!
//! * Within a session, equal values of one kind have one token, whichever server they come from.
//! * A token tells its kind and whose it is, and nothing of the value: no length, no hash.
//! * A number is given once, in all sessions: a token of another session is never one of this.
//! * Text from outside that looks like a token is escaped, or a server could forge one.
//! * A full vault refuses and never evicts: a token that an agent holds stays good.
//! * What leaves a vault for a store is sealed; see [`seal`].
//!
//! # Not here
//!
//! Finding personal data is `workroom-pii`; keeping sealed records is the store's. No I/O, no
//! clock, and random bytes come in as arguments.

mod alter;
pub mod compute;
mod flow;
mod known;
mod masker;
mod mint;
mod normal;
mod policy;
mod reveal;
pub mod seal;
mod secret;
mod token;
mod used;
mod vault;

pub use flow::{Act, Flow};
pub use masker::{Direction, Masker};
pub use mint::{Mint, Minted};
pub use policy::{Kinds, Policy, PolicyError};
pub use reveal::{Destination, RevealError, Revealed, reveal};
pub use secret::Secret;
pub use token::{TOKEN_BYTES_MAX, Token, escape, has_token, kinds, pieces};
pub use used::Used;
pub use vault::{Entry, Origin, Source, Vault, VaultError};

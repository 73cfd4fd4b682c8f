//! Tokens for personal data: the vault, where they may be restored, and the record of both.

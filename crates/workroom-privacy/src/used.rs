//! The tokens that a text has, with what became of their records.
//!
//! A token alone does not say for which value it stands: where a record was void, its number is
//! given again, to another value of the same session maybe. So whoever waits until the tokens of a
//! text are stored waits for the very records that they had.

use std::collections::BTreeMap;

use crate::{Token, mint::State};

/// The tokens that a text has.
#[derive(Clone, Debug, Default)]
pub struct Used {
    states: BTreeMap<Token, State>,
    /// Whether one token stands for two values, since its number was given anew in between.
    is_mixed: bool,
}

impl Used {
    pub(crate) fn add(&mut self, token: &Token, state: &State) {
        let before = self.states.insert(token.clone(), state.clone());
        self.is_mixed |= before.is_some_and(|before| !before.is_same(state));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether the record of each is stored, so that the text may be passed on.
    pub fn are_stored(&self) -> bool {
        !self.is_mixed && self.states.values().all(State::is_stored)
    }

    /// The tokens.
    pub fn into_tokens(self) -> impl Iterator<Item = Token> {
        self.states.into_keys()
    }
}

//! One pass over texts: what is found is masked, and pictures are left alone.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;
use workroom_pii::{Detect, Found, Kind, Sink, Withheld};
use workroom_privacy::{Direction, Flow, Masker, Mint, Used, has_token};
use workroom_types::ToolRef;

use super::{PrivacyConfig, place, vaults::Slot};
use crate::now;

/// One text that is to be masked.
#[derive(Clone)]
pub(crate) struct Item {
    tool: ToolRef,
    schema: Option<Arc<Value>>,
    text: Arc<str>,
    is_json: bool,
}

impl Item {
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }
}

impl Item {
    pub(crate) fn json(tool: &ToolRef, schema: Option<Arc<Value>>, text: Arc<str>) -> Self {
        Self { tool: tool.clone(), schema, text, is_json: true }
    }

    pub(crate) fn text(tool: &ToolRef, text: Arc<str>) -> Self {
        Self { tool: tool.clone(), schema: None, text, is_json: false }
    }

    /// Masks it; `None` where nothing is to be masked. What is found in it still after that, by the
    /// first of `noting`, was cleared by a rule and goes to the second.
    fn mask(
        &self,
        masker: &mut Masker<'_>,
        detect: &dyn Detect,
        noting: Option<(&dyn Detect, &mut Arc<BTreeSet<String>>)>,
    ) -> Result<Option<String>, Withheld> {
        let place = place(&self.tool, self.schema.as_deref());
        if !self.is_json {
            return masker.text(detect, &self.text, place);
        }
        let mut value: Value = serde_json::from_str(&self.text)
            .map_err(|error| Withheld { reason: format!("it is no JSON: {error}") })?;
        masker.take_changed();
        let binary = take_binary(&mut value);
        masker.find_json(detect, &mut value, place)?;
        if let Some((last, cleared)) = noting {
            masker.spare(Arc::default());
            // What cannot be looked at is not noted, and so is masked for the agent.
            let _ = last.json(&mut value.clone(), place, &mut Noting(Arc::make_mut(cleared)));
            masker.spare(Arc::clone(cleared));
        }
        masker.known_json(&mut value)?;
        put_binary(&mut value, binary);
        Ok(masker.take_changed().then(|| value.to_string()))
    }
}

/// The shortest data of a picture: what is shorter may be anything.
const BINARY_BYTES_MIN: usize = 64;

/// Takes the Base64 of pictures, sounds and files out of content blocks: it is no text. What is no
/// Base64 stays, and is looked at.
fn take_binary(value: &mut Value) -> Vec<(usize, String)> {
    let is_base64 = |text: &str| {
        text.len() >= BINARY_BYTES_MIN
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b))
    };
    let Value::Array(blocks) = value else { return Vec::new() };
    let places = blocks.iter_mut().enumerate();
    let found = places.filter_map(|(index, block)| match binary(block)? {
        Value::String(text) if is_base64(text) => Some((index, std::mem::take(text))),
        _ => None,
    });
    found.collect()
}

/// Puts back what [`take_binary`] took.
fn put_binary(value: &mut Value, taken: Vec<(usize, String)>) {
    for (index, data) in taken {
        if let Some(place) = value.get_mut(index).and_then(binary) {
            *place = Value::String(data);
        }
    }
}

/// Where a content block has its data.
fn binary(block: &mut Value) -> Option<&mut Value> {
    if block.get("data").is_some() {
        return block.get_mut("data").filter(|data| data.is_string());
    }
    block.pointer_mut("/resource/blob")
}

/// What one pass over some items came to.
pub(super) struct Pass {
    pub(super) masked: Result<Vec<Option<String>>, Withheld>,
    pub(super) wants_vault: bool,
    pub(super) used: Used,
    pub(super) flows: Vec<Flow>,
}

pub(super) fn pass(
    slot: &mut Slot,
    mint: &Mint,
    config: &PrivacyConfig,
    direction: Direction,
    items: &[Item],
) -> Pass {
    let detect = match direction {
        Direction::In => &*config.detect,
        Direction::Out => &*config.last,
    };
    let Slot { vault, cleared, .. } = slot;
    let mut masker = Masker::new(vault.as_mut(), mint, config.kinds, direction, now());
    masker.spare(Arc::clone(cleared));
    let texts = items.iter().map(|item| {
        let has_rule = |server: &String| *server == item.tool.server || server == "*";
        let clears = direction == Direction::In && config.clears.iter().any(has_rule);
        let noting = clears.then_some((&*config.last, &mut *cleared));
        item.mask(&mut masker, detect, noting)
    });
    let texts: Result<Vec<_>, _> = texts.collect();
    let wants_vault = masker.wants_vault();
    let (used, flows) = masker.into_found();
    Pass { masked: texts, wants_vault, used, flows }
}

/// The most cleared values of one session that are remembered; others are masked for the agent.
const CLEARED_MAX: usize = 10_000;

/// Notes what would be found, and leaves it.
struct Noting<'n>(&'n mut BTreeSet<String>);

impl Sink for Noting<'_> {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        let is_cleared = found.kind != Kind::Credential && !has_token(found.value);
        if is_cleared && self.0.len() < CLEARED_MAX {
            self.0.insert(found.value.to_owned());
        }
        Ok(None)
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

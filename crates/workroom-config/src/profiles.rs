//! `[privacy.profiles.<name>]`: profiles of the user's own.
//!
//! One begins with another profile, and says of single kinds from which confidence on they are
//! masked, or that they are not. What is masked whatever the kind is said by paths and words.

use std::collections::BTreeMap;

use workroom_pii::Kind;

use crate::{
    error::{Mistake, Warning},
    node::{Node, Value},
    place::shown,
    privacy::{PROFILES, kind_names},
    reader::Reader,
    servers::Servers,
    settings::{Settings, one_of},
};

/// The key of the profile that it begins with.
const BASE: &str = "base";

/// The confidence of a kind that is `true`: that of the profiles that are there.
pub(crate) const SURE: u8 = 60;

/// The most that a confidence can be.
const CONFIDENCE_MAX: u64 = 100;

/// A profile of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProfile {
    /// The profile that it begins with: `off`, `standard`, `hipaa` or `strict`.
    pub base: &'static str,
    /// From which confidence on a kind is masked, by its name; `None`: it is not.
    pub kinds: BTreeMap<String, Option<u8>>,
}

impl Default for OwnProfile {
    fn default() -> Self {
        Self { base: PROFILES[0], kinds: BTreeMap::new() }
    }
}

impl OwnProfile {
    /// The profile as it is shown.
    pub(crate) fn shown(&self) -> String {
        let kinds = self.kinds.iter().map(|(kind, least)| match least {
            Some(least) => format!(", {kind} from {least} %"),
            None => format!(", no {kind}"),
        });
        format!("{}{}", self.base, kinds.collect::<String>())
    }
}

impl Settings {
    pub(crate) fn read_profiles(&mut self, reader: &mut Reader<'_>, table: &Node<'_>) {
        for (name, node) in reader.table(table, "profiles") {
            if PROFILES.contains(&name.as_str()) || name.is_empty() {
                reader.error(node, Mistake::TakenProfile { name: shown(name) });
                continue;
            }
            let full = format!("privacy.profiles.{name}");
            let mut profile = OwnProfile::default();
            for (key, node) in reader.table(node, name) {
                if key == BASE {
                    let base = one_of(reader, node, &format!("{full}.{BASE}"), PROFILES);
                    profile.base = base.unwrap_or(profile.base);
                } else if !names().any(|name| name == key) {
                    let known: Vec<&'static str> = std::iter::once(BASE).chain(names()).collect();
                    reader.unknown(node, key, &known, true);
                } else if let Ok(least) = least(reader, node, key) {
                    profile.kinds.insert(key.clone(), least);
                }
            }
            if self.is_first(&full, node) {
                self.privacy.profiles.insert(name.clone(), profile);
            }
        }
    }
}

impl Settings {
    /// Notes where a profile is asked for.
    pub(crate) fn name_profile(&mut self, place: String, name: &str) {
        self.named_profiles.push((place, name.to_owned()));
    }

    /// Looks at what names something of another table, when all of them are read: profiles that
    /// are not there are mistakes, and lines for servers that are not there are odd.
    pub(crate) fn check_privacy(&self, reader: &mut Reader<'_>, servers: &Servers) {
        let own = &self.privacy.profiles;
        for (place, name) in &self.named_profiles {
            if !PROFILES.contains(&name.as_str()) && !own.contains_key(name) {
                let known = PROFILES.iter().map(|name| (*name).to_owned());
                let known = known.chain(own.keys().map(|name| shown(name))).collect();
                let mistake = Mistake::UnknownProfile { text: shown(name), known };
                reader.error_at(place.clone(), mistake);
            }
        }
        for key in self.privacy.reveal.keys() {
            let is_one = servers.names().any(|name| {
                key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            if !is_one {
                let place = self.place_of(&format!("privacy.reveal.{key}"));
                let message =
                    format!("`{}` is no server here: its line allows nothing", shown(key));
                reader.warnings.push(Warning { place, message });
            }
        }
    }
}

/// The kinds that a profile may say something of. Credentials are masked in every profile, and
/// masking every text is what `strict` does.
fn names() -> impl Iterator<Item = &'static str> {
    let fixed = [Kind::Credential.name(), Kind::Text.name()];
    kind_names().filter(move |name| !fixed.contains(name))
}

/// From which confidence on: a number, `true` or `false`. What else it is has been noted.
fn least(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Result<Option<u8>, Noted> {
    if let Value::Boolean(is_masked) = node.value {
        return Ok(is_masked.then_some(SURE));
    }
    let value = reader.number(node, key).ok_or(Noted)?;
    match u8::try_from(value) {
        Ok(least) if value <= CONFIDENCE_MAX => Ok(Some(least)),
        _ => {
            reader.error(node, Mistake::ConfidenceOutOfRange { key: shown(key), value });
            Err(Noted)
        }
    }
}

/// A mistake that the reader has.
struct Noted;

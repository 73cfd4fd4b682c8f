//! `[skills]`: how many there may be, how large, and when one is promoted without a person.

use workroom_types::{SkillLimit, SkillSettings};

use crate::{error::Mistake, node::Node, reader::Reader, settings::Settings};

/// The key that is no limit.
pub(crate) const AUTO_PROMOTE: &str = "auto_promote_after";

impl Settings {
    pub(crate) fn read_skills(&mut self, reader: &mut Reader<'_>, table: &Node<'_>) {
        for (key, node) in reader.table(table, "skills") {
            let full = format!("skills.{key}");
            if key == AUTO_PROMOTE {
                let Some(value) = reader.number(node, key) else { continue };
                let most = SkillSettings::AUTO_PROMOTE_MAX;
                if value > most {
                    reader.error(node, Mistake::AutoPromote { value, most });
                } else if self.is_first(&full, node) {
                    self.skills.auto_promote_after = (value > 0).then_some(value);
                }
                continue;
            }
            let limit = SkillLimit::ALL.into_iter().find(|limit| limit.setting() == key);
            let Some(limit) = limit else {
                let limits = SkillLimit::ALL.map(SkillLimit::setting);
                let known: Vec<&str> = limits.into_iter().chain([AUTO_PROMOTE]).collect();
                reader.unknown(node, key, &known, true);
                continue;
            };
            let Some(value) = reader.number(node, key) else { continue };
            // Checked also where an earlier file wins: it is a mistake all the same.
            let mut skills = self.skills;
            if let Err(error) = skills.set(limit, value) {
                reader.error(node, error.into());
            } else if self.is_first(&full, node) {
                self.skills = skills;
            }
        }
    }

    /// Each setting and its value.
    pub(crate) fn shown_skills(&self) -> Vec<(String, String)> {
        let one = |limit: SkillLimit| {
            let value = format!("{} {}", self.skills.get(limit), limit.unit());
            (format!("skills.{}", limit.setting()), value)
        };
        let after = self.skills.auto_promote_after;
        let after = after.map_or_else(|| "off".to_owned(), |after| format!("{after} runs"));
        let auto = (format!("skills.{AUTO_PROMOTE}"), after);
        SkillLimit::ALL.into_iter().map(one).chain([auto]).collect()
    }
}

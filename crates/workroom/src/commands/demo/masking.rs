//! What the code way of a world with personal data masks, and where the values may go.
//!
//! This is all that such a world configures of privacy; the same in `workroom.toml`:
//!
//! ```toml
//! [privacy]
//! profile = "hipaa"
//!
//! [privacy.reveal]
//! ehr = ["*"]
//! intake = ["*"]
//! mailer = ["email", "name", "date"]
//! ```
//!
//! The traditional way has none of it: a model that calls tools itself has to read what it passes
//! on, and to write it.

use workroom_config::PrivacySettings;
use workroom_demo::WorldName;

/// The settings of `world`: none where its data are nobody's.
pub(super) fn settings(world: WorldName) -> PrivacySettings {
    if !world.is_private() {
        return PrivacySettings::default();
    }
    let rules: [(&str, &[&str]); 3] = [
        // The practice gets back the hospital's case number, the hospital gets the whole record.
        ("ehr", &["*"]),
        ("intake", &["*"]),
        ("mailer", &["email", "name", "date"]),
    ];
    let list =
        |kinds: &[&str]| -> Vec<String> { kinds.iter().map(|kind| (*kind).to_owned()).collect() };
    PrivacySettings {
        profile: "hipaa".to_owned(),
        reveal: rules.iter().map(|(server, kinds)| ((*server).to_owned(), list(kinds))).collect(),
        ..PrivacySettings::default()
    }
}

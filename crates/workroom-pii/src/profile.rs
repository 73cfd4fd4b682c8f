//! Which kinds are looked for, and how sure a finding must be.

use crate::Kind;

/// The confidence that the profiles ask for.
const SURE: u8 = 60;

/// The confidence of what is more likely than not.
const LIKELY: u8 = 50;

/// Which kinds are masked, each from which confidence on.
///
/// [`Kind::Credential`] is in every profile, and cannot be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    least: [Option<u8>; Kind::ALL.len()],
    all_text: bool,
}

/// What `standard` looks for: what identifies a person, a purse or a machine of theirs.
const STANDARD: [Kind; 24] = [
    Kind::Email,
    Kind::Phone,
    Kind::CreditCard,
    Kind::Iban,
    Kind::Account,
    Kind::Ssn,
    Kind::Itin,
    Kind::NationalId,
    Kind::Passport,
    Kind::DriverLicence,
    Kind::Nhs,
    Kind::MedicalRecord,
    Kind::HealthPlan,
    Kind::Licence,
    Kind::Vehicle,
    Kind::Ip,
    Kind::Mac,
    Kind::Wallet,
    Kind::Name,
    Kind::Address,
    Kind::Zip,
    Kind::BirthDate,
    Kind::Biometric,
    Kind::Custom,
];

/// What `hipaa` adds, so that the 18 identifiers of 45 CFR 164.514(b)(2) are whole.
const HIPAA_BESIDES: [Kind; 5] = [Kind::Place, Kind::Date, Kind::Age, Kind::Device, Kind::Url];

impl Profile {
    /// Credentials only.
    #[must_use]
    pub fn off() -> Profile {
        let mut profile = Profile { least: [None; Kind::ALL.len()], all_text: false };
        profile.add(Kind::Credential, SURE);
        // The user's own paths and lists hold whatever the profile is.
        profile.add(Kind::Custom, SURE);
        profile
    }

    /// What identifies a person directly.
    #[must_use]
    pub fn standard() -> Profile {
        Profile::off().with(&STANDARD)
    }

    /// The 18 identifiers of HIPAA's Safe Harbor.
    #[must_use]
    pub fn hipaa() -> Profile {
        Profile::standard().with(&HIPAA_BESIDES)
    }

    /// Everything that a recogniser knows, organisations included.
    #[must_use]
    pub fn every_kind() -> Profile {
        let mut profile = Profile::off();
        for kind in Kind::ALL {
            if kind != Kind::Text {
                profile.add(kind, SURE);
            }
        }
        // Of places and organisations, what the context alone says is enough.
        profile.add(Kind::Place, LIKELY);
        profile.add(Kind::Organization, LIKELY);
        profile
    }

    /// Every text that no rule allows, whatever is in it.
    #[must_use]
    pub fn strict() -> Profile {
        let mut profile = Profile::every_kind();
        profile.add(Kind::Text, 0);
        profile.all_text = true;
        profile
    }

    /// The profile of this name: `off`, `standard`, `hipaa` or `strict`.
    #[must_use]
    pub fn named(name: &str) -> Option<Profile> {
        match name {
            "off" => Some(Profile::off()),
            "standard" => Some(Profile::standard()),
            "hipaa" => Some(Profile::hipaa()),
            "strict" => Some(Profile::strict()),
            _ => None,
        }
    }

    /// Masks `kind` too, from this confidence on.
    pub fn add(&mut self, kind: Kind, confidence: u8) {
        self.least[kind as usize] = Some(confidence);
    }

    /// Masks `kind` no more; credentials stay.
    pub fn remove(&mut self, kind: Kind) {
        if kind != Kind::Credential {
            self.least[kind as usize] = None;
        }
    }

    /// Whether a finding of this kind and confidence is masked.
    #[must_use]
    pub fn takes(&self, kind: Kind, confidence: u8) -> bool {
        self.least[kind as usize].is_some_and(|least| confidence >= least)
    }

    /// Whether `kind` is masked at all.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.least[kind as usize].is_some()
    }

    /// Whether every text is masked.
    #[must_use]
    pub fn all_text(&self) -> bool {
        self.all_text
    }

    /// The same without masking text for being text.
    #[must_use]
    pub fn by_kind(mut self) -> Profile {
        self.all_text = false;
        self.remove(Kind::Text);
        self
    }

    fn with(mut self, kinds: &[Kind]) -> Profile {
        for kind in kinds {
            self.add(*kind, SURE);
        }
        self
    }
}

//! What kinds of personal data there are.

/// A kind of personal data. Its [`Kind::name`] is in tokens and in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// An e-mail address.
    Email,
    /// A telephone or fax number.
    Phone,
    /// A payment card's number.
    CreditCard,
    /// An international bank account number.
    Iban,
    /// An account, policy or customer number of an institution.
    Account,
    /// A United States social security number.
    Ssn,
    /// A United States individual taxpayer identification number.
    Itin,
    /// A national identity or tax number of another country.
    NationalId,
    /// A passport number.
    Passport,
    /// A driver's licence number.
    DriverLicence,
    /// A number of the United Kingdom's National Health Service.
    Nhs,
    /// A medical record number.
    MedicalRecord,
    /// A health plan's beneficiary number.
    HealthPlan,
    /// A certificate or professional licence number.
    Licence,
    /// A vehicle's identification or plate number.
    Vehicle,
    /// A serial number of a person's device.
    Device,
    /// An IP address.
    Ip,
    /// A MAC address.
    Mac,
    /// A URL.
    Url,
    /// A cryptocurrency wallet's address.
    Wallet,
    /// A person's name, or a part of it.
    Name,
    /// A street address.
    Address,
    /// A city, county or other place smaller than a state.
    Place,
    /// A postal code.
    Zip,
    /// A date of birth.
    BirthDate,
    /// Another date about a person.
    Date,
    /// An age over 89.
    Age,
    /// The name of an organisation.
    Organization,
    /// A picture of a person, a finger print, a voice.
    Biometric,
    /// An API key, token or password.
    Credential,
    /// Text that is masked because all text is.
    Text,
    /// What the user's own list, path or pattern says.
    Custom,
}

impl Kind {
    /// Its name in tokens and settings: `email`, `birth_date`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::CreditCard => "credit_card",
            Kind::Iban => "iban",
            Kind::Account => "account",
            Kind::Ssn => "ssn",
            Kind::Itin => "itin",
            Kind::NationalId => "national_id",
            Kind::Passport => "passport",
            Kind::DriverLicence => "driver_licence",
            Kind::Nhs => "nhs_number",
            Kind::MedicalRecord => "medical_record",
            Kind::HealthPlan => "health_plan",
            Kind::Licence => "licence",
            Kind::Vehicle => "vehicle",
            Kind::Device => "device",
            Kind::Ip => "ip",
            Kind::Mac => "mac",
            Kind::Url => "url",
            Kind::Wallet => "wallet",
            Kind::Name => "name",
            Kind::Address => "address",
            Kind::Place => "place",
            Kind::Zip => "zip",
            Kind::BirthDate => "birth_date",
            Kind::Date => "date",
            Kind::Age => "age",
            Kind::Organization => "organization",
            Kind::Biometric => "biometric",
            Kind::Credential => "credential",
            Kind::Text => "text",
            Kind::Custom => "custom",
        }
    }

    /// Every kind, in the order of this enum.
    pub const ALL: [Kind; 32] = [
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
        Kind::Device,
        Kind::Ip,
        Kind::Mac,
        Kind::Url,
        Kind::Wallet,
        Kind::Name,
        Kind::Address,
        Kind::Place,
        Kind::Zip,
        Kind::BirthDate,
        Kind::Date,
        Kind::Age,
        Kind::Organization,
        Kind::Biometric,
        Kind::Credential,
        Kind::Text,
        Kind::Custom,
    ];

    /// The kind that is called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

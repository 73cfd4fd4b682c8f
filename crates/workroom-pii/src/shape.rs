//! Whether a whole value has the form of what its key says it is.
//!
//! A key is not enough: `email` may hold `verified`, and `phone` the word `none`.

use crate::Kind;

/// What stands in a field that is empty.
const EMPTY: [&str; 26] = [
    "",
    "-",
    "--",
    "n/a",
    "na",
    "none",
    "null",
    "nil",
    "unknown",
    "undefined",
    "not provided",
    "not available",
    "not specified",
    "tbd",
    "anonymous",
    "redacted",
    "hidden",
    "private",
    "yes",
    "no",
    "true",
    "false",
    "other",
    "default",
    "system",
    "test",
];

/// The longest value that is a name, or another single thing, in bytes.
const SINGLE_MAX: usize = 160;

/// Whether `text` can be what `kind` is.
pub(crate) fn fits(kind: Kind, text: &str) -> bool {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if EMPTY.contains(&lower.as_str()) {
        return false;
    }
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let short = text.len() <= SINGLE_MAX;
    let one_word = !text.contains(char::is_whitespace);
    match kind {
        Kind::Email => text.contains('@') && one_word && short,
        Kind::Phone => (5..=24).contains(&digits) && letters <= 12 && short,
        Kind::CreditCard => (8..=19).contains(&digits) && letters == 0 && short,
        Kind::Iban => digits >= 8 && text.len() <= 50,
        Kind::Account => short && (digits >= 1 || letters >= 2) && words(text) <= 3,
        Kind::Ssn | Kind::Itin | Kind::Nhs => (4..=14).contains(&digits) && letters <= 2 && short,
        Kind::NationalId
        | Kind::Passport
        | Kind::DriverLicence
        | Kind::MedicalRecord
        | Kind::HealthPlan
        | Kind::Licence
        | Kind::Vehicle
        | Kind::Device => digits >= 2 && short && words(text) <= 5,
        Kind::Ip => text.contains(['.', ':']) && digits >= 1 && one_word && text.len() <= 60,
        Kind::Mac => text.len() >= 12 && text.len() <= 23 && one_word,
        Kind::Url => text.contains(['.', '/']) && one_word,
        Kind::Wallet => text.len() >= 20 && one_word,
        Kind::Name => is_name_like(text),
        Kind::Address => {
            text.len() <= 300
                && letters + digits >= 1
                && !lower.starts_with("http")
                && !text.contains('@')
        }
        Kind::Place => {
            short && (letters >= 2 || digits >= 3 && text.contains('.')) && words(text) <= 6
        }
        Kind::Zip => {
            (1..=12).contains(&text.len()) && (digits >= 2 || letters + digits == text.len())
        }
        Kind::BirthDate | Kind::Date => digits >= 2 && text.len() <= 48,
        Kind::Age => text.trim().parse::<u32>().is_ok_and(|age| (90..=130).contains(&age)),
        Kind::Organization => short && letters >= 2,
        Kind::Biometric => text.len() >= 16,
        Kind::Credential => is_secret_like(text),
        Kind::Text | Kind::Custom => true,
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Whether a whole value can be a person's name.
pub(crate) fn is_name_like(text: &str) -> bool {
    let text = text.trim();
    let first = text.chars().find(|c| c.is_alphabetic());
    let odd = |c: char| c.is_ascii_digit() || "@/\\{}<>|=_:;#$%^*+!?[]".contains(c);
    text.len() <= SINGLE_MAX
        && first.is_some()
        && !text.contains(odd)
        && !text.contains('\n')
        && (1..=8).contains(&words(text))
        && !EMPTY.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether the value of a field for secrets is one: not a setting such as `required`.
fn is_secret_like(text: &str) -> bool {
    let masked = text.chars().all(|c| matches!(c, '*' | '•' | 'x' | 'X' | '.'));
    let prose = words(text) > 4;
    text.len() >= 3 && !masked && !prose
}

//! When two values are the same: their normal form, by kind.
//!
//! The form is compared and never shown. What a token is restored to is the value as it was first
//! seen, so that every system gets the same text.

use unicode_normalization::UnicodeNormalization as _;
use workroom_pii::Kind;

/// The normal form of `value` as a `kind`.
pub(crate) fn normal(kind: Kind, value: &str) -> String {
    match kind {
        Kind::Phone => phone(value),
        // Numbers that people group as they like.
        Kind::CreditCard
        | Kind::Iban
        | Kind::Account
        | Kind::Ssn
        | Kind::Itin
        | Kind::NationalId
        | Kind::Passport
        | Kind::DriverLicence
        | Kind::Nhs
        | Kind::MedicalRecord
        | Kind::HealthPlan
        | Kind::Licence
        | Kind::Vehicle
        | Kind::Mac => joined(value),
        // Their case or their every character counts.
        Kind::Credential | Kind::Wallet | Kind::Url | Kind::Biometric | Kind::Text => {
            value.to_owned()
        }
        _ => folded(value),
    }
}

/// Lower case, composed, one space between words.
fn folded(value: &str) -> String {
    let composed: String = value.nfc().flat_map(char::to_lowercase).nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Letters and digits alone, in upper case.
fn joined(value: &str) -> String {
    let composed = value.nfkc().filter(|c| c.is_alphanumeric());
    let joined: String = composed.flat_map(char::to_uppercase).collect();
    if joined.is_empty() { value.to_owned() } else { joined }
}

/// The digits of a telephone number. A number of North America is the same with and without its
/// country code; one of another country has it, as `+` or `00`, or counts as it stands.
fn phone(value: &str) -> String {
    let composed: String = value.nfkc().collect();
    let lower = composed.to_lowercase();
    let (number, extension) = match lower.find("ext").or_else(|| lower.find('x')) {
        Some(at) => lower.split_at(at),
        None => (lower.as_str(), ""),
    };
    // `+44 (0)20 …`: the zero is for callers at home.
    let number = number.replace("(0)", "");
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let plus = number.trim_start().starts_with('+');
    let number = digits(&number);
    let number = match number.strip_prefix("00") {
        Some(rest) if !plus => rest.to_owned(),
        _ => number,
    };
    let number = match number.strip_prefix('1') {
        Some(rest) if rest.len() == 10 => rest.to_owned(),
        _ => number,
    };
    match digits(extension) {
        extension if extension.is_empty() => number,
        extension => format!("{number}x{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, same: &[&str], other: &[&str]) {
        let first = normal(kind, same[0]);
        for value in same {
            assert_eq!(normal(kind, value), first, "{value} and {}", same[0]);
        }
        for value in other {
            assert_ne!(normal(kind, value), first, "{value} and {}", same[0]);
        }
    }

    #[test]
    fn one_value_in_many_forms_is_one() {
        check(Kind::Email, &["Bob@X.com", "bob@x.com", " bob@X.COM "], &["bob@x.co", "b@x.com"]);
        check(
            Kind::Phone,
            &[
                "+1 (212) 555-0100",
                "2125550100",
                "212.555.0100",
                "001 212 555 0100",
                "１２１２5550100",
            ],
            &["2125550101", "+44 212 555 0100", "2125550100 ext. 7"],
        );
        check(Kind::Phone, &["+44 (0)20 7946 0018", "+442079460018", "0044 20 7946 0018"], &[]);
        check(Kind::Phone, &["2125550100 ext. 7", "(212) 555-0100 x7"], &["2125550100"]);
        check(Kind::Name, &["José  Núñez", "jose\u{301} nu\u{301}n\u{303}ez"], &["Jose Nunez"]);
        check(Kind::Iban, &["DE89 3704 0044 0532 0130 00", "de89370400440532013000"], &[]);
        check(Kind::Ssn, &["078-05-1120", "078051120"], &["078-05-1121"]);
        check(Kind::Credential, &["abcDEF"], &["abcdef"]);
    }

    #[test]
    fn nothing_is_nothing() {
        for kind in crate::kinds() {
            let _ = normal(kind, "");
            let _ = normal(kind, "-");
        }
    }
}

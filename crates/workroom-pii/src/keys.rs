//! What the name of a field says of its value.
//!
//! A key is split into words (`billingEmail`, `billing_email`, `Billing e-mail`), and the longest
//! tail that a table knows decides: `email`. What stands before it says whose it is. Tables are
//! data files, one meaning a line; keys in them are folded and joined, as in `emailaddress`.

use std::{collections::HashMap, sync::LazyLock};

use crate::{Kind, lexicon::fold_word};

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The value is of this kind.
    Is(Kind),
    /// The value is a person, or who stands for one: a name, an address, a record of both.
    Person,
    /// The value is a name; of what, only what is around says.
    Name,
    /// The value is text that somebody wrote.
    Prose,
    /// The value is an identifier, a hash, an amount: never personal by its looks alone.
    Neutral,
    /// The value is the key of the value beside it: `type`, `label`.
    Label,
    /// The value is told by the label beside it.
    Value,
    /// A wrapper that says nothing: `data`, `items`, `attributes`.
    Wrapper,
    /// A thing that is no person: `product`, `company`.
    Thing,
}

const TABLE: &str = include_str!("../data/keys.txt");

static KEYS: LazyLock<HashMap<&'static str, Meaning>> = LazyLock::new(|| {
    let mut keys = HashMap::new();
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    for (meaning, words) in lines.filter_map(|line| line.split_once(':')) {
        let meaning = match meaning.trim() {
            "person" => Meaning::Person,
            "name?" => Meaning::Name,
            "prose" => Meaning::Prose,
            "neutral" => Meaning::Neutral,
            "label" => Meaning::Label,
            "value" => Meaning::Value,
            "wrapper" => Meaning::Wrapper,
            "thing" => Meaning::Thing,
            kind => match Kind::named(kind) {
                Some(kind) => Meaning::Is(kind),
                None => continue,
            },
        };
        for word in words.split_ascii_whitespace() {
            keys.insert(word, meaning);
        }
    }
    keys
});

/// The most words of a key that are looked at: no field that means something is called longer.
const WORDS_MAX: usize = 12;

/// Words that say nothing of what a field is, at its end: `email_primary`, `phone_1`.
const QUALIFIERS: [&str; 37] = [
    "primary",
    "secondary",
    "main",
    "home",
    "work",
    "personal",
    "business",
    "private",
    "other",
    "alternate",
    "alternative",
    "default",
    "raw",
    "text",
    "string",
    "str",
    "value",
    "formatted",
    "current",
    "old",
    "new",
    "previous",
    "full",
    "plain",
    "original",
    "no",
    "nr",
    "num",
    "number",
    "c",
    "s",
    "input",
    "field",
    "encrypted",
    "normalized",
    "e164",
    "display",
];

/// A key, read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Key {
    /// Its words, folded.
    pub(crate) words: Vec<String>,
    /// What it says.
    pub(crate) meaning: Option<Meaning>,
    /// How many of the first words stand before what was known.
    pub(crate) before: usize,
}

impl Key {
    /// Whose the value is, if the key itself says so: `customer` of `customer_email`.
    pub(crate) fn owner(&self) -> Option<&str> {
        let words = self.words.get(..self.before)?;
        words.iter().rev().map(|word| singular(word)).find(|word| is_person(word))
    }
}

/// Whether this word is what persons are called in records.
pub(crate) fn is_person(word: &str) -> bool {
    KEYS.get(word) == Some(&Meaning::Person)
}

/// The word without the ending of the plural.
pub(crate) fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') && !KEYS.contains_key(word) => one,
        _ => word,
    }
}

/// What `key` says.
pub(crate) fn read(key: &str) -> Key {
    let words = split(key);
    let mut end = words.len();
    loop {
        if let Some((meaning, before)) = tail(&words[..end]) {
            return Key { words, meaning: Some(meaning), before };
        }
        let Some(last) = end.checked_sub(1).and_then(|last| words.get(last)) else { break };
        let number = last.bytes().all(|byte| byte.is_ascii_digit());
        if !number && !QUALIFIERS.contains(&last.as_str()) {
            break;
        }
        end -= 1;
    }
    Key { words, meaning: None, before: 0 }
}

/// The meaning of the longest tail that is known, and where it begins.
fn tail(words: &[String]) -> Option<(Meaning, usize)> {
    (0..words.len()).find_map(|from| {
        let joined = words[from..].concat();
        let found = KEYS.get(joined.as_str()).or_else(|| {
            let one = joined.strip_suffix('s').filter(|one| one.len() > 2)?;
            KEYS.get(one).or_else(|| KEYS.get(one.strip_suffix('e')?))
        })?;
        // One word of a longer key says less than alone: `date` of `update_date` is no more than
        // a date, but `name` of `file_name` is what the file is called.
        if from > 0 && *found == Meaning::Name {
            return Some((named_after(&words[..from]), from));
        }
        Some((*found, from))
    })
}

/// What `<words>_name` is.
fn named_after(words: &[String]) -> Meaning {
    let last = words.last().map(|word| singular(word));
    match last.and_then(|word| KEYS.get(word)) {
        Some(Meaning::Person) => Meaning::Is(Kind::Name),
        Some(Meaning::Wrapper | Meaning::Label) => Meaning::Name,
        _ => Meaning::Thing,
    }
}

/// The words of a key, folded: at signs, at changes of case, between letters and digits.
pub(crate) fn split(key: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = key.chars().take(96).collect();
    let flush = |word: &mut String, words: &mut Vec<String>| {
        if !word.is_empty() && words.len() < WORDS_MAX {
            words.push(std::mem::take(word));
        }
        word.clear();
    };
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(index + 1);
        let camel = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase())
                || (before.is_some_and(|b| b.is_uppercase())
                    && after.is_some_and(|a| a.is_lowercase())));
        let digits =
            before.is_some_and(|b| b.is_alphanumeric() && b.is_ascii_digit() != c.is_ascii_digit());
        if camel || digits || !c.is_alphanumeric() {
            flush(&mut word, &mut words);
        }
        if c.is_alphanumeric() {
            let mut buffer = [0_u8; 4];
            fold_word(c.encode_utf8(&mut buffer), &mut word);
        }
    }
    flush(&mut word, &mut words);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &[&str] = &[
        "email",
        "Email",
        "EMAIL_ADDRESS",
        "customerEmail",
        "billing-email",
        "E-Mail",
        "emails",
        "email_verified",
        "phoneNumber1",
        "lastName",
        "nachname",
        "Prénom",
        "apellidos",
        "dob",
        "birthDate",
        "date_of_birth",
        "ssn",
        "SSN_last4",
        "iban",
        "creditCardNumber",
        "name",
        "customer_name",
        "file_name",
        "productName",
        "patient",
        "order_id",
        "createdAt",
        "access_token",
        "next_page_token",
        "apiKey",
        "description",
        "address_line_1",
        "zip",
        "postal_code",
        "PLZ",
        "rue",
        "city",
        "Fecha de nacimiento",
        "MRN",
        "ip_address",
        "user_agent",
        "data",
        "value",
        "type",
        "name_of_the_thing",
        "",
    ];

    #[test]
    fn keys_say_what_their_values_are() {
        let shown: Vec<String> = SHOWN
            .iter()
            .map(|key| {
                let read = read(key);
                let owner = read.owner().map(|owner| format!(" of {owner}")).unwrap_or_default();
                format!("{key}: {:?}{owner}\n", read.meaning)
            })
            .collect();
        expect_test::expect![[r"
            email: Some(Is(Email))
            Email: Some(Is(Email))
            EMAIL_ADDRESS: Some(Is(Email))
            customerEmail: Some(Is(Email)) of customer
            billing-email: Some(Is(Email))
            E-Mail: Some(Is(Email))
            emails: Some(Is(Email))
            email_verified: None
            phoneNumber1: Some(Is(Phone))
            lastName: Some(Is(Name))
            nachname: Some(Is(Name))
            Prénom: Some(Is(Name))
            apellidos: Some(Is(Name))
            dob: Some(Is(BirthDate))
            birthDate: Some(Is(BirthDate))
            date_of_birth: Some(Is(BirthDate))
            ssn: Some(Is(Ssn))
            SSN_last4: Some(Neutral)
            iban: Some(Is(Iban))
            creditCardNumber: Some(Is(CreditCard))
            name: Some(Name)
            customer_name: Some(Is(Name)) of customer
            file_name: Some(Neutral)
            productName: Some(Thing)
            patient: Some(Person)
            order_id: Some(Neutral)
            createdAt: Some(Neutral)
            access_token: Some(Is(Credential))
            next_page_token: Some(Neutral)
            apiKey: Some(Is(Credential))
            description: Some(Prose)
            address_line_1: Some(Is(Address))
            zip: Some(Is(Zip))
            postal_code: Some(Is(Zip))
            PLZ: Some(Is(Zip))
            rue: Some(Is(Address))
            city: Some(Is(Place))
            Fecha de nacimiento: Some(Is(BirthDate))
            MRN: Some(Is(MedicalRecord))
            ip_address: Some(Is(Ip))
            user_agent: Some(Neutral)
            data: Some(Wrapper)
            value: Some(Value)
            type: Some(Neutral)
            name_of_the_thing: None
            : None
        "]]
        .assert_eq(&shown.concat());
    }
}

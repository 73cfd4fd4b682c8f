//! How one value is read, given its key and what stands beside it.

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::{
    Kind,
    context::Context,
    keys::{Key, Meaning},
    lexicon::{Lex, look_up},
    scan::Style,
    shape,
    walk::{Around, KeyInfo},
};

/// What a value's record and place say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a clue of its own")]
pub(crate) struct Beside {
    /// The record is a person's.
    person: bool,
    /// The record is a thing's: a product, a company, a file.
    thing: bool,
    /// Its type says so: `"type": "AppInstance"`.
    typed: bool,
    /// The value is text by itself, without a key.
    prose: bool,
}

impl Beside {
    /// A text that stands alone.
    pub(crate) fn prose() -> Beside {
        Beside { prose: true, ..Beside::default() }
    }
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As a whole it is of this kind; by this detector, and this sure.
    Whole(Kind, &'static str, u8),
    /// The recognisers look for what is in it.
    As(Style),
}

/// Fields that only persons have.
const PERSONAL: [&str; 22] = [
    "gender",
    "sex",
    "jobtitle",
    "salutation",
    "maritalstatus",
    "honorific",
    "nationality",
    "username",
    "login",
    "firstname",
    "lastname",
    "surname",
    "family",
    "given",
    "givenname",
    "familyname",
    "birthdate",
    "dob",
    "prefix",
    "hiredate",
    "manager",
    "occupation",
];

/// Fields that only things have.
const THINGLY: [&str; 24] = [
    "price",
    "sku",
    "currency",
    "industry",
    "website",
    "employees",
    "vatid",
    "vat",
    "domain",
    "quantity",
    "stock",
    "version",
    "mimetype",
    "filename",
    "size",
    "color",
    "category",
    "siret",
    "siren",
    "duns",
    "numberofemployees",
    "annualrevenue",
    "url",
    "unit",
];

/// What a key says of the record that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    /// It is a person's.
    Person,
    /// It is a thing's.
    Thing,
    /// Nothing.
    Nothing,
}

/// What `key` says of its record.
pub(crate) fn tells(key: &Key) -> Tells {
    let joined = key.words.concat();
    let personal = matches!(
        key.meaning,
        Some(Meaning::Is(
            Kind::Email | Kind::BirthDate | Kind::Ssn | Kind::MedicalRecord | Kind::Passport
        ))
    );
    if personal || PERSONAL.contains(&joined.as_str()) {
        Tells::Person
    } else if THINGLY.contains(&joined.as_str()) {
        Tells::Thing
    } else {
        Tells::Nothing
    }
}

/// The longest text that is the name of a type.
const TYPE_BYTES_MAX: usize = 40;

/// What the fields of a record say of it.
pub(crate) fn record(map: &Map<String, Value>, infos: &[Rc<KeyInfo>]) -> Beside {
    let mut beside = Beside::default();
    for (key, info) in map.keys().zip(infos) {
        beside.thing |= info.tells == Tells::Thing;
        beside.person |= info.tells == Tells::Person;
        if !info.refers {
            continue;
        }
        if key == "type" || key == "kind" {
            let of = map.get(key).and_then(Value::as_str).filter(|of| of.len() <= TYPE_BYTES_MAX);
            let meaning = of.and_then(|of| crate::keys::read(of).meaning);
            beside.typed |= meaning == Some(Meaning::Thing);
        }
        if key == "resourceType" || key == "@type" || key == "objectType" {
            let person = ["Patient", "Practitioner", "RelatedPerson", "Person", "User", "Contact"];
            let kind = map.get(key).and_then(Value::as_str);
            beside.person |= kind.is_some_and(|kind| person.contains(&kind));
            beside.thing |= kind.is_some_and(|kind| !person.contains(&kind));
        }
        if key == "reference" {
            let kind = map.get(key).and_then(Value::as_str).unwrap_or_default();
            beside.person |= ["Patient/", "Practitioner/", "RelatedPerson/", "Person/"]
                .iter()
                .any(|p| kind.starts_with(p));
            beside.thing |= kind.contains('/') && !beside.person;
        }
    }
    beside
}

/// The label that stands beside a value, as in `{"type": "email", "value": "…"}`, or
/// `{"tabLabel": "Passport number", "value": "…"}`.
pub(crate) fn labelled(map: &Map<String, Value>, infos: &[Rc<KeyInfo>]) -> Option<String> {
    /// What the keys of labels end in, whatever stands before it.
    const ENDS: [&str; 8] = [
        "label",
        "header",
        "question",
        "fieldname",
        "attributename",
        "propertyname",
        "columnname",
        "fieldtitle",
    ];
    const LABELS: [&str; 13] = [
        "name",
        "label",
        "field",
        "fieldname",
        "property",
        "key",
        "type",
        "system",
        "attribute",
        "question",
        "title",
        "header",
        "kind",
    ];
    if map.len() > 8 || !infos.iter().any(|info| info.key.meaning == Some(Meaning::Value)) {
        return None;
    }
    let mut found = None;
    for (key, value) in map {
        let folded = key.to_ascii_lowercase();
        let text = match value {
            Value::String(text) => text.as_str(),
            // FHIR: `type: {text: "MRN"}`
            Value::Object(inner) => inner.get("text").and_then(Value::as_str).unwrap_or_default(),
            _ => continue,
        };
        let is_label = || {
            LABELS.contains(&folded.as_str()) || {
                let joined: String = folded.chars().filter(|c| c.is_alphanumeric()).collect();
                ENDS.iter().any(|end| joined.ends_with(end))
            }
        };
        if text.is_empty() || text.len() > 60 || !is_label() {
            continue;
        }
        let meaning = crate::keys::read(text).meaning;
        if matches!(meaning, Some(Meaning::Is(_) | Meaning::Person)) {
            return Some(text.to_owned());
        }
        if meaning == Some(Meaning::Name) {
            found = Some(text.to_owned());
        }
    }
    found
}

/// The key that says what a value is: its own, its label's, or, where its own says nothing, the
/// one above.
pub(crate) fn key_of(
    own: &Rc<KeyInfo>,
    label: Option<&Rc<KeyInfo>>,
    above: Option<&Rc<KeyInfo>>,
) -> Option<Rc<KeyInfo>> {
    let telling = |info: &&Rc<KeyInfo>| matches!(info.key.meaning, Some(Meaning::Is(_)));
    match own.key.meaning {
        Some(Meaning::Value) => label.or(above.filter(telling)).or(Some(own)).cloned(),
        // `phones[].data`, `emails.home`: what is above says more.
        Some(Meaning::Wrapper) => above.filter(telling).or(Some(own)).cloned(),
        None if crate::keys::only_qualifies(&own.key) => {
            above.filter(telling).or(Some(own)).cloned()
        }
        _ => Some(Rc::clone(own)),
    }
}

/// What a record and the records above it say of one of its values.
pub(crate) fn beside(record: Beside, around: &Around<'_>) -> Beside {
    let above = around.key.as_ref().and_then(|above| above.key.meaning);
    let named_person = above == Some(Meaning::Person);
    let named_thing =
        above == Some(Meaning::Thing) || above == Some(Meaning::Is(Kind::Organization));
    Beside {
        person: named_person || record.person && !named_thing,
        thing: named_thing || record.thing && !named_person,
        typed: record.typed && !named_person,
        prose: false,
    }
}

/// What a key's words are as context for the numbers in its value.
pub(crate) fn context(key: &Key) -> Context {
    let words = key.words.join(" ");
    let context = Context::of(&words);
    match key.meaning {
        Some(Meaning::Neutral) => context.and_neutral(),
        Some(Meaning::Is(kind)) => context.and(kind),
        _ => context,
    }
}

/// The kind that key or schema name.
pub(crate) fn kind(around: &Around<'_>) -> Option<Kind> {
    let key = around.key.as_ref().and_then(|info| match info.key.meaning {
        Some(Meaning::Is(kind)) => Some(kind),
        Some(Meaning::Person) => Some(Kind::Name),
        Some(Meaning::Name) if around.beside.person => Some(Kind::Name),
        _ => None,
    });
    key.or_else(|| around.schema.and_then(super::schema::Schema::kind))
}

/// How `text` is read.
pub(crate) fn reading(text: &str, around: &Around<'_>) -> Reading {
    let schema = around.schema.and_then(super::schema::Schema::kind);
    if let Some(kind) = schema.filter(|kind| shape::fits(*kind, text)) {
        return Reading::Whole(kind, "schema", 92);
    }
    let Some(info) = &around.key else {
        return Reading::As(if around.beside.prose { Style::Prose } else { Style::Value });
    };
    match info.key.meaning {
        Some(Meaning::Is(kind)) => by_kind(kind, text, around),
        Some(Meaning::Person) if is_persons_name(text) => Reading::Whole(Kind::Name, "key", 84),
        Some(Meaning::Person) => Reading::As(Style::Persons),
        Some(Meaning::Name) => by_name(text, around),
        Some(Meaning::Prose) => Reading::As(Style::Prose),
        Some(Meaning::Neutral | Meaning::Label) => Reading::As(Style::Code),
        _ => {
            let sentence = text.len() > 60 || text.split_whitespace().count() > 6;
            Reading::As(if sentence { Style::Prose } else { Style::Value })
        }
    }
}

/// How the value of a key that names a kind is read.
fn by_kind(kind: Kind, text: &str, around: &Around<'_>) -> Reading {
    let long = text.len() > 60 || text.contains('\n');
    if shape::fits(kind, text) {
        let of_thing = around.beside.thing && !around.beside.person;
        let confidence = match kind {
            // A date is of a person where the record is; a company's city is no person's.
            Kind::Organization | Kind::Age => 80,
            Kind::Date if of_thing => 50,
            // What is shown of a thing is its name, and no person's.
            Kind::Name if around.beside.typed && !around.beside.person && is_shown(around) => 50,
            _ => 90,
        };
        return Reading::Whole(kind, "key", confidence);
    }
    let style = match kind {
        Kind::Email | Kind::Name => Style::Persons,
        _ if long => Style::Prose,
        _ => Style::Value,
    };
    Reading::As(style)
}

/// Whether the key is one that persons and things have.
fn is_shown(around: &Around<'_>) -> bool {
    around.key.as_ref().is_some_and(|info| info.key.words.concat() == "displayname")
}

/// How the value of a field called `name` is read.
fn by_name(text: &str, around: &Around<'_>) -> Reading {
    let like = shape::is_name_like(text) && !is_organisation(text);
    match (around.beside.person, around.beside.thing) {
        (true, false) if like => Reading::Whole(Kind::Name, "key", 86),
        (true, true) if like && has_listed_name(text) => Reading::Whole(Kind::Name, "key", 74),
        (false, true) => Reading::As(Style::Code),
        _ => Reading::As(Style::Value),
    }
}

/// Whether the value of a key such as `customer` or `assignee` is a name.
fn is_persons_name(text: &str) -> bool {
    let capital = text.split_whitespace().filter(|word| {
        word.chars()
            .next()
            .is_some_and(|c| c.is_uppercase() || c.is_alphabetic() && !c.is_lowercase())
    });
    let words = text.split_whitespace().count();
    let ordinary =
        text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).all(|word| {
            let lex = look_up(word);
            lex.any(Lex::COMMON.or(Lex::COUNTRY).or(Lex::PLACE).or(Lex::WEEKDAY).or(Lex::ORG))
                && !lex.any(Lex::GIVEN.or(Lex::FAMILY))
        });
    shape::is_name_like(text)
        && (1..=5).contains(&words)
        && capital.count() * 2 > words
        && !ordinary
        && !is_organisation(text)
        && (words > 1 || has_listed_name(text) || text.chars().count() > 3)
        && !text.chars().all(char::is_uppercase)
}

/// Whether one of the words is what organisations are called by.
pub(crate) fn is_organisation(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|word| look_up(word).any(Lex::ORG))
}

/// Whether one of the words is a listed name.
fn has_listed_name(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic())
        .any(|word| look_up(word).any(Lex::GIVEN.or(Lex::FAMILY)))
}

/// What a number is by its key: the kind, the detector, and how sure.
pub(crate) fn number(text: &str, around: &Around<'_>) -> Option<(Kind, &'static str, u8)> {
    let schema = around.schema.and_then(super::schema::Schema::kind);
    if let Some(kind) = schema.filter(|kind| shape::fits(*kind, text)) {
        return Some((kind, "schema", 92));
    }
    let Some(Meaning::Is(kind)) = around.key.as_ref()?.key.meaning else { return None };
    let numeric = !matches!(
        kind,
        Kind::Email
            | Kind::Name
            | Kind::Organization
            | Kind::Url
            | Kind::Ip
            | Kind::Mac
            | Kind::Wallet
            | Kind::Text
            | Kind::Biometric
    );
    let whole = text.bytes().all(|b| b.is_ascii_digit());
    // `token: 42` counts, and `address: 7` is a register; a place's number is a fraction.
    let enough = match kind {
        Kind::Credential => whole && text.len() >= 4,
        Kind::Address => false,
        Kind::Place => text.contains('.'),
        Kind::BirthDate | Kind::Date => whole && (text.len() == 4 || text.len() >= 8),
        Kind::Account => whole && text.len() >= 5,
        _ => whole,
    };
    (numeric && enough && shape::fits(kind, text)).then_some((kind, "key", 88))
}

/// The range of `text` without spaces around.
pub(crate) fn trimmed(text: &str) -> (usize, usize) {
    let front = text.trim_start();
    let start = text.len() - front.len();
    (start, start + front.trim_end().len())
}

/// Whether the strictest profile takes `text` for free text: all but the identifiers, codes and
/// states that machines write.
pub(crate) fn is_free_text(text: &str, around: &Around<'_>) -> bool {
    let text = text.trim();
    let machine = matches!(
        around.key.as_ref().and_then(|info| info.key.meaning),
        Some(Meaning::Neutral | Meaning::Label)
    );
    let one_word = !text.contains(char::is_whitespace);
    text.chars().any(char::is_alphanumeric) && !(machine && one_word)
}

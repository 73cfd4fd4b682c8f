//! What may be asked about a value without seeing it.
//!
//! Each [`Question`] is allowed or not for each kind, and each answer is recorded. An answer is a
//! part of a value that identifies nobody, a comparison, an order, or a token of its own
//! ([`Question::Format`]); so none of them can be put together to the value again.

mod date;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;
use workroom_pii::Kind;

use crate::{
    Act, Entry, Flow, Kinds, Mint, Origin, Policy, Source, Used, Vault, VaultError, normal::normal,
    vault::New,
};
use date::Date;

/// The most values that are put in order at once.
pub const SORT_MAX: usize = 10_000;

/// The longest pattern of a format.
const PATTERN_BYTES_MAX: usize = 128;

/// Fewer letters and digits have no last four: they would be most of the value.
const LAST4_MIN: usize = 8;

/// Older ages identify a person.
const AGE_MAX: i64 = 90;

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What follows the `@` of an address, or the host of a URL.
    Domain,
    /// The last four letters or digits.
    Last4,
    /// The year of a date.
    Year,
    /// The years since a date of birth, 90 for all above.
    Age,
    /// The first letter of each part of a name.
    Initials,
    /// Whether two values are the same.
    Same,
    /// A token of the value written in another way.
    Format,
    /// In which order values are.
    Sort,
}

impl Question {
    /// Every question.
    pub const ALL: [Question; 8] = [
        Question::Domain,
        Question::Last4,
        Question::Year,
        Question::Age,
        Question::Initials,
        Question::Same,
        Question::Format,
        Question::Sort,
    ];

    /// Its name in scripts and settings.
    pub const fn name(self) -> &'static str {
        match self {
            Question::Domain => "domain",
            Question::Last4 => "last4",
            Question::Year => "year",
            Question::Age => "age",
            Question::Initials => "initials",
            Question::Same => "same",
            Question::Format => "format",
            Question::Sort => "sort",
        }
    }

    /// The question of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.name() == name)
    }

    /// The kinds that it may be asked about, unless configured.
    pub fn default_kinds(self) -> Kinds {
        let kinds: &[Kind] = match self {
            Question::Domain => &[Kind::Email, Kind::Url],
            Question::Last4 => &[Kind::CreditCard, Kind::Account, Kind::Iban, Kind::Phone],
            Question::Year => &[Kind::BirthDate, Kind::Date],
            Question::Age => &[Kind::BirthDate],
            Question::Initials => &[Kind::Name],
            Question::Format => {
                &[Kind::Name, Kind::Phone, Kind::BirthDate, Kind::Date, Kind::Email, Kind::Iban]
            }
            Question::Sort => &[Kind::Name, Kind::BirthDate, Kind::Date, Kind::Place, Kind::Email],
            Question::Same => return Kinds::ALL,
        };
        kinds.iter().copied().collect()
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ComputeError {
    /// An argument is missing or wrong.
    #[error("`pii.{question}` takes {takes}")]
    Usage {
        /// The question.
        question: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// No token of this session.
    #[error("`{0}` is no token of this session")]
    Unknown(String),
    /// The policy does not allow it.
    #[error(
        "`pii.{question}` is not allowed for `{token}` (kind `{kind}`); to allow it, put it under \
         `[privacy.compute]` in workroom.toml: `{question} = [\"{kind}\"]`"
    )]
    NotAllowed {
        /// The question.
        question: &'static str,
        /// The token.
        token: String,
        /// Its kind.
        kind: &'static str,
    },
    /// The value has no such part.
    #[error("`pii.{question}` has no answer for `{token}`: {reason}")]
    NoAnswer {
        /// The question.
        question: &'static str,
        /// The token.
        token: String,
        /// Why, in one clause.
        reason: &'static str,
    },
    /// What was made does not fit in.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl ComputeError {
    /// A stable code for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            ComputeError::Usage { .. } => "invalid_arguments",
            ComputeError::Unknown(_) => "unknown_token",
            ComputeError::NotAllowed { .. } => "pii_not_allowed",
            ComputeError::NoAnswer { .. } => "pii_no_answer",
            ComputeError::Vault(_) => "vault_full",
        }
    }
}

/// An answer, and what is to be recorded of it.
#[derive(Debug)]
pub struct Answer {
    /// The answer, or why there is none.
    pub outcome: Result<Value, ComputeError>,
    /// A flow for each token that was asked about.
    pub flows: Vec<Flow>,
    /// The token that was made, if one was; to be stored before the answer is given.
    pub made: Used,
}

/// Answers `question` with its `arguments`, at `at` milliseconds since 1970.
pub fn ask(
    vault: &mut Vault,
    mint: &Mint,
    policy: &Policy,
    question: Question,
    arguments: &Map<String, Value>,
    at: i64,
) -> Answer {
    let mut asking =
        Asking { vault, mint, policy, question, at, tokens: Vec::new(), made: Used::default() };
    let outcome = asking.answer(arguments);
    let act = if outcome.is_ok() { Act::Asked } else { Act::Denied };
    let Asking { vault, tokens, made, .. } = asking;
    let flow = |token: String| Flow {
        at,
        session: vault.session().to_owned(),
        kind: vault.get(&token).map_or_else(String::new, |entry| entry.kind.name().to_owned()),
        token,
        act,
        server: String::new(),
        tool: String::new(),
        detail: question.name().to_owned(),
        detector: String::new(),
        confidence: 0,
    };
    let flows = tokens.into_iter().map(flow).collect();
    Answer { outcome, flows, made }
}

struct Asking<'a> {
    vault: &'a mut Vault,
    mint: &'a Mint,
    policy: &'a Policy,
    question: Question,
    at: i64,
    tokens: Vec<String>,
    made: Used,
}

impl Asking<'_> {
    fn answer(&mut self, arguments: &Map<String, Value>) -> Result<Value, ComputeError> {
        let text = |key: &str| arguments.get(key).and_then(Value::as_str);
        if self.question == Question::Sort {
            return self.sort(arguments.get("tokens").and_then(Value::as_array));
        }
        let token = text("token").ok_or_else(|| self.usage())?;
        let entry = self.entry(token)?;
        let value = entry.value.expose();
        match self.question {
            Question::Domain => self.part(&entry, domain(value), "it has no domain"),
            Question::Last4 => self.part(&entry, last4(value), "it is too short"),
            Question::Initials => self.part(&entry, initials(value), "it has no letters"),
            Question::Year => {
                let year = Date::read(value).filter(|date| {
                    entry.kind != Kind::BirthDate || date.years_until(self.at) < AGE_MAX
                });
                let year = year.map(|date| date.year);
                self.part(&entry, year, "it is no date, or of a person of 90 years or more")
            }
            Question::Age => {
                let age = Date::read(value).map(|date| date.years_until(self.at).clamp(0, AGE_MAX));
                self.part(&entry, age, "it is no date")
            }
            Question::Same => {
                let other = text("other").ok_or_else(|| self.usage())?;
                let other = self.entry(other)?;
                let same = normal(entry.kind, value) == normal(other.kind, other.value.expose());
                Ok(same.into())
            }
            Question::Format => {
                let pattern = text("pattern").filter(|text| text.len() <= PATTERN_BYTES_MAX);
                let pattern = pattern.ok_or_else(|| self.usage())?;
                let formatted = format(entry.kind, value, pattern)
                    .map_err(|reason| self.no_answer(token, reason))?;
                self.derive(&entry, &formatted)
            }
            Question::Sort => Err(self.usage()),
        }
    }

    /// Puts in what was made of `entry`, which may go where that may go.
    fn derive(&mut self, entry: &Entry, value: &str) -> Result<Value, ComputeError> {
        let source = Source { path: String::new(), ..entry.origin.source.clone() };
        let detector = "format".to_owned();
        let origin = Origin { source, detector, confidence: entry.origin.confidence, at: self.at };
        let new = New {
            kind: entry.kind,
            owner: Some("formatted"),
            value,
            origin: &origin,
            servers: Some(&entry.servers),
        };
        // Its own normal form would make it the value that it was made of.
        let put = self.vault.put_apart(new, self.mint)?;
        let text = put.token.to_string();
        self.made.add(&put.token, &put.state);
        Ok(text.into())
    }

    /// The indexes of `tokens` in the order of their values.
    fn sort(&mut self, tokens: Option<&Vec<Value>>) -> Result<Value, ComputeError> {
        let tokens =
            tokens.filter(|tokens| tokens.len() <= SORT_MAX).ok_or_else(|| self.usage())?;
        let mut keyed = Vec::with_capacity(tokens.len());
        for (index, token) in tokens.iter().enumerate() {
            let token = token.as_str().ok_or_else(|| self.usage())?;
            let entry = self.entry(token)?;
            if entry.is_agents() {
                // A value chosen by whoever asks would tell where the others are.
                return Err(self.no_answer(token, "it was put in by the agent"));
            }
            let value = entry.value.expose();
            let date = Date::read(value).map(Date::key);
            keyed.push((date, normal(entry.kind, value), index));
        }
        keyed.sort();
        Ok(keyed.into_iter().map(|(_, _, index)| json!(index)).collect())
    }

    fn entry(&mut self, token: &str) -> Result<Entry, ComputeError> {
        let shown: String = token.chars().take(crate::TOKEN_BYTES_MAX).collect();
        let entry = self.vault.get(token).cloned();
        let entry = entry.ok_or(ComputeError::Unknown(shown))?;
        self.tokens.push(token.to_owned());
        if !self.policy.answers(self.question, entry.kind) {
            let (question, kind) = (self.question.name(), entry.kind.name());
            return Err(ComputeError::NotAllowed { question, token: token.to_owned(), kind });
        }
        Ok(entry)
    }

    fn part(
        &self,
        entry: &Entry,
        part: Option<impl Into<Value>>,
        reason: &'static str,
    ) -> Result<Value, ComputeError> {
        part.map(Into::into).ok_or_else(|| self.no_answer(entry.token.as_str(), reason))
    }

    fn no_answer(&self, token: &str, reason: &'static str) -> ComputeError {
        let question = self.question.name();
        ComputeError::NoAnswer { question, token: token.to_owned(), reason }
    }

    fn usage(&self) -> ComputeError {
        let takes = match self.question {
            Question::Same => "two tokens",
            Question::Format => "a token and a pattern of at most 128 bytes",
            Question::Sort => "a list of at most 10000 tokens",
            _ => "one token",
        };
        ComputeError::Usage { question: self.question.name(), takes }
    }
}

fn domain(value: &str) -> Option<String> {
    let host = match value.split_once("://") {
        Some((_, rest)) => {
            let authority = rest.split(['/', '?', '#']).next()?;
            authority.rsplit('@').next()?.split(':').next()?
        }
        None => value.rsplit_once('@')?.1,
    };
    let host = host.trim().trim_end_matches('>').to_lowercase();
    (!host.is_empty()).then_some(host)
}

fn last4(value: &str) -> Option<String> {
    let letters: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
    (letters.len() >= LAST4_MIN).then(|| letters[letters.len() - 4..].iter().collect())
}

fn initials(value: &str) -> Option<String> {
    let parts = value.split(|c: char| c.is_whitespace() || c == '-');
    let letters: String = parts
        .filter_map(|part| part.chars().find(|c| c.is_alphabetic()))
        .flat_map(char::to_uppercase)
        .collect();
    (!letters.is_empty()).then_some(letters)
}

/// `value` in another form that has all of it: a form with a part left out could be asked for
/// until the parts are known.
fn format(kind: Kind, value: &str, pattern: &str) -> Result<String, &'static str> {
    match pattern {
        "lower" => return Ok(value.to_lowercase()),
        "upper" => return Ok(value.to_uppercase()),
        "trim" => return Ok(value.trim().to_owned()),
        "digits" => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            return if digits.is_empty() { Err("it has no digits") } else { Ok(digits) };
        }
        _ => {}
    }
    match kind {
        Kind::BirthDate | Kind::Date => {
            let date = Date::read(value).ok_or("it is no date")?;
            date.written(pattern).ok_or(
                "the pattern must have `YYYY`, `MM` and `DD`, and the value a month and a day",
            )
        }
        Kind::Name => {
            let words: Vec<&str> = value.split_whitespace().collect();
            let [first @ .., last] = words.as_slice() else { return Err("it has no letters") };
            if first.is_empty() || !pattern.contains("{first}") || !pattern.contains("{last}") {
                return Err("the pattern must have `{first}` and `{last}`, and the value both");
            }
            Ok(pattern.replacen("{first}", &first.join(" "), 1).replacen("{last}", last, 1))
        }
        _ => {
            let mut digits = value.chars().filter(char::is_ascii_digit);
            let formatted: String = pattern
                .chars()
                .map(|c| if c == '#' { digits.next().unwrap_or('#') } else { c })
                .collect();
            let is_whole = digits.next().is_none() && !formatted.contains('#');
            let has_digits = pattern.contains('#');
            if is_whole && has_digits {
                Ok(formatted)
            } else {
                Err("the pattern must have a `#` for each digit of the value")
            }
        }
    }
}

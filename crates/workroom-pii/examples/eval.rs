//! Measures detection on labelled sentences; `cargo xtask eval pii --data FILE [--json]` runs it.
//!
//! The file is a list of `{full_text, spans: [{entity_type, start_position, end_position}]}`, with
//! positions in characters and Presidio's names of types.
//!
//! A labelled span is found when every letter and digit of it is masked, as whatever kind. A
//! masked piece is right when it overlaps a label of its own type; of streets, codes and places
//! any will do, because where one ends and the next begins is convention. In all, a piece is right
//! when it overlaps any label. F2 weighs recall twice.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program for developers, on data of theirs"
)]

use std::{collections::BTreeMap, time::Instant};

use serde_json::{Value, json};
use workroom_pii::{Detect, Detector, Found, Kind, Place, Profile, Settings, Sink, Withheld};

/// How long the measurement of speed goes on, in seconds.
const SECONDS: f64 = 2.0;

/// Opens the place of a finding in the masked text.
const MARK: char = '\u{e000}';

/// What was found, in order.
#[derive(Default)]
struct Recorder {
    found: Vec<(Kind, String)>,
}

impl Sink for Recorder {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        self.found.push((found.kind, found.value.to_owned()));
        Ok(Some(MARK.to_string()))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// A sink that does as little as one can.
struct Nothing;

impl Sink for Nothing {
    fn replace(&mut self, _: &Found<'_>) -> Result<Option<String>, Withheld> {
        Ok(Some("[x]".to_owned()))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// A range of characters with a type.
struct Piece {
    start: usize,
    end: usize,
    kind: String,
}

#[derive(Default)]
struct Counts {
    labelled: usize,
    covered: usize,
    masked: usize,
    right: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let after =
        |flag: &str| arguments.iter().position(|a| a == flag).and_then(|at| arguments.get(at + 1));
    let file = after("--data").expect("`--data FILE` is given");
    let text = std::fs::read_to_string(file).expect("the file can be read");
    let entries: Vec<Value> = serde_json::from_str(&text).expect("the file is a list of JSON");
    let profile = after("--profile").map_or_else(Profile::every_kind, |name| {
        Profile::named(name).expect("the profile is `off`, `standard`, `hipaa` or `strict`")
    });
    let detector = Detector::new(Settings::of(profile)).unwrap();
    let mut kinds: BTreeMap<String, Counts> = BTreeMap::new();
    let mut all = Counts::default();
    for entry in &entries {
        measure(&detector, entry, has("--show"), &mut kinds, &mut all);
    }
    let speed = speed(&detector, &entries);
    report(&kinds, &all, speed, has("--json"));
}

fn measure(
    detector: &Detector,
    entry: &Value,
    show: bool,
    kinds: &mut BTreeMap<String, Counts>,
    all: &mut Counts,
) {
    let text = entry["full_text"].as_str().unwrap();
    let labels = labels(entry);
    let pieces = pieces(detector, text);
    let chars: Vec<char> = text.chars().collect();
    let masked = |at: usize| pieces.iter().any(|p| (p.start..p.end).contains(&at));
    let mut notes = Vec::new();
    for label in &labels {
        let covered = (label.start..label.end)
            .all(|at| !chars.get(at).is_some_and(|c| c.is_alphanumeric()) || masked(at));
        for counts in [kinds.entry(label.kind.clone()).or_default(), all] {
            counts.labelled += 1;
            counts.covered += usize::from(covered);
        }
        if !covered {
            notes.push(format!("  missed {} {:?}", label.kind, slice(&chars, label)));
        }
    }
    for piece in &pieces {
        let touching = || labels.iter().filter(|l| l.start < piece.end && piece.start < l.end);
        let right = touching().any(|label| same(&label.kind, &piece.kind));
        let counts = kinds.entry(piece.kind.clone()).or_default();
        counts.masked += 1;
        counts.right += usize::from(right);
        all.masked += 1;
        all.right += usize::from(touching().next().is_some());
        if !right {
            notes.push(format!("  wrong {} {:?}", piece.kind, slice(&chars, piece)));
        }
    }
    if show && !notes.is_empty() {
        println!("{text:?}\n{}", notes.join("\n"));
    }
}

fn slice(chars: &[char], piece: &Piece) -> String {
    chars.get(piece.start..piece.end).unwrap_or_default().iter().collect()
}

fn labels(entry: &Value) -> Vec<Piece> {
    let spans = entry["spans"].as_array().unwrap();
    let position =
        |span: &Value, name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
    spans
        .iter()
        .map(|span| Piece {
            start: position(span, "start_position"),
            end: position(span, "end_position"),
            kind: span["entity_type"].as_str().unwrap().to_owned(),
        })
        .collect()
}

/// What is masked in `text`, in characters.
fn pieces(detector: &Detector, text: &str) -> Vec<Piece> {
    let mut recorder = Recorder::default();
    let masked = detector.text(text, Place::default(), &mut recorder).unwrap();
    let masked = masked.unwrap_or_else(|| text.to_owned());
    let mut found = recorder.found.into_iter();
    let mut at = 0;
    let mut pieces = Vec::new();
    for c in masked.chars() {
        if c != MARK {
            at += 1;
            continue;
        }
        let (kind, value) = found.next().unwrap();
        let end = at + value.chars().count();
        pieces.push(Piece { start: at, end, kind: presidio(kind).to_owned() });
        at = end;
    }
    pieces
}

/// What Presidio calls a kind.
fn presidio(kind: Kind) -> &'static str {
    match kind {
        Kind::Email => "EMAIL_ADDRESS",
        Kind::Phone => "PHONE_NUMBER",
        Kind::CreditCard => "CREDIT_CARD",
        Kind::Iban => "IBAN_CODE",
        Kind::Ssn => "US_SSN",
        Kind::Itin => "US_ITIN",
        Kind::Passport => "US_PASSPORT",
        Kind::DriverLicence => "US_DRIVER_LICENSE",
        Kind::Nhs => "UK_NHS",
        Kind::Ip => "IP_ADDRESS",
        Kind::Mac => "MAC_ADDRESS",
        Kind::Url => "DOMAIN_NAME",
        Kind::Wallet => "CRYPTO",
        Kind::Name => "PERSON",
        Kind::Address => "STREET_ADDRESS",
        Kind::Place => "GPE",
        Kind::Zip => "ZIP_CODE",
        Kind::BirthDate | Kind::Date => "DATE_TIME",
        Kind::Age => "AGE",
        Kind::Organization => "ORGANIZATION",
        other => other.name(),
    }
}

/// Whether a piece of one type is right where a label has the other.
fn same(label: &str, piece: &str) -> bool {
    let place = ["STREET_ADDRESS", "ZIP_CODE", "GPE"];
    label == piece || place.contains(&label) && place.contains(&piece)
}

/// Megabytes of text a second, on one core.
fn speed(detector: &Detector, entries: &[Value]) -> f64 {
    let texts: Vec<&str> = entries.iter().map(|e| e["full_text"].as_str().unwrap()).collect();
    let started = Instant::now();
    let mut bytes = 0;
    while started.elapsed().as_secs_f64() < SECONDS && !texts.is_empty() {
        for text in &texts {
            detector.text(text, Place::default(), &mut Nothing).unwrap();
            bytes += text.len();
        }
    }
    bytes as f64 / 1e6 / started.elapsed().as_secs_f64()
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn figures(counts: &Counts) -> (f64, f64, f64) {
    let precision = ratio(counts.right, counts.masked);
    let recall = ratio(counts.covered, counts.labelled);
    let below = 4.0 * precision + recall;
    let f2 = if below == 0.0 { 0.0 } else { 5.0 * precision * recall / below };
    (precision, recall, f2)
}

fn report(kinds: &BTreeMap<String, Counts>, all: &Counts, speed: f64, as_json: bool) {
    let labelled = || kinds.iter().filter(|(_, counts)| counts.labelled > 0);
    if as_json {
        let object = |counts: &Counts| {
            let (precision, recall, f2) = figures(counts);
            json!({"precision": precision, "recall": recall, "f2": f2, "support": counts.labelled})
        };
        let kinds: serde_json::Map<String, Value> =
            labelled().map(|(kind, counts)| (kind.clone(), object(counts))).collect();
        println!("{}", json!({"kinds": kinds, "all": object(all), "mb_per_s": speed}));
        return;
    }
    println!("{:<20} {:>9} {:>7} {:>6} {:>8}", "kind", "precision", "recall", "F2", "support");
    let rows = labelled().map(|(kind, counts)| (kind.as_str(), counts)).chain([("all", all)]);
    for (kind, counts) in rows {
        let (precision, recall, f2) = figures(counts);
        println!("{kind:<20} {precision:>9.3} {recall:>7.3} {f2:>6.3} {:>8}", counts.labelled);
    }
    println!("\n{speed:.1} MB/s");
}

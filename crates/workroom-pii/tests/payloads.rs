//! Sixty and more answers of real kinds of APIs, with what is personal in them marked: how much of
//! it is masked, and how much else.
//!
//! In `data/payloads.jsonl` each line is one answer, and `⟦…⟧` marks what must be masked, of which
//! `⟦#…⟧` is a number. All else must stay: identifiers, hashes, dates of records, amounts, states.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a test")]

use std::fmt::Write as _;

use serde_json::Value;
use workroom_pii::{Detect, Detector, Found, Place, Profile, Settings, Sink, Withheld};

const PAYLOADS: &str = include_str!("data/payloads.jsonl");

/// The fewest payloads, and the aims.
const PAYLOADS_MIN: usize = 60;
const RECALL: f64 = 0.98;
const PRECISION: f64 = 0.97;

/// Marks each finding in the text that replaces it.
struct Marks;

impl Sink for Marks {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        Ok(Some(format!("⟦{}⟧", found.value)))
    }

    fn escape(&mut self, _: &str) -> Option<String> {
        None
    }
}

/// The value without marks, and what stood between them.
fn unmarked(value: &Value, marked: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => {
            let mut inside = text.split('⟦').skip(1).filter_map(|part| part.split_once('⟧'));
            let number = inside.clone().next().and_then(|(mark, _)| mark.strip_prefix('#'));
            if let Some(number) = number {
                marked.push(number.to_owned());
                return number.parse::<u64>().unwrap().into();
            }
            marked.extend(inside.by_ref().map(|(mark, _)| mark.to_owned()));
            text.replace(['⟦', '⟧'], "").into()
        }
        Value::Array(items) => items.iter().map(|item| unmarked(item, marked)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), unmarked(value, marked))).collect()
        }
        other => other.clone(),
    }
}

/// Where marks stand in the texts of a value: for each text, its characters and which are marked.
fn masks(value: &Value, out: &mut Vec<(Vec<char>, Vec<bool>)>) {
    match value {
        Value::String(text) => {
            let (mut chars, mut inside, mut is_inside) = (Vec::new(), Vec::new(), false);
            for c in text.chars() {
                match c {
                    '⟦' => is_inside = true,
                    '⟧' => is_inside = false,
                    '#' if is_inside && inside.last() != Some(&true) => {}
                    _ => {
                        chars.push(c);
                        inside.push(is_inside);
                    }
                }
            }
            out.push((chars, inside));
        }
        Value::Number(number) => {
            let chars: Vec<char> = number.to_string().chars().collect();
            out.push((chars.clone(), vec![false; chars.len()]));
        }
        Value::Array(items) => items.iter().for_each(|item| masks(item, out)),
        Value::Object(map) => map.values().for_each(|value| masks(value, out)),
        _ => {}
    }
}

/// The runs of `of` in one text: each with whether `other` covers its letters and digits whole,
/// and whether it touches them at all.
fn runs(chars: &[char], of: &[bool], other: &[bool]) -> Vec<(String, bool, bool)> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < of.len() {
        if !of[at] {
            at += 1;
            continue;
        }
        let end = (at..of.len()).find(|end| !of[*end]).unwrap_or(of.len());
        let telling = |at: &usize| chars[*at].is_alphanumeric();
        let covered = (at..end).filter(telling).all(|at| other.get(at) == Some(&true));
        let touched = (at..end).any(|at| other.get(at) == Some(&true));
        runs.push((chars[at..end].iter().collect(), covered, touched));
        at = end;
    }
    runs
}

#[test]
fn answers_of_apis_are_masked_and_no_more() {
    let detector = Detector::new(Settings::of(Profile::standard())).unwrap();
    let (mut labelled, mut covered, mut masked, mut right) = (0, 0, 0, 0);
    let mut notes = String::new();
    for line in PAYLOADS.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let expected = &entry["value"];
        let mut values = Vec::new();
        let mut found = unmarked(expected, &mut values);
        detector.json(&mut found, Place::default(), &mut Marks).unwrap();
        let (mut expected_masks, mut found_masks) = (Vec::new(), Vec::new());
        masks(expected, &mut expected_masks);
        masks(&found, &mut found_masks);
        assert_eq!(expected_masks.len(), found_masks.len(), "{}", entry["name"]);
        for ((chars, want), (_, got)) in expected_masks.iter().zip(&found_masks) {
            for (text, whole, _) in runs(chars, want, got) {
                labelled += 1;
                covered += usize::from(whole);
                if !whole {
                    writeln!(notes, "{}: missed {text:?}", entry["name"]).unwrap();
                }
            }
            for (text, _, touched) in runs(chars, got, want) {
                masked += 1;
                right += usize::from(touched);
                if !touched {
                    writeln!(notes, "{}: wrong {text:?}", entry["name"]).unwrap();
                }
            }
        }
    }
    assert!(PAYLOADS.lines().count() >= PAYLOADS_MIN);
    let recall = covered as f64 / f64::from(labelled);
    let precision = right as f64 / f64::from(masked);
    assert!(
        recall >= RECALL && precision >= PRECISION,
        "recall {recall:.3}, precision {precision:.3}\n{notes}"
    );
}

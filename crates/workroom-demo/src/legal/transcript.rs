//! The deposition's transcript, as a court reporter's pages: 25 numbered lines each.
//!
//! Its text is made from the seed; the passages that matter are known from how it was made, and
//! not from reading it again.

use crate::{
    grammar::{expand, wrap},
    rng::Rng,
};

use super::{
    facts::{Cast, open_terms, slot},
    planted::{EVASIONS, PLANTED},
    talk::{COLLOQUY, OBJECTIONS, TALK},
};

/// Pages of a transcript: about 40,000 o200k tokens.
pub(crate) const PAGES: usize = 112;

const LINES: usize = 25;

/// How much of the day is over, in percent, when each topic but the last ends.
const SHARES: [usize; 7] = [3, 9, 16, 25, 78, 85, 93];

/// Characters of a line behind its number.
const WIDTH: usize = 58;

/// The pages, and what is in them.
#[derive(Clone, Debug)]
pub(crate) struct Transcript {
    pub(crate) pages: Vec<String>,
    pub(crate) passages: Vec<Passage>,
}

/// An exchange that an issue's key term is in, and that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    /// Indices into [`super::planted::ISSUES`], of every issue that it belongs to.
    pub(crate) issues: Vec<usize>,
    /// `41:7-41:15`
    pub(crate) cite: String,
    pub(crate) question: String,
    pub(crate) answer: String,
}

/// Writes lines, and knows where it is.
struct Reporter<'c> {
    cast: &'c Cast<'c>,
    lines: Vec<String>,
    passages: Vec<Passage>,
}

pub(crate) fn write(rng: &mut Rng, cast: &Cast<'_>, requests: &[(String, u32)]) -> Transcript {
    let mut reporter = Reporter { cast, lines: Vec::new(), passages: Vec::new() };
    reporter.opening();
    let mut planted: Vec<usize> = (0..PLANTED.len()).collect();
    rng.shuffle(&mut planted);
    planted.truncate(rng.within(12, 15) as usize);
    let total = PAGES * LINES - 8;
    let (mut next_key, mut next_request) = (0, 0);
    let (mut section, mut talk) = ("", Talk::default());
    while reporter.lines.len() + 24 < total {
        let done = reporter.lines.len();
        let (name, (question, answer)) = talk.next(rng, done * 100 / total);
        if name != section {
            section = name;
            reporter.line(&format!("          EXAMINATION: {name}"));
        }
        reporter.exchange(rng, question, answer, false);
        if next_key < planted.len() && done > (next_key + 1) * total / (planted.len() + 1) {
            let (_, question, answer) = PLANTED[planted[next_key]];
            reporter.exchange(rng, question, answer, true);
            next_key += 1;
            reporter.decoy(rng);
        }
        if next_request < requests.len() && done > (next_request + 1) * total / (requests.len() + 1)
        {
            reporter.request(rng, &requests[next_request]);
            next_request += 1;
        }
        if rng.chance(4) {
            let line = one(rng, COLLOQUY);
            let line = reporter.fill(rng, line);
            reporter.say(&format!("{}: {line}", counsel(cast.ours)));
        }
    }
    reporter.closing();
    let pages = reporter.lines.chunks(LINES).map(page).collect();
    Transcript { pages, passages: reporter.passages }
}

/// What is talked about next: a topic's exchanges each once, then again, until its time is over.
#[derive(Default)]
struct Talk {
    left: Vec<(&'static str, &'static str)>,
}

impl Talk {
    fn next(
        &mut self,
        rng: &mut Rng,
        percent: usize,
    ) -> (&'static str, (&'static str, &'static str)) {
        // Most of the day goes over the visits' tickets, one after another.
        let topic = SHARES.iter().position(|until| percent < *until).unwrap_or(SHARES.len());
        let (name, pairs) = TALK[topic.min(TALK.len() - 1)];
        if !self.left.iter().all(|pair| pairs.contains(pair)) {
            self.left.clear();
        }
        if self.left.is_empty() {
            self.left = pairs.to_vec();
            rng.shuffle(&mut self.left);
        }
        (name, self.left.pop().expect("a topic has exchanges"))
    }
}

/// One of `items`, which must not be empty.
fn one<T: Copy>(rng: &mut Rng, items: &[T]) -> T {
    *rng.pick(items)
}

/// `MR. OKONKWO`
fn counsel(person: &super::facts::Person) -> String {
    format!("{} {}", person.title, person.last).to_uppercase()
}

fn page(lines: &[String]) -> String {
    let lines = lines.iter().zip(1..);
    lines.map(|(line, number)| format!("{number:>4}   {line}\n")).collect::<Vec<_>>().concat()
}

impl Reporter<'_> {
    fn fill(&self, rng: &mut Rng, template: &str) -> String {
        expand(rng, template, &mut |rng, name| slot(rng, self.cast, name))
    }

    fn line(&mut self, text: &str) {
        self.lines.push(text.trim_end().to_owned());
    }

    /// Says `text`, which opens with who speaks; where it begins and ends.
    fn say(&mut self, text: &str) -> (String, String) {
        let begin = self.lines.len();
        // The first line of each speaker is indented, what follows is not.
        self.lines.extend(wrap(&format!("    {text}"), WIDTH));
        let at = |index: usize| format!("{}:{}", index / LINES + 1, index % LINES + 1);
        (at(begin), at(self.lines.len() - 1))
    }

    fn exchange(&mut self, rng: &mut Rng, question: &str, answer: &str, is_key: bool) {
        let question = self.fill(rng, question);
        let (begin, _) = self.say(&format!("Q. {question}"));
        if rng.chance(if is_key { 40 } else { 9 }) {
            let objection = one(rng, OBJECTIONS);
            let objection = self.fill(rng, objection);
            self.say(&format!("{}: {objection}", counsel(self.cast.theirs)));
        }
        let answer = self.fill(rng, answer);
        let (_, end) = self.say(&format!("A. {answer}"));
        if is_key {
            let text = format!("{question} {answer}").to_lowercase();
            let mut issues: Vec<usize> = open_terms()
                .filter(|(_, term)| text.contains(term))
                .map(|(issue, _)| issue)
                .collect();
            issues.dedup();
            let cite = format!("{begin}-{end}");
            self.passages.push(Passage { issues, cite, question, answer });
        }
    }

    /// A key term where it does not count: withdrawn, not recalled, or said by counsel.
    fn decoy(&mut self, rng: &mut Rng) {
        let (_, question, _) = one(rng, PLANTED);
        let term = one(rng, &open_terms().map(|(_, term)| term).collect::<Vec<_>>());
        match rng.below(4) {
            0 => {
                let question = self.fill(rng, question);
                self.say(&format!("Q. {question} Strike that."));
                self.say("Q. Let me come at it another way. Are you all right to go on?");
                self.say("A. I am fine.");
            }
            1 => {
                let evasion = one(rng, EVASIONS);
                let evasion = self.fill(rng, evasion);
                self.say(&format!("Q. And as to the {term}, was anything put in writing?"));
                self.say(&format!("A. {evasion}"));
            }
            2 => {
                let text = format!(
                    "Counsel, if this goes to the {term} again, I would ask for the \
                     page."
                );
                self.say(&format!("{}: {text}", counsel(self.cast.theirs)));
            }
            _ => {}
        }
    }

    fn request(&mut self, rng: &mut Rng, (what, days): &(String, u32)) {
        let intro = self.fill(
            rng,
            "[We would ask|I will ask] that you [send|produce] {it}."
                .replace("{it}", what)
                .as_str(),
        );
        self.say(&format!("{}: {intro}", counsel(self.cast.ours)));
        self.say(&format!("{}: Noted. Agreed.", counsel(self.cast.theirs)));
        self.say(&format!(
            "(Information requested: {what}; due within {} ({days}) days.)",
            in_words(*days)
        ));
    }

    fn opening(&mut self) {
        let Cast { witness, ours, theirs, deposed } = *self.cast;
        for line in [
            "          IN THE UNITED STATES DISTRICT COURT".to_owned(),
            "        FOR THE EASTERN DISTRICT OF CALIFORNIA".to_owned(),
            String::new(),
            "MERIDIAN COLD STORAGE, INC.,".to_owned(),
            "          Plaintiff,        Case No. 1:24-cv-00187".to_owned(),
            "     v.".to_owned(),
            "TALBOT REFRIGERATION SERVICES LLC,".to_owned(),
            "          Defendant.".to_owned(),
            String::new(),
            format!("     VIDEOTAPED DEPOSITION OF {}", witness.name().to_uppercase()),
            format!("     Taken on {}, at 9:04 a.m.", deposed.long()),
            String::new(),
            format!("For the Plaintiff:   {}", ours.name()),
            format!("For the Defendant:   {}", theirs.name()),
            String::new(),
        ] {
            self.line(&line);
        }
        self.say(
            "THE REPORTER: Do you solemnly swear that the testimony you are about to give \
         will be the truth, the whole truth, and nothing but the truth?",
        );
        self.say("THE WITNESS: I do.");
    }

    fn closing(&mut self) {
        self.say(&format!(
            "{}: Nothing further. Thank you for your time.",
            counsel(self.cast.ours)
        ));
        self.say(&format!("{}: We will read and sign.", counsel(self.cast.theirs)));
        self.say("(The deposition concluded at 4:41 p.m.)");
    }
}

fn in_words(days: u32) -> &'static str {
    match days {
        7 => "seven",
        10 => "ten",
        14 => "fourteen",
        21 => "twenty-one",
        30 => "thirty",
        _ => "forty-five",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_talk_that_nobody_needs_has_no_key_term() {
        let pairs = TALK.iter().flat_map(|(_, pairs)| *pairs);
        let texts = pairs.flat_map(|(question, answer)| [*question, *answer]);
        for text in texts.chain(OBJECTIONS.iter().copied()) {
            for (_, term) in open_terms() {
                assert!(!text.to_lowercase().contains(term), "`{term}` is in {text}");
            }
        }
    }
}

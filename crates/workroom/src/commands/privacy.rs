//! `workroom privacy`: where masked values came from and went, and what would be masked.

use std::{collections::BTreeMap, fmt::Write as _, fs, io::Read as _, path::Path};

use serde::Serialize;
use serde_json::{Value, json};
use workroom_engine::store::{FlowRecord, FlowsOf};
use workroom_pii::{Detect as _, Found, Place, Profile, Sink, Withheld};
use workroom_privacy::{Act, Flow, Token};

use crate::{
    args::{Global, Privacy, PrivacyCommand},
    commands::ago::{ago, now},
    output::{self, Answer, Failure},
    privacy, settings,
    store::{self, Keep},
};

/// The most entries of the record that a report is made of.
const FLOWS_MAX: usize = 1_000_000;

/// The most lines of a report for people.
const LINES_MAX: usize = 200;

pub(crate) async fn privacy(global: &Global, args: &Privacy) -> Result<Answer, Failure> {
    match &args.command {
        PrivacyCommand::Report { session, csv } => report(session.clone(), *csv).await,
        PrivacyCommand::Explain { token } => explain(token).await,
        PrivacyCommand::Test { file, profile } => test(global, file, profile.as_deref()),
    }
}

async fn flows(of: FlowsOf) -> Result<Vec<Flow>, Failure> {
    let store = store::open(Keep::Stored).await?;
    let records = store.flows(of, FLOWS_MAX).await.map_err(Failure::failed)?;
    let read = |record: &FlowRecord| serde_json::from_str(&record.body).ok();
    Ok(records.iter().filter_map(read).collect())
}

/// What is known of one masked value; never the value.
#[derive(Debug, Default, Serialize)]
struct Line {
    session: String,
    token: String,
    kind: String,
    /// Where it was found first.
    server: String,
    tool: String,
    path: String,
    detector: String,
    confidence: u8,
    found_at_ms: i64,
    /// Where else it was found.
    also_from: Vec<String>,
    /// Where it was sent: when last, and how often.
    sent: BTreeMap<String, Times>,
    /// Where it was not sent.
    refused: BTreeMap<String, Times>,
    /// What was asked about it.
    asked: BTreeMap<String, Times>,
    /// How often it was found in what goes to the agent.
    caught: u64,
    /// Whether that is how it was found first.
    #[serde(skip)]
    was_caught: bool,
}

#[derive(Debug, Default, Serialize)]
struct Times {
    count: u64,
    first_ms: i64,
    last_ms: i64,
}

impl Times {
    fn add(&mut self, at: i64) {
        if self.count == 0 {
            self.first_ms = at;
        }
        self.count += 1;
        self.last_ms = at;
    }
}

impl Line {
    fn add(&mut self, flow: &Flow) {
        if self.token.is_empty() {
            self.session.clone_from(&flow.session);
            self.token.clone_from(&flow.token);
        }
        if self.kind.is_empty() {
            self.kind.clone_from(&flow.kind);
        }
        let place = || format!("{}.{}", flow.server, flow.tool);
        match flow.act {
            Act::Found | Act::Registered | Act::Caught if self.detector.is_empty() => {
                self.server.clone_from(&flow.server);
                self.tool.clone_from(&flow.tool);
                self.path.clone_from(&flow.detail);
                self.detector.clone_from(&flow.detector);
                self.confidence = flow.confidence;
                self.found_at_ms = flow.at;
                self.was_caught = flow.act == Act::Caught;
                self.caught += u64::from(self.was_caught);
            }
            Act::Found => self.also_from.push(place()),
            Act::Registered => {}
            Act::Caught => self.caught += 1,
            Act::Revealed => self.sent.entry(place()).or_default().add(flow.at),
            Act::Refused => self.refused.entry(place()).or_default().add(flow.at),
            Act::Asked => self.asked.entry(flow.detail.clone()).or_default().add(flow.at),
            Act::Denied => {
                self.asked.entry(format!("{} (denied)", flow.detail)).or_default().add(flow.at);
            }
        }
    }

    fn from(&self) -> String {
        match (self.server.as_str(), self.tool.as_str()) {
            ("", _) if self.detector.is_empty() => "unknown".to_owned(),
            ("", _) if self.was_caught => "what a run gave".to_owned(),
            ("", _) => "the agent".to_owned(),
            (server, "") => server.to_owned(),
            (server, tool) => format!("{server}.{tool}"),
        }
    }
}

fn lines(flows: &[Flow]) -> Vec<Line> {
    let mut lines: BTreeMap<(String, String), Line> = BTreeMap::new();
    for flow in flows {
        lines.entry((flow.session.clone(), flow.token.clone())).or_default().add(flow);
    }
    let mut lines: Vec<Line> = lines.into_values().collect();
    lines.sort_by_key(|line| line.found_at_ms);
    lines
}

fn times(list: &BTreeMap<String, Times>) -> String {
    let shown = list.iter().map(|(name, times)| match times.count {
        1 => name.clone(),
        count => format!("{name} ({count}×)"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

async fn report(session: Option<String>, as_csv: bool) -> Result<Answer, Failure> {
    let lines = lines(&flows(FlowsOf { session, token: None }).await?);
    let json = json!({ "ok": true, "values": lines });
    if as_csv {
        return Ok(Answer::new(csv(&lines), &json, output::OK));
    }
    let mut text = String::new();
    let older = lines.len().saturating_sub(LINES_MAX);
    if older > 0 {
        let _ = writeln!(text, "{older} older values; `--json` and `--csv` have them");
    }
    for line in &lines[older..] {
        let _ = write!(
            text,
            "{}  {}  from {} {} (by {}, {} %)",
            line.session,
            line.token,
            line.from(),
            line.path,
            line.detector,
            line.confidence
        );
        for (what, list) in
            [("sent to", &line.sent), ("refused to", &line.refused), ("asked", &line.asked)]
        {
            if !list.is_empty() {
                let _ = write!(text, "; {what} {}", times(list));
            }
        }
        text.push('\n');
    }
    let sum = |count: fn(&Line) -> u64| lines.iter().map(count).sum::<u64>();
    let _ = write!(
        text,
        "{} values masked, {} sent, {} refused, {} caught on the way to the agent",
        lines.len(),
        sum(|line| line.sent.values().map(|times| times.count).sum()),
        sum(|line| line.refused.values().map(|times| times.count).sum()),
        sum(|line| line.caught),
    );
    Ok(Answer::new(text, &json, output::OK))
}

fn csv(lines: &[Line]) -> String {
    let mut text = String::from(
        "session,token,kind,server,tool,path,detector,confidence,found_at_ms,sent,refused,asked,\
         caught",
    );
    for line in lines {
        let fields = [
            &line.session,
            &line.token,
            &line.kind,
            &line.server,
            &line.tool,
            &line.path,
            &line.detector,
            &line.confidence.to_string(),
            &line.found_at_ms.to_string(),
            &times(&line.sent),
            &times(&line.refused),
            &times(&line.asked),
            &line.caught.to_string(),
        ];
        text.push('\n');
        text.push_str(&fields.map(|field| field_of(field)).join(","));
    }
    text
}

/// A field of CSV, which no spreadsheet takes for a formula.
pub(crate) fn field_of(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

async fn explain(token: &str) -> Result<Answer, Failure> {
    let token = if token.starts_with('[') { token.to_owned() } else { format!("[{token}]") };
    if Token::parse(&token).is_none() {
        return Err(Failure::usage(format!("`{token}` is no token"))
            .hint("one looks like [customer_email_1]"));
    }
    let flows = flows(FlowsOf { session: None, token: Some(token.clone()) }).await?;
    let Some(line) = lines(&flows).into_iter().next() else {
        return Err(Failure::usage(format!("there is no record of `{token}`")));
    };
    let mut text = format!("{token} stands for a value of kind `{}`", line.kind);
    for flow in &flows {
        let place = match (flow.server.as_str(), flow.tool.as_str()) {
            ("", _) => "the agent".to_owned(),
            (server, tool) => format!("{server}.{tool}"),
        };
        let what = match flow.act {
            Act::Found => format!(
                "found in {place} at {} (by {}, {} %)",
                flow.detail, flow.detector, flow.confidence
            ),
            Act::Registered => "put in by the agent".to_owned(),
            Act::Caught => format!("found on its way to the agent (by {})", flow.detector),
            Act::Revealed => format!("sent to {place}"),
            Act::Refused => format!("not sent to {place}: not allowed"),
            Act::Asked => format!("asked: pii.{}", flow.detail),
            Act::Denied => format!("asked and not answered: pii.{}", flow.detail),
        };
        let _ = write!(text, "\n{} ago  {what}", ago(now() - flow.at));
    }
    let json = json!({ "ok": true, "value": line, "flows": flows });
    Ok(Answer::new(text, &json, output::OK))
}

/// What would be masked of a file, and why. Shows the values: it is the user's own file.
fn test(global: &Global, file: &Path, profile: Option<&str>) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let config = &settings.config;
    let name = profile.unwrap_or(&config.privacy.profile);
    if Profile::named(name).is_none() && !config.privacy.profiles.contains_key(name) {
        return Err(Failure::usage(format!("there is no profile `{name}`")).hint(
            "it may be off, standard, hipaa, strict, or one of yours in [privacy.profiles]",
        ));
    }
    let detector = privacy::detector(config, &privacy::profile(&config.privacy, name), true);
    let text = read(file)?;
    let mut shown = Shown::default();
    let place = Place::default();
    let masked = match serde_json::from_str::<Value>(&text) {
        Ok(mut value) if value.is_object() || value.is_array() => {
            let done = detector.json(&mut value, place, &mut shown);
            done.map(|()| serde_json::to_string_pretty(&value).unwrap_or_default())
        }
        _ => detector.text(&text, place, &mut shown).map(|masked| masked.unwrap_or(text.clone())),
    };
    let masked = masked.map_err(Failure::failed)?;
    let mut out = String::new();
    for found in &shown.found {
        let _ = writeln!(
            out,
            "{}  {:?}  {}  by {}, {} %",
            found.token, found.value, found.path, found.detector, found.confidence
        );
    }
    let _ = match shown.found.len() {
        0 => write!(out, "nothing would be masked under the profile `{name}`"),
        1 => write!(out, "1 value would be masked under the profile `{name}`:\n\n{masked}"),
        count => {
            write!(out, "{count} values would be masked under the profile `{name}`:\n\n{masked}")
        }
    };
    let json = json!({ "ok": true, "profile": name, "found": shown.found, "masked": masked });
    Ok(Answer::new(out, &json, output::OK))
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::usage(format!("cannot read `{}`: {error}", file.display()));
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    fs::read_to_string(file).map_err(failed)
}

/// Notes what is found, and gives it tokens.
#[derive(Default)]
struct Shown {
    found: Vec<FoundLine>,
}

#[derive(Serialize)]
struct FoundLine {
    token: String,
    kind: &'static str,
    value: String,
    path: String,
    detector: &'static str,
    confidence: u8,
}

impl Sink for Shown {
    fn replace(&mut self, found: &Found<'_>) -> Result<Option<String>, Withheld> {
        let known =
            self.found.iter().find(|it| it.kind == found.kind.name() && it.value == found.value);
        if let Some(known) = known {
            return Ok(Some(known.token.clone()));
        }
        let same = self.found.iter().filter(|it| it.kind == found.kind.name()).count();
        let number = u32::try_from(same + 1).unwrap_or(u32::MAX);
        let token = Token::new(found.owner, found.kind, number).to_string();
        self.found.push(FoundLine {
            token: token.clone(),
            kind: found.kind.name(),
            value: found.value.to_owned(),
            path: found.path.to_owned(),
            detector: found.detector,
            confidence: found.confidence,
        });
        Ok(Some(token))
    }

    fn escape(&mut self, text: &str) -> Option<String> {
        workroom_privacy::escape(text, |_| true)
    }
}

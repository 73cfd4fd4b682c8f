//! `workroom doctor`: is everything as it should be?

use std::fmt::Write as _;

use serde_json::{Value, json};
use workroom_engine::report::bytes;

use crate::{
    args::Global,
    gateway,
    output::{self, Answer, Failure},
    sandbox::Place,
    settings,
    store::{self, Keep},
};

/// What one look found.
struct Finding {
    about: &'static str,
    is_well: bool,
    text: String,
    json: Value,
}

pub(crate) async fn doctor(global: &Global) -> Result<Answer, Failure> {
    let settings = settings::load(global)?;
    let mut findings = vec![configuration(&settings)];
    findings.push(kept().await);
    let place = gateway::place(&settings);
    findings.push(script(&place).await);
    findings.push(walls(&place, settings.config.sandbox.walls_required).await);
    let is_well = findings.iter().all(|finding| finding.is_well);
    let mut text = String::new();
    let mut json = json!({ "ok": is_well });
    for finding in findings {
        let mark = if finding.is_well { "ok   " } else { "WRONG" };
        let _ = writeln!(text, "{mark}  {:<13}  {}", finding.about, finding.text);
        json[finding.about] = json!({ "ok": finding.is_well, "found": finding.json });
    }
    let code = if is_well { output::OK } else { output::FAILED };
    Ok(Answer::new(text.trim_end(), &json, code))
}

fn configuration(settings: &settings::Settings) -> Finding {
    let config = &settings.config;
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let mut text = format!("{} files, {} servers", settings.files.len(), config.servers.len());
    for warning in &warnings {
        let _ = write!(text, "; {warning}");
    }
    Finding { about: "configuration", is_well: true, text, json: json!({ "warnings": warnings }) }
}

/// The store: its files, its tables, what refers to what.
async fn kept() -> Finding {
    let looked = match store::open(Keep::Stored).await {
        Ok(store) => store.check().await.map_err(|error| error.to_string()),
        Err(failure) => Err(failure.message),
    };
    match looked {
        Ok(health) => Finding {
            about: "store",
            is_well: health.problems.is_empty(),
            text: health.problems.iter().fold(
                format!(
                    "{}: {} sessions, {} runs, {}",
                    health.about,
                    health.sessions,
                    health.runs,
                    bytes(health.bytes),
                ),
                |text, problem| text + "; " + problem,
            ),
            json: json!(health),
        },
        Err(error) => {
            Finding { about: "store", is_well: false, json: json!({ "error": error }), text: error }
        }
    }
}

/// Whether a script runs at all.
async fn script(place: &Place) -> Finding {
    let opened = place.sandbox().open(&workroom_types::Limits::default(), None).await;
    let (is_well, text) = match opened {
        Ok(_) => (true, "a sandbox opens".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    Finding { about: "sandbox", is_well, json: json!({ "text": text }), text }
}

/// The third wall. That it does not stand is wrong only where it is required.
async fn walls(place: &Place, required: bool) -> Finding {
    let about = "walls";
    match place {
        Place::Here(_) => {
            let text = "scripts run in the gateway's own process: two walls of three \
                        (`sandbox.workers`)";
            Finding {
                about,
                is_well: !required,
                text: text.to_owned(),
                json: json!({ "workers": 0 }),
            }
        }
        #[cfg(unix)]
        Place::Workers(workers) => match workers.report().await {
            Ok(report) => Finding {
                about,
                is_well: report.walls.all_stand() || !required,
                text: format!("{} workers; {}", report.workers, report.walls),
                json: json!(report),
            },
            Err(error) => {
                let text = error.to_string();
                Finding { about, is_well: false, json: json!({ "error": text }), text }
            }
        },
    }
}

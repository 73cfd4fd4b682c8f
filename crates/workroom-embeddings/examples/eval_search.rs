//! How well the search finds what tasks need: `cargo xtask eval search`.
//!
//! It asks each task's whole question, and then each of its steps, and counts which of the task's
//! tools are among the first matches. A task names tools without their servers, so a tool counts as
//! found wherever one of that name is.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is the figures")]

use std::{collections::BTreeSet, env, fs, process::ExitCode, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use workroom_catalog::{Catalog, Hints, Match, SearchQuery, Similarity as _};
use workroom_embeddings::{Embeddings, ModelError};
use workroom_types::{ServerSnapshot, ServerStatus, ToolDef};

/// How many matches of a whole question are looked at.
const MATCHES: usize = 100;

#[derive(Deserialize)]
struct Server {
    name: String,
    #[serde(default)]
    description: Option<String>,
    tools: Vec<ToolDef>,
}

#[derive(Deserialize)]
struct Task {
    question: String,
    #[serde(default)]
    steps: Vec<String>,
    tools: Vec<String>,
}

/// The figures; each is a share from 0 to 1.
#[derive(Default, Serialize)]
struct Figures {
    /// Of a task's tools, those among the first 5 for its question; the mean over the tasks.
    recall_at_5: f64,
    /// The same for the first 10.
    recall_at_10: f64,
    /// One over the rank of the first needed tool; the mean over the tasks.
    mrr: f64,
    /// Of all needed tools, those among the first 5 for one of their task's steps.
    steps_top_5: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, String> {
    let (mut servers, mut tasks, mut embeddings) = (None, None, None);
    let (mut json, mut verbose) = (false, false);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--servers" => servers = words.next(),
            "--tasks" => tasks = words.next(),
            "--json" => json = true,
            "--verbose" => verbose = true,
            "--embeddings" => embeddings = words.next(),
            _ => return Err(format!("`{word}` is no option of `eval search`")),
        }
    }
    let needs = "`eval search` needs `--servers FILE` and `--tasks FILE`";
    let servers: Vec<Server> = read(&servers.ok_or(needs)?)?;
    let tasks: Vec<Task> = read(&tasks.ok_or(needs)?)?;
    if tasks.is_empty() {
        return Err("there are no tasks".to_owned());
    }
    let searched = Searched::open(servers, embeddings.as_deref())?;
    let figures = figures(&searched, &tasks, verbose);
    Ok(if json {
        serde_json::to_string(&figures).expect("four numbers are JSON")
    } else {
        format!(
            "{} tasks, {} tools\nrecall@5     {:.3}\nrecall@10    {:.3}\nMRR          \
             {:.3}\nsteps top 5  {:.3}",
            tasks.len(),
            searched.catalog.tool_count(),
            figures.recall_at_5,
            figures.recall_at_10,
            figures.mrr,
            figures.steps_top_5
        )
    })
}

fn read<T: DeserializeOwned>(path: &str) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{path} is not as expected: {error}"))
}

fn catalog(servers: Vec<Server>) -> Catalog {
    let snapshots = servers.into_iter().map(|server| {
        Arc::new(ServerSnapshot {
            name: server.name,
            status: ServerStatus::Ready,
            instructions: server.description,
            tools: Arc::new(server.tools),
            ..ServerSnapshot::default()
        })
    });
    Catalog::build(&snapshots.collect::<Vec<_>>(), None)
}

#[allow(clippy::cast_precision_loss, reason = "counts of tasks and tools")]
fn figures(searched: &Searched, tasks: &[Task], verbose: bool) -> Figures {
    let mut sums = Figures::default();
    let (mut in_steps, mut needed) = (0_usize, 0_usize);
    for task in tasks {
        let wanted: BTreeSet<&str> = task.tools.iter().map(String::as_str).collect();
        let names = searched.names(&task.question, MATCHES);
        let among = |first: usize| {
            let first: BTreeSet<&str> = names.iter().take(first).map(String::as_str).collect();
            wanted.intersection(&first).count() as f64 / wanted.len().max(1) as f64
        };
        sums.recall_at_5 += among(5);
        sums.recall_at_10 += among(10);
        let rank = names.iter().position(|name| wanted.contains(name.as_str()));
        sums.mrr += rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        let of_steps: BTreeSet<String> =
            task.steps.iter().flat_map(|step| searched.names(step, 5)).collect();
        let missed: Vec<&&str> = wanted.iter().filter(|it| !of_steps.contains(**it)).collect();
        in_steps += wanted.len() - missed.len();
        needed += wanted.len();
        if verbose {
            let first: Vec<&String> = names.iter().take(10).collect();
            println!("{}\n  needs {wanted:?}\n  finds {first:?}", task.question);
            println!("  not in steps: {missed:?}");
        }
    }
    let count = tasks.len() as f64;
    Figures {
        recall_at_5: sums.recall_at_5 / count,
        recall_at_10: sums.recall_at_10 / count,
        mrr: sums.mrr / count,
        steps_top_5: in_steps as f64 / needed.max(1) as f64,
    }
}

/// What is searched.
struct Searched {
    catalog: Catalog,
    embeddings: Option<Embeddings>,
}

impl Searched {
    /// With `embeddings`, a model's folder, which learns all tools first.
    fn open(servers: Vec<Server>, embeddings: Option<&str>) -> Result<Self, String> {
        let catalog = catalog(servers);
        let open = |folder: &str| Ok(Embeddings::open(folder.as_ref(), None)?.0);
        let embeddings =
            embeddings.map(open).transpose().map_err(|error: ModelError| error.to_string())?;
        if let Some(embeddings) = &embeddings {
            embeddings.learn_now(catalog.gists());
        }
        Ok(Self { catalog, embeddings })
    }

    /// The names of the tools that `words` find.
    fn names(&self, words: &str, limit: usize) -> Vec<String> {
        let query = SearchQuery { query: words.to_owned(), limit, ..SearchQuery::default() };
        let embeddings = self.embeddings.as_ref();
        let cosines = embeddings.map(|it| it.cosines(words, self.catalog.gists()));
        let cosines = cosines.map(|it| it.expect("all tools are learnt"));
        let hints = Hints { cosines: cosines.as_deref(), ..Hints::default() };
        let found = self.catalog.search_with(&query, hints).matches.into_iter();
        found.map(|one: Match| one.tool).collect()
    }
}

//! What the model of `cargo xtask model` costs: opening it, learning a tool, a question.
//!
//! `cargo bench -p workroom-embeddings` prints a Markdown table for `bench/README.md`.

#![allow(clippy::print_stdout, reason = "its output is the table")]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use workroom_catalog::Similarity as _;
use workroom_embeddings::Embeddings;

/// As long as the first sentences of real tools: 20 words or so.
const GIST: &str = "workspace search messages: Searches the messages of a mailbox by sender, words \
                    and date, and returns a page of them with their";

const QUESTION: &str = "find the mails of our supplier about the late delivery";

const TOOLS: usize = 200;

const QUESTIONS: usize = 50;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/minilm");
    let started = Instant::now();
    let opened = Embeddings::open(&folder, None);
    let open = started.elapsed();
    let (embeddings, _) = opened.expect("`cargo xtask model` has installed it");
    let tools: Arc<[String]> = (0..TOOLS).map(|n| format!("{GIST} {n}")).collect();
    let started = Instant::now();
    assert!(embeddings.learn_now(&tools), "all tools are learnt");
    let learn = started.elapsed();
    let mut asked: Vec<Duration> = (0..QUESTIONS)
        .map(|_| {
            let started = Instant::now();
            assert!(embeddings.cosines(QUESTION, &tools).is_some(), "all tools are learnt");
            started.elapsed()
        })
        .collect();
    asked.sort_unstable();
    println!("| open | learn a tool | question, median | slowest |");
    println!("|---|---|---|---|");
    let per_tool = learn / u32::try_from(TOOLS).expect("it is small");
    let row = [open, per_tool, asked[QUESTIONS / 2], asked[QUESTIONS - 1]];
    println!("| {} |", row.map(|it| format!("{:.1} ms", it.as_secs_f64() * 1e3)).join(" | "));
}

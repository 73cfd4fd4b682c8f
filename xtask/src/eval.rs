//! Measurements of quality, on data that is given.
//!
//! The programs that measure are examples of the crates that they measure, so that this crate
//! goes on depending on nothing.

use std::path::absolute;

use crate::steps::cargo;

/// Precision, recall and F2 of the detection of personal data, and its speed.
///
/// Its output alone stands on the standard output, so that `--json` can be read by a program.
pub(crate) fn pii(words: &[&str]) -> Result<(), String> {
    let mut run = cargo(&["run", "--quiet", "--release", "--locked"]);
    run.args(["--package", "workroom-pii", "--example", "eval", "--"]);
    let mut words = words.iter();
    let mut has_data = false;
    while let Some(word) = words.next() {
        match *word {
            "--json" | "--show" => {
                run.arg(word);
            }
            "--profile" => {
                let name = words.next().ok_or("`--profile` needs a name")?;
                run.args([*word, name]);
            }
            "--data" => {
                let file = words.next().ok_or("`--data` needs a file")?;
                let file = absolute(file).map_err(|e| format!("`{file}` is no path: {e}"))?;
                run.arg("--data").arg(file);
                has_data = true;
            }
            other => return Err(format!("`{other}` is no option of `eval pii`")),
        }
    }
    if !has_data {
        return Err("`eval pii` needs `--data FILE`, a list of labelled sentences".to_owned());
    }
    let status = run.status().map_err(|error| format!("cargo could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err("the measurement failed".to_owned()) }
}

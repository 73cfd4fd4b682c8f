//! Results too large to show, kept for `read_file ./results/<run>.json`.
//!
//! A result is found only by its full path, which carries the run's random id:
//! clients of one gateway cannot list each other's.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use workroom_types::RunId;

/// The most results kept; the oldest go first.
pub const RESULTS_MAX: usize = 64;

/// The most bytes kept in all: 64 results of the default output limit.
pub const RESULTS_BYTES_MAX: usize = 64 << 20;

/// The kept results, oldest first.
#[derive(Default)]
pub(crate) struct Results(Mutex<VecDeque<(String, Arc<str>)>>);

impl Results {
    /// Keeps `text` and gives the path it is read by.
    pub(crate) fn keep(&self, run: &RunId, text: String) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back((format!("{run}.json"), text.into()));
        while kept.len() > RESULTS_MAX
            || kept.iter().map(|(_, text)| text.len()).sum::<usize>() > RESULTS_BYTES_MAX
        {
            kept.pop_front();
        }
        format!("./results/{run}.json")
    }

    /// The result named `file`, such as `r_7f3….json`.
    pub(crate) fn get(&self, file: &str) -> Option<Arc<str>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(name, _)| name == file).map(|(_, text)| Arc::clone(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_result_too_many_drops_the_oldest() {
        let results = Results::default();
        let run = |n: u128| RunId::from_random(n);
        for n in 0..=RESULTS_MAX as u128 {
            results.keep(&run(n), n.to_string());
        }
        assert_eq!(results.get(&format!("{}.json", run(0))), None);
        assert_eq!(results.get(&format!("{}.json", run(1))).as_deref(), Some("1"));
    }

    #[test]
    fn one_byte_too_many_drops_the_oldest() {
        let results = Results::default();
        let run = |n: u128| RunId::from_random(n);
        results.keep(&run(0), "x".repeat(RESULTS_BYTES_MAX - 1));
        results.keep(&run(1), "x".to_owned());
        assert!(results.get(&format!("{}.json", run(0))).is_some());
        results.keep(&run(2), "x".to_owned());
        assert!(results.get(&format!("{}.json", run(0))).is_none());
    }
}

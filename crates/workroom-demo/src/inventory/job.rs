//! The job as a user asks for it, and as an agent does it with Workroom: one search, then one
//! script.

use crate::{Job, Step};

const PROMPT: &str = "\
    It is 2026-11-20. For every article of accounting that is not blocked: compare what the \
    marketplace offers (active listings, in pieces) with what the warehouse has available \
    (sellable and not allocated), and say how many pieces are short. Take what was sold from \
    what shop and marketplace sold from 2026-10-23 to 2026-11-19 (28 days; cancelled orders \
    and refunded pieces do not count). Demand is what sells in the lead time, rounded up; \
    missing is demand less what is available and what is on order. Reorder what is missing and \
    the safety stock on top (none where none is set), in whole cartons. For `short`, `missing` \
    and `reorder`, return a list of how many articles there are, how many pieces in all, and \
    the worst article with its pieces.";

/// The job of the world `inventory`.
pub fn job() -> Job {
    let search = |query: &str, limit| Step::Search { query: query.to_owned(), limit };
    Job {
        prompt: PROMPT.to_owned(),
        steps: vec![
            search("list articles, list listings, sales report, list stock, list shop orders", 5),
            Step::Run(include_str!("job.ts").to_owned()),
        ],
    }
}

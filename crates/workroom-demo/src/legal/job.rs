//! The job as a user asks for it, and as an agent does it with Workroom: a search, then a script.

use crate::{Job, Step};

const PROMPT: &str = "The transcript of the deposition in matter 2024-0187 has come in, as \
 `Deposition transcript - \
    <witness>.txt`. \
    (1) Summarise it by its key passages. A key passage is a question and its answer, without \
    what counsel say in between, in which a key term of one of the matter's open issues occurs \
    (in capitals or not), unless the witness does not recall, know or remember. Save the summary \
    in the case file, folder Discovery/Summaries, as `Deposition summary - <witness>.md`: for \
    each open issue a heading `## <issue>` and under it a line for each passage, in order, \
    `- <page:line where it begins>-<page:line where it ends>: Q. <question> A. <answer>`. \
    (2) Put into the litigation calendar, as all-day events `2024-0187: <title>`, the open \
    deadlines of the docket, and what the reporter noted as `(Information requested: <title>; due \
    within fourteen (14) days.)`, due as many days as it says after the day that the first page \
    has (`Taken on November 20, 2026, at`), or on the next court day. (3) Write to the client's \
    primary contact by e-mail (HTML, subject `2024-0187: deposition of <witness>`): how many key \
    passages there are for each issue, and each deadline with its day (2026-11-20), in their \
    order. (4) Log the letter at the client's account, with the matter and the summary's id. \
    Tell me how many passages there are for each issue, how many deadlines, and to whom you wrote.";

/// The job of the world `legal`.
pub fn job() -> Job {
    let search = |query: &str, limit| Step::Search { query: query.to_owned(), limit };
    Job {
        prompt: PROMPT.to_owned(),
        steps: vec![
            search("get matter by number", 1),
            search("list documents by kind", 1),
            search("create document, get document text", 2),
            search("court holidays, put event into calendar", 2),
            search("list contacts by role", 1),
            search("log activity", 1),
            search("send e-mail", 1),
            Step::Run(include_str!("job.ts").to_owned()),
        ],
    }
}

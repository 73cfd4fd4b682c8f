//! The job as a user asks for it, and as an agent does it with Workroom: a search, then a script.

use crate::{Job, Step};

const PROMPT: &str = "The deposition transcript of matter 2024-0187 has come in. \
    (1) Summarise it by its key passages. A key passage is a question and its answer, without \
    what counsel say in between, in which a key term of one of the matter's open issues occurs \
    (in capitals or not), unless the witness does not recall, know or remember. Save the summary \
    in the case file, folder Discovery/Summaries, as `Deposition summary - <witness>.md`: for \
    each open issue a heading `## <issue>` and under it a line for each passage, in order, \
    `- <page:line where it begins>-<page:line where it ends>: Q. <question> A. <answer>`. \
    (2) Put into the litigation calendar, as all-day events `2024-0187: <title>`, the open \
    deadlines of the docket, and what the reporter noted as `Information requested`, due as many \
    days after the deposition as it says, or on the next court day. (3) Write to the client's \
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
            search("search matters, list matter issues and deadlines", 3),
            search("search documents, document text, create document", 3),
            search("court holidays, create event", 2),
            search("list contacts, log activity", 2),
            search("send message", 1),
            Step::Run(include_str!("job.ts").to_owned()),
        ],
    }
}

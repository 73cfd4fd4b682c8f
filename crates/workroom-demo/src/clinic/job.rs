//! The job as a user asks for it, and as an agent does it with Workroom.

use crate::{Job, Step};

const PROMPT: &str = "Register all referrals that are ready with the hospital's intake, mark each \
    as sent with its case number, and e-mail each patient: subject `Your appointment in \
    <department>`, text `Dear <given> <family>, your visit in <department> is on <date> at <time>. \
    Your case number is <case number>.` Tell me how many you registered and how many e-mails went \
    out, by department, and show me the first one's record so that I can compare.";

/// The job of the world `clinic`.
pub fn job() -> Job {
    let search = |query: &str, limit| Step::Search { query: query.to_owned(), limit };
    Job {
        prompt: PROMPT.to_owned(),
        steps: vec![
            search("list referrals", 1),
            search("get patient", 1),
            search("mark referral sent", 1),
            Step::Read("./servers/intake/registerReferral.ts".to_owned()),
            search("send e-mail", 1),
            Step::Run(include_str!("job.ts").to_owned()),
        ],
    }
}

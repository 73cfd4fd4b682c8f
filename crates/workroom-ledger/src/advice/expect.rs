//! What the same work is expected to cost each way.
//!
//! Every way is told to a [`Sheet`](crate::sheet), whose rules hold for all of them. What is known
//! is used: the calls, their arguments and results, and for code what was really written and read
//! where it was recorded. What did not happen is modelled by the constants below; they come from
//! the demo worlds, whose agents search, read what they need, and write code for one job.

use serde::Serialize;

use super::{Call, Job, Offer, Request, Traffic};
use crate::{
    price::Price,
    sheet::{Rules, Sheet},
};

/// The list of tools in `code`: about 700 tokens with some servers.
pub(super) const LIST_CODE: u64 = 700;

/// The list of tools in `search`.
pub(super) const LIST_SEARCH: u64 = 650;

/// What stands beside the servers' tools in `direct`: `run_code`.
pub(super) const LIST_BESIDE: u64 = 180;

/// A search, as a model writes it.
pub(super) const SEARCH_WRITTEN: u64 = 30;

/// One tool among the matches of a search.
pub(super) const SEARCH_READ: u64 = 70;

/// Code, beside what each tool takes of it.
pub(super) const CODE_WRITTEN: u64 = 80;

/// What one tool takes of the code that calls it.
pub(super) const CODE_TOOL: u64 = 70;

/// What comes back of code that was written well.
pub(super) const CODE_READ: u64 = 120;

/// What `call_tool` adds to the arguments of a call.
pub(super) const WRAPPER: u64 = 12;

/// What work costs one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// o200k tokens that a maker bills: each text as often as it passes the model.
    pub billed_tokens: u64,
    /// Dollars.
    pub usd: f64,
}

/// What work is expected to cost each way. Modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Code.
    pub code: Cost,
    /// Every tool by its name.
    pub direct: Cost,
    /// Definitions on demand.
    pub search: Cost,
}

/// What `traffic` is expected to cost each way, at `price`.
pub fn figures(offer: &Offer, traffic: &Traffic, price: Price) -> Figures {
    let cost = |way: fn(&mut Sheet, &Job), definitions: u64, result_tokens: u64| {
        let mut sheet = Sheet::new(Rules { result_tokens, ..Rules::default() });
        sheet.define(0, "definitions".into(), definitions);
        for job in &traffic.jobs {
            sheet.new_conversation();
            way(&mut sheet, job);
            sheet.answered(0);
        }
        Cost {
            billed_tokens: sheet.lines().iter().map(crate::sheet::Line::passed).sum(),
            usd: sheet.dollars(price),
        }
    };
    Figures {
        code: cost(code, LIST_CODE, u64::MAX),
        direct: cost(direct, offer.definitions() + LIST_BESIDE, offer.budget),
        search: cost(search, LIST_SEARCH, offer.budget),
    }
}

fn call(sheet: &mut Sheet, call: &Call, wrapper: u64) {
    sheet.wrote(0, "arguments".into(), call.arguments + wrapper);
    sheet.read(0, "result".into(), call.result);
}

fn direct(sheet: &mut Sheet, job: &Job) {
    for step in &job.steps {
        sheet.request(0);
        for it in step {
            call(sheet, it, 0);
        }
    }
}

fn look(sheet: &mut Sheet, job: &Job) {
    sheet.request(0);
    sheet.wrote(0, "search".into(), SEARCH_WRITTEN);
    sheet.read(0, "matches".into(), SEARCH_READ * job.tools());
}

fn search(sheet: &mut Sheet, job: &Job) {
    look(sheet, job);
    for step in &job.steps {
        sheet.request(0);
        for it in step {
            call(sheet, it, WRAPPER);
        }
    }
}

fn code(sheet: &mut Sheet, job: &Job) {
    for Request { written, read } in &job.with_code {
        sheet.request(0);
        sheet.wrote(0, "code".into(), *written);
        sheet.read(0, "what came back".into(), *read);
    }
    if job.with_code.is_empty() {
        look(sheet, job);
        sheet.request(0);
        sheet.wrote(0, "code".into(), CODE_WRITTEN + CODE_TOOL * job.tools());
        sheet.read(0, "what came back".into(), CODE_READ);
    }
}

//! One file a command.

mod advise;
mod ago;
mod call;
mod config;
mod demo;
mod doctor;
mod drift;
mod figures;
mod files;
mod privacy;
mod report;
mod run;
mod runs;
mod search;
mod serve;
mod servers;
mod sessions;
mod skills;
mod vault;

pub(crate) use advise::advise;
pub(crate) use call::call;
pub(crate) use config::config;
pub(crate) use demo::{demo, demo_server};
pub(crate) use doctor::doctor;
pub(crate) use drift::drift;
pub(crate) use files::{cat, ls};
pub(crate) use privacy::privacy;
pub(crate) use report::report;
pub(crate) use run::run;
pub(crate) use runs::runs;
pub(crate) use search::search;
#[cfg(unix)]
pub(crate) use serve::sandbox_worker;
pub(crate) use serve::{guard, serve, stopped};
pub(crate) use servers::servers;
pub(crate) use sessions::sessions;
pub(crate) use skills::skills;
pub(crate) use vault::vault;

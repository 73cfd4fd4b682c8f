//! One file a command.

mod call;
mod config;
mod demo;
mod files;
mod run;
mod search;
mod serve;
mod servers;

pub(crate) use call::call;
pub(crate) use config::config;
pub(crate) use demo::{demo, demo_server};
pub(crate) use files::{cat, ls};
pub(crate) use run::run;
pub(crate) use search::search;
pub(crate) use serve::{guard, serve};
pub(crate) use servers::servers;

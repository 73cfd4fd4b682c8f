//! The recognisers. Each takes the folded text and adds what it finds.

mod address;
mod contact;
mod date;
mod extent;
mod fiscal;
mod group;
mod label;
mod name;
mod network;
mod number;
mod phone;
mod postal;
mod proper;
mod secret;
mod wallet;

pub(crate) use contact::emails;
pub(crate) use date::dates;
pub(crate) use label::labels;
pub(crate) use network::{addresses_v6_and_mac, ipv4, urls};
pub(crate) use number::{by_context, groups, ibans, numbers};
pub(crate) use postal::zips;
pub(crate) use proper::proper;
pub(crate) use secret::secrets;
pub(crate) use wallet::wallets;

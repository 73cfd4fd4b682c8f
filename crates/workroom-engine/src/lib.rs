//! Sessions and runs, from request to answer; owns the traits [`Upstreams`] and [`Sandbox`].

pub mod sandbox;
pub mod upstreams;

pub use sandbox::{Guest, Sandbox};
pub use upstreams::Upstreams;

//! `cargo xtask fuzz json`; see [`workroom_fuzz::json`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workroom_fuzz::json(data));

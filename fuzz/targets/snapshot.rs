//! `cargo xtask fuzz snapshot`; see [`workroom_fuzz::snapshot`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workroom_fuzz::snapshot(data));

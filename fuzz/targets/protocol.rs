//! `cargo xtask fuzz protocol`; see [`workroom_fuzz::protocol`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workroom_fuzz::protocol(data));

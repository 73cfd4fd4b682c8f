//! `cargo xtask fuzz guest`; see [`workroom_fuzz::guest`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| workroom_fuzz::guest(data));

//! Builds `guest.wasm` from `shim.c`, the prelude and the C sources of the `rquickjs-sys` crate.
//!
//! `guest-builder` writes the guest and its SHA-256; `guest-builder --check` builds it again and
//! fails where the checked-in file differs. The result depends on the sources and on clang 19
//! alone: the compiler sees relative paths only, and initialisation sees a clock that stands
//! still and no randomness.
//!
//! It is a package of its own so that nobody who only runs `cargo xtask` compiles Wasmtime.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod compile;
mod preinit;

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let check = std::env::args().nth(1).is_some_and(|argument| argument == "--check");
    match run(check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(check: bool) -> Result<()> {
    let guest = guest_folder()?;
    let plain = compile::compile(&guest)?;
    let image = preinit::preinitialise(&plain)?;
    let hash = format!("{}  guest.wasm\n", hex_sha256(&image));
    let (wasm, sum) = (guest.join("guest.wasm"), guest.join("guest.wasm.sha256"));
    if check {
        let stored = fs::read(&wasm)?;
        if stored != image || fs::read_to_string(&sum)? != hash {
            return Err(format!(
                "`guest.wasm` is not what its sources give: built {}, stored {}; \
                 run `cargo xtask guest`",
                hex_sha256(&image),
                hex_sha256(&stored)
            )
            .into());
        }
        println!("guest.wasm is what its sources give ({} KiB)", image.len() / 1024);
    } else {
        fs::write(&wasm, &image)?;
        fs::write(&sum, &hash)?;
        println!("wrote guest.wasm ({} KiB)\n{}", image.len() / 1024, hash.trim_end());
    }
    Ok(())
}

/// The folder that holds `shim.c`: the parent of this package.
fn guest_folder() -> Result<PathBuf> {
    let builder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(builder.parent().ok_or("the builder has no parent folder")?.to_path_buf())
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

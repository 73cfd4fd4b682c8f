//! The compiled guest, kept between starts: compiling takes a second, loading some milliseconds.
//!
//! A compiled module is native code, and whoever can write the file runs code as us. So the
//! folder and the file belong to the user alone, and a file is loaded only if the SHA-256 in its
//! header is that of its content and its owner and mode are as we wrote them. Anything that is
//! wrong with a file means compiling again, never an error.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Module};

use crate::GUEST;

/// Begins every file; the number changes with the layout.
const MAGIC: &[u8; 8] = b"wrguest1";
const HASH_LEN: usize = 32;

/// The compiled guest: from `folder` where it is there and sound, else compiled and kept there.
pub(crate) fn load(engine: &Engine, folder: Option<&Path>) -> wasmtime::Result<Module> {
    let Some(folder) = folder else { return Module::new(engine, GUEST) };
    let file = folder.join(name(engine));
    if let Some(module) = read(engine, &file) {
        return Ok(module);
    }
    let module = Module::new(engine, GUEST)?;
    if let Err(error) = write(&file, &module.serialize()?) {
        tracing::warn!(%error, file = %file.display(), "the compiled sandbox is not kept");
    }
    Ok(module)
}

/// Different for each guest, Wasmtime and configuration.
fn name(engine: &Engine) -> PathBuf {
    let mut hasher = Hasher(Sha256::new());
    std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
    let hash = hasher.0.chain_update(GUEST).finalize();
    let mut text = String::from("guest-");
    for byte in &hash[..16] {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
    }
    text.push_str(".bin");
    PathBuf::from(text)
}

/// Feeds what Wasmtime hashes to SHA-256: the standard hashers promise nothing across versions.
struct Hasher(Sha256);

impl std::hash::Hasher for Hasher {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

#[allow(
    unsafe_code,
    reason = "the bytes are what `Module::serialize` gave: this user wrote them, nobody else may \
              change them, and their hash was compared"
)]
fn read(engine: &Engine, file: &Path) -> Option<Module> {
    if !is_private(file) {
        return None;
    }
    let stored = fs::read(file).ok()?;
    let (magic, rest) = stored.split_at_checked(MAGIC.len())?;
    let (hash, code) = rest.split_at_checked(HASH_LEN)?;
    if magic != MAGIC || hash != Sha256::digest(code).as_slice() {
        return None;
    }
    // SAFETY: see `reason` above. Wasmtime itself refuses other versions and configurations.
    unsafe { Module::deserialize(engine, code) }.ok()
}

/// The compiled guest that this same program sent to one of its processes.
#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "the bytes are what `Module::serialize` gave the gateway, and came over a socket that \
              nobody else has an end of"
)]
pub(crate) fn from_compiled(engine: &Engine, code: &[u8]) -> wasmtime::Result<Module> {
    // SAFETY: see `reason` above. Wasmtime itself refuses other versions and configurations.
    unsafe { Module::deserialize(engine, code) }
}

/// Written beside its place and moved there, so that no reader sees half a file.
fn write(file: &Path, code: &[u8]) -> io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let folder = file.parent().ok_or_else(|| io::Error::other("the cache file has no folder"))?;
    make_private_folder(folder)?;
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let draft = file.with_extension(format!("{}-{number}.tmp", process::id()));
    let written = write_draft(&draft, code).and_then(|()| fs::rename(&draft, file));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(draft: &Path, code: &[u8]) -> io::Result<()> {
    use std::io::Write as _;

    let mut out = open_private(draft)?;
    out.write_all(MAGIC)?;
    out.write_all(&Sha256::digest(code))?;
    out.write_all(code)?;
    out.sync_all()
}

#[cfg(unix)]
fn open_private(file: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// Whether `file` and its folder are ours, and nobody else's to write.
#[cfg(unix)]
fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::geteuid().as_raw();
    let is_ours = |path: &Path, mode: u32| {
        fs::symlink_metadata(path)
            .is_ok_and(|found| found.uid() == user && found.mode() & 0o7777 == mode)
    };
    is_ours(file, 0o600)
        && file.parent().is_some_and(|folder| is_ours(folder, 0o700))
        && fs::symlink_metadata(file).is_ok_and(|found| found.is_file())
}

// Elsewhere the user's own cache folder is private by inheritance.
#[cfg(not(unix))]
fn open_private(file: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(file)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn is_private(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn a_file_is_loaded_only_while_it_is_as_we_wrote_it_and_ours_alone() {
        let engine = crate::engine().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("cache");
        let file = folder.join(name(&engine));
        assert!(read(&engine, &file).is_none());

        load(&engine, Some(&folder)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no draft is left");
        assert!(read(&engine, &file).is_some());

        let sound = fs::read(&file).unwrap();
        let check = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            read(&engine, &file).is_some()
        };
        for at in [0, MAGIC.len(), MAGIC.len() + HASH_LEN, sound.len() - 1] {
            let mut changed = sound.clone();
            changed[at] ^= 1;
            assert!(!check(&changed), "byte {at}");
        }
        assert!(!check(&sound[..sound.len() / 2]));
        assert!(!check(b""));
        assert!(check(&sound));

        let set_mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set_mode(&file, 0o644);
        assert!(read(&engine, &file).is_none());
        set_mode(&file, 0o600);
        set_mode(&folder, 0o755);
        assert!(read(&engine, &file).is_none());
        set_mode(&folder, 0o700);
        assert!(read(&engine, &file).is_some());

        let elsewhere = folder.join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        assert!(read(&engine, &file).is_none());
    }
}

//! C to WebAssembly: gathers the sources in one folder and runs clang there.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Result;

/// The version is part of the recipe: another one gives other bytes.
const CLANG: &str = "clang-19";

/// Joined in this order into one function.
const PRELUDE: [&str; 10] = [
    "core.js",
    "inspect.js",
    "sight.js",
    "results.js",
    "pii.js",
    "paginate.js",
    "web.js",
    "timers.js",
    "url-parse.js",
    "url.js",
];

/// What Debian calls the packages that the build needs.
const PACKAGES: &str = "clang-19 lld-19 libclang-rt-19-dev-wasm32";

/// Ours. They are compiled as one, with the engine, from the first of them.
const PARTS: [&str; 6] =
    ["shim.c", "json_scalar.c", "json_parse.c", "json_print.c", "slots.c", "text.c"];

const SOURCES: [&str; 6] = [
    "shim.c",
    "quickjs/libregexp.c",
    "quickjs/libunicode.c",
    "quickjs/dtoa.c",
    "wasm-shim/shim.c",
    "vendor/wasi-libc/lib/libc.a",
];

/// `EMSCRIPTEN` picks QuickJS' configuration for WebAssembly. `__wasi__` must stay undefined:
/// with it, QuickJS drops its stack check.
const FLAGS: &[&str] = &[
    "--target=wasm32-unknown-unknown",
    "-O3",
    "-DNDEBUG",
    "-DEMSCRIPTEN=1",
    "-DFE_DOWNWARD=0",
    "-DFE_UPWARD=0",
    "-D_GNU_SOURCE",
    "-mbulk-memory",
    "-msimd128",
    "-msign-ext",
    "-mnontrapping-fptoint",
    "-mmutable-globals",
    "-mmultivalue",
    "-ffunction-sections",
    "-fdata-sections",
    "-ffile-prefix-map=.=guest",
    "-fno-ident",
    "-Wno-everything",
    "-nostdinc",
    "-nostdlib",
    "-isystem",
    "vendor/wasi-libc/include",
    "-I.",
    "-Wl,--no-entry",
    "-Wl,--gc-sections",
    "-Wl,--export=outcome",
    "-Wl,--export=stop_requested",
    "-Wl,--export=regex_runs",
    "-Wl,--strip-all",
    // The C stack comes first in memory: an overflow is a trap and not a corrupted heap.
    "-Wl,--stack-first",
    "-Wl,-z,stack-size=1048576",
    "-Wl,--initial-memory=2097152",
    "-Wl,--max-memory=1073741824",
];

/// Compiles the guest of the folder `guest`, without running its initialisation.
pub(crate) fn compile(guest: &Path) -> Result<Vec<u8>> {
    let crate_folder = find_package("rquickjs-sys")?;
    let stage = stage(guest, &crate_folder)?;
    let resources = output(Command::new(CLANG).arg("-print-resource-dir"))?;
    let resources = Path::new(resources.trim());
    let built = Command::new(CLANG)
        .args(FLAGS)
        .arg("-isystem")
        .arg(resources.join("include"))
        .args(SOURCES)
        .arg(resources.join("lib/wasi/libclang_rt.builtins-wasm32.a"))
        .args(["-o", "plain.wasm"])
        .current_dir(&stage)
        .status()
        .map_err(|error| format!("cannot run `{CLANG}` (packages {PACKAGES}): {error}"))?;
    if !built.success() {
        return Err(format!("`{CLANG}` failed; it needs the packages {PACKAGES}").into());
    }
    Ok(fs::read(stage.join("plain.wasm"))?)
}

/// Where Cargo keeps the sources of `package`, which the workspace's lock file names.
fn find_package(package: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let text = output(
        Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` lists no packages")?;
    let manifest = packages
        .iter()
        .find(|found| found["name"] == package)
        .and_then(|found| found["manifest_path"].as_str())
        .ok_or_else(|| format!("the workspace does not use `{package}`"))?;
    Ok(Path::new(manifest).parent().ok_or("a manifest without a folder")?.to_path_buf())
}

/// Puts all sources below one folder, so that the compiler needs no path of this machine.
fn stage(guest: &Path, crate_folder: &Path) -> Result<PathBuf> {
    let stage = guest.join("../../../target/guest");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    for folder in ["quickjs", "vendor", "wasm-shim"] {
        copy(&crate_folder.join(folder), &stage.join(folder))?;
    }
    let engine = stage.join("quickjs/quickjs.c");
    fs::write(&engine, bounded_strings(&fs::read_to_string(&engine)?)?)?;
    for file in PARTS {
        fs::copy(guest.join(file), stage.join(file))?;
    }
    fs::write(stage.join("prelude.inc"), prelude(guest)?)?;
    Ok(stage)
}

/// QuickJS' source with its constant for the longest string made a variable of `shim.c`.
fn bounded_strings(source: &str) -> Result<String> {
    const CONSTANT: &str = "#define JS_STRING_LEN_MAX ((1 << 30) - 1)";
    if source.matches(CONSTANT).count() != 1 {
        return Err(format!("`{CONSTANT}` is not in quickjs.c any more").into());
    }
    Ok(source.replace(CONSTANT, "#define JS_STRING_LEN_MAX string_len_max"))
}

/// The prelude as the initialiser of a C array.
fn prelude(guest: &Path) -> Result<String> {
    let mut script = String::from("(function (native) {\n\"use strict\";\n");
    for file in PRELUDE {
        script.push_str(&fs::read_to_string(guest.join("prelude").join(file))?);
    }
    script.push_str("\nreturn { plain, describe, fail, survey };\n})");
    let mut bytes = String::with_capacity(script.len() * 4);
    for (at, byte) in script.bytes().enumerate() {
        let separator = if at == 0 { "" } else { "," };
        write!(bytes, "{separator}{byte}")?;
    }
    Ok(bytes)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("cannot run {}: {error}", command.get_program().display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

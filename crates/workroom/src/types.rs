//! The TypeScript compiler as the engine's [`TypeChecker`]: the native one of npm's `typescript@7`.
//!
//! Each check is a process of its own, over files in a folder of its own that is gone with it. The
//! process gets no environment. It reads TypeScript and runs nothing of it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use futures::{FutureExt as _, future::BoxFuture};
use workroom_engine::types::{SCRIPT, SourceFile, TypeCheckError, TypeChecker, TypeError};
use workroom_script::Position;

/// What the compiler is told. Types that are not there are `any`, so nothing is required of code
/// that servers do not describe.
const PROJECT: &str = r#"{
  "compilerOptions": {
    "target": "esnext", "lib": ["esnext"], "types": [], "module": "esnext",
    "moduleResolution": "bundler", "moduleDetection": "force", "allowImportingTsExtensions": true,
    "strict": false, "noEmit": true, "skipLibCheck": true, "pretty": false
  },
  "files": ["script.ts"]
}"#;

/// What to do where there is no compiler.
pub(crate) const INSTALL: &str = "run `npm install typescript@7`, or set `scripts.tsc`";

/// The compiler's name in its package.
const PROGRAM: &str = if cfg!(windows) { "tsc.exe" } else { "tsc" };

/// The compiler.
#[derive(Clone, Debug)]
pub(crate) struct Tsc(PathBuf);

impl Tsc {
    /// The compiler at `path`, or the one that is installed: in the working folder, in one above
    /// it, or beside the `tsc` on `PATH`.
    pub(crate) fn find(path: Option<&Path>) -> Option<Self> {
        if let Some(path) = path {
            return path.is_file().then(|| Self(path.to_owned()));
        }
        let here = env::current_dir().unwrap_or_default();
        let above = here.ancestors().map(Path::to_owned);
        let on_path = env::var_os("PATH").unwrap_or_default();
        // A `tsc` on `PATH` is a link into its package: the native one is in a package beside it.
        let linked = env::split_paths(&on_path).filter_map(|folder| {
            let script = fs::canonicalize(folder.join("tsc")).ok()?;
            Some(script.parent()?.to_owned())
        });
        let linked: Vec<PathBuf> = linked
            .flat_map(|folder| folder.ancestors().map(Path::to_owned).collect::<Vec<_>>())
            .collect();
        let native = Path::new("node_modules/@typescript").join(package()?).join("lib");
        above
            .chain(linked)
            .map(|folder| folder.join(&native).join(PROGRAM))
            .find_map(|program| program.is_file().then_some(Self(program)))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

/// The npm package with the native compiler for this machine.
fn package() -> Option<String> {
    let system = match env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        "windows" => "win32",
        _ => return None,
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    Some(format!("typescript-{system}-{processor}"))
}

impl TypeChecker for Tsc {
    fn check(
        &self,
        files: Vec<SourceFile>,
    ) -> BoxFuture<'static, Result<Vec<TypeError>, TypeCheckError>> {
        let program = self.0.clone();
        async move {
            let script = files.iter().find(|file| file.path == SCRIPT);
            let script = script.map(|file| file.text.clone()).unwrap_or_default();
            let failed = |error: io::Error| TypeCheckError(error.to_string());
            let folder = tokio::task::spawn_blocking(move || lay_out(&files)).await;
            let folder = folder.map_err(io::Error::other).flatten().map_err(failed)?;
            let mut command = tokio::process::Command::new(program);
            let command = command.arg("--project").arg(folder.path()).current_dir(folder.path());
            let command = command.env_clear().stdin(Stdio::null()).kill_on_drop(true);
            let output = command.output().await.map_err(failed)?;
            let told = String::from_utf8_lossy(&output.stdout);
            let errors: Vec<TypeError> =
                told.lines().filter_map(|line| read(line, &script)).collect();
            if errors.is_empty() && !output.status.success() && !told.contains("error TS") {
                return Err(TypeCheckError(format!("the compiler ended with {}", output.status)));
            }
            Ok(errors)
        }
        .boxed()
    }
}

/// Writes `files` to a new folder.
fn lay_out(files: &[SourceFile]) -> io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("workroom-types-").tempdir()?;
    fs::write(folder.path().join("tsconfig.json"), PROJECT)?;
    for file in files {
        let path = folder.path().join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &file.text)?;
    }
    Ok(folder)
}

/// Reads `script.ts(3,14): error TS2339: …`. Other lines, and those of other files, are left out.
fn read(line: &str, script: &str) -> Option<TypeError> {
    let rest = line.strip_prefix(SCRIPT)?.strip_prefix('(')?;
    let (place, rest) = rest.split_once("): error TS")?;
    let (code, message) = rest.split_once(": ")?;
    let (line, column) = place.split_once(',')?;
    let (line, units) = (line.parse().ok()?, column.parse::<usize>().ok()?);
    let text = script.lines().nth(usize::try_from(line).ok()?.saturating_sub(1)).unwrap_or("");
    Some(TypeError {
        position: Position { line, column: characters(text, units) },
        code: code.parse().ok()?,
        message: message.to_owned(),
    })
}

/// From the `units`th unit of UTF-16 in `text` to its character; both count from 1.
fn characters(text: &str, units: usize) -> u32 {
    let mut before = 1;
    let characters = text.chars().take_while(|c| {
        before += c.len_utf16();
        before <= units
    });
    u32::try_from(characters.count()).unwrap_or(u32::MAX - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_compiler_says_is_read() {
        let script = "const a = 1;\nconst 😀é = b.cc;";
        let error = |line, column, code, message: &str| {
            let position = Position { line, column };
            Some(TypeError { position, code, message: message.to_owned() })
        };
        for (line, expected) in [
            (
                "script.ts(2,13): error TS2339: no 'cc': it's 1",
                error(2, 12, 2339, "no 'cc': it's 1"),
            ),
            ("script.ts(1,1): error TS1: x", error(1, 1, 1, "x")),
            ("script.ts(9,9): error TS1: x", error(9, 1, 1, "x")),
            ("servers/a/b.ts(1,1): error TS1: x", None),
            ("script.ts(1): error TS1: x", None),
            ("  Type 'a' is not assignable to 'b'.", None),
        ] {
            assert_eq!(read(line, script), expected, "{line}");
        }
    }
}

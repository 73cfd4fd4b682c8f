//! Skills as folders on the disk.
//!
//! # Invariants
//!
//! * Nothing is read or written through a symbolic link: a folder from elsewhere may hold any.
//! * A file that is larger than it may be is not read.
//! * A file is written beside its place and moved there, so it is whole at every moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use workroom_skill::{Package, limits};

use crate::output::Failure;

/// The most entries of one folder that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// Why a folder is no skill, a line each.
pub(super) type Reasons = Vec<String>;

/// Whether `path` is a folder that says that it is a skill.
pub(super) fn is_skill(path: &Path) -> bool {
    path.join("SKILL.md").is_file()
}

/// Reads the skill in `folder`.
pub(super) fn read(folder: &Path) -> Result<Package, Reasons> {
    let files = files(folder)?;
    let package = Package::read(&files)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_owned()));
    if name.is_some_and(|name| name != package.name.as_str()) {
        return Err(vec![format!("its name is `{}`, and its folder's is another", package.name)]);
    }
    Ok(package)
}

/// The same, for a command that needs it.
pub(super) fn needed(folder: &Path) -> Result<Package, Failure> {
    read(folder).map_err(|reasons| {
        let reasons = reasons.join("\n- ");
        Failure::failed(format!("`{}` is no skill:\n- {reasons}", folder.display()))
    })
}

/// Every file of a skill's folder. Folders and files that begin with a dot are not the skill's.
fn files(folder: &Path) -> Result<Vec<(String, String)>, Reasons> {
    let mut files = Vec::new();
    for entry in entries(folder)? {
        let name = file_name(&entry);
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let kind = fs::symlink_metadata(&path).map_err(|error| told(&path, &error))?;
        if kind.is_symlink() {
            return Err(vec![format!("`{name}` is a symbolic link")]);
        }
        if kind.is_dir() && name == "tests" {
            for entry in entries(&path)? {
                read_file(&entry.path(), format!("tests/{}", file_name(&entry)), &mut files)?;
            }
        } else if kind.is_dir() {
            files.push((format!("{name}/"), String::new()));
        } else {
            read_file(&path, name, &mut files)?;
        }
    }
    Ok(files)
}

fn read_file(path: &Path, name: String, files: &mut Vec<(String, String)>) -> Result<(), Reasons> {
    let meta = fs::symlink_metadata(path).map_err(|error| told(path, &error))?;
    if !meta.is_file() {
        return Err(vec![format!("`{name}` is no plain file")]);
    }
    if meta.len() > limits::CASE_BYTES_MAX as u64 {
        return Err(vec![format!(
            "`{name}` has {} bytes, more than the limit of {}",
            meta.len(),
            limits::CASE_BYTES_MAX
        )]);
    }
    let text = fs::read_to_string(path).map_err(|error| told(path, &error))?;
    files.push((name, text));
    Ok(())
}

/// The skills' folders in `folder`, by name.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, Reasons> {
    let mut found: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|entry| !file_name(entry).starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| is_skill(path))
        .collect();
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, Reasons> {
    let read = fs::read_dir(folder).map_err(|error| told(folder, &error))?;
    let mut entries = Vec::new();
    for entry in read {
        if entries.len() == ENTRIES_MAX {
            return Err(vec![format!(
                "`{}` has more than {ENTRIES_MAX} entries",
                folder.display()
            )]);
        }
        entries.push(entry.map_err(|error| told(folder, &error))?);
    }
    Ok(entries)
}

fn file_name(entry: &fs::DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

fn told(path: &Path, error: &io::Error) -> Reasons {
    vec![format!("`{}` cannot be read: {error}", path.display())]
}

/// Writes `package` as `folder`, which may be there: its files become those of the package.
pub(super) fn write(folder: &Path, package: &Package) -> Result<(), Failure> {
    let failed = |path: &Path, error: io::Error| {
        Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
    };
    let tests = folder.join("tests");
    for part in [folder, &tests] {
        if fs::symlink_metadata(part).is_ok_and(|meta| meta.is_symlink()) {
            let what = format!("`{}` is a symbolic link, and is not written to", part.display());
            return Err(Failure::failed(what));
        }
        fs::create_dir_all(part).map_err(|error| failed(part, error))?;
    }
    let files = package.files();
    for (name, text) in &files {
        let path = folder.join(name);
        let beside = folder.join(format!(".{}.new", name.replace('/', "-")));
        fs::write(&beside, text).map_err(|error| failed(&beside, error))?;
        fs::rename(&beside, &path).map_err(|error| failed(&path, error))?;
    }
    // Tests that the package does not have any more. Other files are not ours.
    for entry in entries(&tests).unwrap_or_default() {
        let name = format!("tests/{}", file_name(&entry));
        let is_case = entry.path().extension().is_some_and(|it| it == "json");
        if is_case && !files.iter().any(|(known, _)| *known == name) {
            fs::remove_file(entry.path()).map_err(|error| failed(&entry.path(), error))?;
        }
    }
    Ok(())
}

//! `workroom skills export`, `import` and `sync`: skills as folders that other tools and people
//! share.
//!
//! The folder remembers in [`MEMORY`] what each skill was when both sides had the same, so that it
//! can be told which side changed. What changed on both sides is told and left alone; what comes
//! from a folder is a draft until a person promotes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use workroom_engine::{
    skills::manage::{self, SkillView},
    store::{NewSkill, SkillStatus, Store},
};
use workroom_skill::{
    Package,
    scan::{self, Suspicion},
};

use super::folder::{self, Reasons};
use crate::{
    args::SkillsFolder,
    commands::ago::now,
    output::{self, Answer, Failure},
};

/// The file of a folder in which it is remembered what both sides had.
const MEMORY: &str = ".workroom-skills.json";

/// Who made a version that came from a folder.
const AUTHOR: &str = "import";

/// What became of one skill.
#[derive(Debug)]
struct Done {
    name: String,
    what: What,
    suspicions: Vec<Suspicion>,
}

#[derive(Debug)]
enum What {
    /// Both sides have the same.
    Same,
    /// It was written into the folder.
    Written,
    /// It came from the folder, as this version.
    Read(i64),
    /// It is left as it is on both sides, and why.
    Left(String),
    /// The folder's is no skill, and why.
    Refused(Reasons),
}

/// Which ways skills may go.
#[derive(Clone, Copy, Debug)]
struct Ways {
    out: bool,
    back: bool,
}

pub(super) async fn export(store: &dyn Store, args: &SkillsFolder) -> Result<Answer, Failure> {
    exchange(store, args, Ways { out: true, back: false }).await
}

pub(super) async fn import(store: &dyn Store, args: &SkillsFolder) -> Result<Answer, Failure> {
    exchange(store, args, Ways { out: false, back: true }).await
}

pub(super) async fn sync(store: &dyn Store, args: &SkillsFolder) -> Result<Answer, Failure> {
    exchange(store, args, Ways { out: true, back: true }).await
}

async fn exchange(store: &dyn Store, args: &SkillsFolder, ways: Ways) -> Result<Answer, Failure> {
    if ways.out {
        let failed = |error| format!("`{}` cannot be made: {error}", args.folder.display());
        fs::create_dir_all(&args.folder).map_err(|error| Failure::failed(failed(error)))?;
    }
    let theirs = folder::list(&args.folder)
        .map_err(|reasons| Failure::failed(reasons.join("; ")).hint("name a folder of skills"))?;
    let theirs: BTreeMap<String, PathBuf> =
        theirs.into_iter().filter_map(|path| Some((name_of(&path)?, path))).collect();
    let views = manage::list_versions(store, None).await.map_err(Failure::failed)?;
    let mut memory = remembered(&args.folder);
    let wanted = |name: &String| args.names.is_empty() || args.names.contains(name);
    let names: BTreeSet<String> =
        theirs.keys().chain(views.iter().map(|it| &it.record.name)).cloned().collect();
    if let Some(unknown) = args.names.iter().find(|name| !names.contains(*name)) {
        return Err(Failure::failed(format!("there is no skill `{unknown}` on either side")));
    }
    let mut done = Vec::new();
    for name in names.iter().filter(|name| wanted(name)) {
        let of_name: Vec<&SkillView> =
            views.iter().filter(|view| view.record.name == *name).collect();
        let pair = Pair {
            store,
            folder: args.folder.join(name),
            theirs: theirs.get(name).map(|path| folder::read(path)),
            ours: of_name,
            before: memory.get(name).cloned(),
        };
        let one = pair.settle(name, ways, &mut memory).await?;
        done.extend(one);
    }
    remember(&args.folder, &memory)?;
    Ok(answer(&done))
}

/// A skill on both sides.
struct Pair<'p> {
    store: &'p dyn Store,
    folder: PathBuf,
    theirs: Option<Result<Package, Reasons>>,
    ours: Vec<&'p SkillView>,
    /// The hash of what both sides had.
    before: Option<String>,
}

impl Pair<'_> {
    /// The version that others get: the one that was promoted last.
    fn promoted(&self) -> Option<&Package> {
        let promoted = self.ours.iter().filter(|it| it.record.status == SkillStatus::Promoted);
        promoted.max_by_key(|it| (it.record.promoted, it.record.version))?.package.as_ref()
    }

    async fn settle(
        self,
        name: &str,
        ways: Ways,
        memory: &mut BTreeMap<String, String>,
    ) -> Result<Option<Done>, Failure> {
        let promoted = self.promoted();
        let (what, suspicions) = match (&self.theirs, promoted) {
            (Some(Err(reasons)), _) => (What::Refused(reasons.clone()), Vec::new()),
            (None, None) => return Ok(None),
            (None, Some(_)) if !ways.out => return Ok(None),
            (None, Some(_)) if ways.back && self.before.is_some() => {
                let why = "it was deleted in the folder: `workroom skills export` writes it again, \
                           `workroom skills deprecate` takes it from agents";
                (What::Left(why.to_owned()), Vec::new())
            }
            (None, Some(ours)) => (self.written(name, ours, memory)?, Vec::new()),
            (Some(Ok(theirs)), ours) => {
                let hash = theirs.hash();
                let ours_hash = ours.map(Package::hash);
                let is_theirs_new = self.before.as_ref() != Some(&hash);
                let is_ours_new = ours_hash.is_some() && self.before != ours_hash;
                match ours {
                    _ if ours_hash.as_ref() == Some(&hash) => {
                        memory.insert(name.to_owned(), hash);
                        (What::Same, Vec::new())
                    }
                    Some(ours) if ways.out && !is_theirs_new => {
                        (self.written(name, ours, memory)?, Vec::new())
                    }
                    _ if ways.back && is_theirs_new && (!ways.out || !is_ours_new) => {
                        self.read(theirs, &hash).await?
                    }
                    None => return Ok(None),
                    Some(_) if !is_theirs_new => (What::Same, Vec::new()),
                    Some(_) => (What::Left(self.conflict(ways)), Vec::new()),
                }
            }
        };
        Ok(Some(Done { name: name.to_owned(), what, suspicions }))
    }

    fn conflict(&self, ways: Ways) -> String {
        let both = match (&self.before, ways.back) {
            (None, _) => "both sides have one, and they differ",
            (Some(_), true) => "both sides changed it",
            (Some(_), false) => "it was changed in the folder",
        };
        format!(
            "{both}: `workroom skills import` reads the folder's as a draft; delete `{}` to have \
             the other one written",
            self.folder.display()
        )
    }

    fn written(
        &self,
        name: &str,
        ours: &Package,
        memory: &mut BTreeMap<String, String>,
    ) -> Result<What, Failure> {
        folder::write(&self.folder, ours)?;
        memory.insert(name.to_owned(), ours.hash());
        Ok(What::Written)
    }

    /// Keeps the folder's as a draft; one that is there already stays as it is.
    async fn read(&self, theirs: &Package, hash: &str) -> Result<(What, Vec<Suspicion>), Failure> {
        let suspicions = scan::package(theirs);
        if let Some(known) = self.ours.iter().find(|view| view.record.hash == hash) {
            let what = match known.record.status {
                SkillStatus::Draft => What::Read(known.record.version),
                _ => What::Left(format!(
                    "it is version {}, which is not the one in use: `workroom skills promote` \
                     takes it",
                    known.record.version
                )),
            };
            return Ok((what, suspicions));
        }
        if let Err(why) = exports_run(theirs) {
            return Ok((What::Refused(vec![why]), suspicions));
        }
        let new = NewSkill {
            name: theirs.name.to_string(),
            hash: hash.to_owned(),
            files: theirs.files(),
            created: now(),
            author: AUTHOR.to_owned(),
            session: AUTHOR.to_owned(),
            status: SkillStatus::Draft,
            needs: String::new(),
        };
        let kept = self.store.keep_skill(new).await.map_err(Failure::failed)?;
        Ok((What::Read(kept.version), suspicions))
    }
}

/// Whether the code can be called; what it imports is looked at when it is used.
fn exports_run(package: &Package) -> Result<(), String> {
    match workroom_script::interface(&package.code) {
        Ok(interface) if interface.exports.iter().any(|name| name == "run") => Ok(()),
        Ok(_) => Err("`index.ts` exports no `run`".to_owned()),
        Err(mistakes) => {
            let first = mistakes.first().map(|mistake| mistake.message.clone());
            Err(format!("`index.ts` has a mistake: {}", first.unwrap_or_default()))
        }
    }
}

fn name_of(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

fn remembered(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join(MEMORY)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn remember(folder: &Path, memory: &BTreeMap<String, String>) -> Result<(), Failure> {
    if memory.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(memory).unwrap_or_default();
    let path = folder.join(MEMORY);
    if fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
        return Err(Failure::failed(format!("`{}` is a symbolic link", path.display())));
    }
    fs::write(&path, text + "\n").map_err(|error| {
        Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
    })
}

fn answer(done: &[Done]) -> Answer {
    let mut lines = Vec::new();
    for Done { name, what, suspicions } in done {
        lines.push(match what {
            What::Same => format!("{name}: the same on both sides"),
            What::Written => format!("{name}: written"),
            What::Read(version) => format!(
                "{name}: read as draft version {version}; `workroom skills promote {name} \
                 --at {version}` gives it to agents"
            ),
            What::Left(why) => format!("{name}: left as it is: {why}"),
            What::Refused(why) => format!("{name}: refused: {}", why.join("; ")),
        });
        if matches!(what, What::Read(_)) {
            lines.extend(suspicions.iter().map(|found| format!("  look at it: {found}")));
        }
    }
    if lines.is_empty() {
        lines.push("there is nothing to exchange".to_owned());
    }
    let is_left = |it: &Done| matches!(it.what, What::Left(_) | What::Refused(_));
    let told: Vec<_> = done.iter().map(as_json).collect();
    let code = if done.iter().any(is_left) { output::FAILED } else { output::OK };
    Answer::new(lines.join("\n"), &json!({ "ok": code == output::OK, "skills": told }), code)
}

/// The stable keys of `--json`.
fn as_json(done: &Done) -> serde_json::Value {
    let (word, version, why) = match &done.what {
        What::Same => ("same", None, None),
        What::Written => ("written", None, None),
        What::Read(version) => ("read", Some(*version), None),
        What::Left(why) => ("left", None, Some(why.clone())),
        What::Refused(why) => ("refused", None, Some(why.join("; "))),
    };
    json!({
        "name": done.name, "what": word, "version": version, "why": why,
        "suspicions": done.suspicions,
    })
}

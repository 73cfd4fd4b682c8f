//! `./skills`, as agents list and read it.

use std::sync::Arc;

use workroom_catalog::Entry;
use workroom_types::SessionId;

use crate::{
    Shared,
    files::{Node, ReadError},
    now,
    skills::registry::SkillVersion,
};

/// What is at `path`, which is in `./skills`, for `session`; `None` where it is not.
pub(crate) async fn read(
    shared: &Shared,
    session: Option<&SessionId>,
    path: &str,
) -> Result<Option<Node>, ReadError> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let ["skills", inside @ ..] = parts.as_slice() else { return Ok(None) };
    let visible = shared.skills.visible(&*shared.store, session, now()).await?;
    let none = |next: &str| ReadError::NoSkill {
        path: workroom_catalog::one_line(path, 200),
        next: next.to_owned(),
    };
    let [name, inside @ ..] = inside else {
        let entries = visible.listed().iter().map(|version| Entry {
            name: format!("{}/", version.record.name),
            about: version.about(),
        });
        return Ok(Some(Node::Folder(entries.collect())));
    };
    let Some(version) = visible.get(name) else {
        let near = workroom_script::nearest(name, visible.names());
        return Err(match near.first() {
            _ if visible.is_hidden(name) => none(&format!(
                "it is a draft of another session, until `workroom skills promote {name}`"
            )),
            Some(near) => none(&format!("the nearest is `./skills/{near}`")),
            None => none("list `./skills` for what there is"),
        });
    };
    let package =
        version.package().map_err(|reason| none(&format!("it cannot be used: {reason}")))?;
    let files = package.files();
    let wanted = inside.join("/");
    if wanted.is_empty() || wanted == "tests" {
        return Ok(Some(Node::Folder(folder(version, &files, &wanted))));
    }
    let file =
        files.iter().find(|(name, _)| *name == wanted || name.strip_suffix(".ts") == Some(&wanted));
    match file {
        Some((_, text)) => Ok(Some(Node::File(Arc::from(text.as_str())))),
        None => Err(none(&format!("list `./skills/{name}` for what there is"))),
    }
}

fn folder(version: &SkillVersion, files: &[(String, String)], within: &str) -> Vec<Entry> {
    if !within.is_empty() {
        let tests = files.iter().filter_map(|(name, _)| name.strip_prefix("tests/"));
        let entry = |name: &str| Entry { name: name.to_owned(), about: String::new() };
        return tests.map(entry).collect();
    }
    let cases = files.iter().filter(|(name, _)| name.starts_with("tests/")).count();
    let mut entries = vec![
        Entry { name: "SKILL.md".to_owned(), about: version.about() },
        Entry { name: "index.ts".to_owned(), about: version.body.interface.signature.clone() },
    ];
    if cases > 0 {
        let s = if cases == 1 { "" } else { "s" };
        entries
            .push(Entry { name: "tests/".to_owned(), about: format!("{cases} recorded case{s}") });
    }
    entries
}

/// The entry of the folder of skills, where there are any.
pub(crate) async fn root(
    shared: &Shared,
    session: Option<&SessionId>,
) -> Result<Option<Entry>, ReadError> {
    let visible = shared.skills.visible(&*shared.store, session, now()).await?;
    let count = visible.listed().len();
    let s = if count == 1 { "" } else { "s" };
    let about = format!("{count} skill{s}: saved code to import");
    Ok((count > 0).then(|| Entry { name: "skills/".to_owned(), about }))
}

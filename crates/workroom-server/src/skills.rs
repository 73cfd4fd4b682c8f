//! Promoted skills served by MCP's skills extension (SEP-2640): to clients that load skills
//! themselves, beside agents that use them in code.
//!
//! A skill is `skill://<name>/SKILL.md` with the other files of its folder; each has its SHA-256 in
//! the skill's manifest, so that a client can tell whether it was changed on the way. Drafts are
//! served to nobody: they belong to the session that made them.
//!
//! # Invariants
//!
//! * What is listed and what is read are made of the same package by the same code.
//! * A URI is looked up, never opened: one that names nothing of a skill is an error.

use rmcp::{
    ErrorData,
    model::{
        CacheScope, DIRECTORY_MIME_TYPE, GetSkillResult, JsonObject, ListResourcesResult,
        ListSkillsResult, ReadResourceResult, Resource, ResourceContents, Skill, SkillFrontmatter,
        SkillResource, SkillResources,
    },
};
use serde_json::Value;
use workroom_engine::{
    Engine,
    skills::{SkillVersion, Visible},
};
use workroom_skill::Package;

use std::sync::Arc;

/// What every URI of a skill begins with.
const SCHEME: &str = "skill://";

/// The most skills of one page: their manifests are a few kilobytes each.
const PAGE_SKILLS: usize = 50;

/// For how long a list may be taken for fresh: a person promotes a skill now and then.
const TTL_MS: u64 = 10_000;

/// Lists promoted skills after the name that `cursor` is.
pub(crate) async fn list(
    engine: &Engine,
    cursor: Option<&str>,
) -> Result<ListSkillsResult, ErrorData> {
    let visible = visible(engine).await?;
    let (page, next) = page(&visible, cursor);
    let mut result = ListSkillsResult::with_all_items(page.into_iter().map(skill).collect());
    result.next_cursor = next;
    result.ttl_ms = Some(TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

/// Lists each promoted skill's `SKILL.md` after the name that `cursor` is: the other files are
/// found by the skill's manifest and its folder.
pub(crate) async fn resources(
    engine: &Engine,
    cursor: Option<&str>,
) -> Result<ListResourcesResult, ErrorData> {
    let visible = visible(engine).await?;
    let (page, next) = page(&visible, cursor);
    let entry = |package: &&Package| {
        let all = entries(package, "").unwrap_or_default().into_iter();
        all.into_iter().find(|entry| entry.uri.ends_with("/SKILL.md"))
    };
    let mut result = ListResourcesResult::with_all_items(page.iter().filter_map(entry).collect());
    result.next_cursor = next;
    result.ttl_ms = Some(TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

/// The skills after the name that `cursor` is, and the cursor of the page after them.
fn page<'v>(visible: &'v Visible, cursor: Option<&str>) -> (Vec<&'v Package>, Option<String>) {
    let after = |version: &&Arc<SkillVersion>| {
        cursor.is_none_or(|cursor| version.record.name.as_str() > cursor)
    };
    let mut packages = visible.listed().iter().filter(after).filter_map(|it| it.package().ok());
    let page: Vec<&Package> = packages.by_ref().take(PAGE_SKILLS).collect();
    let last = page.last().map(|package| package.name.to_string());
    (page, last.filter(|_| packages.next().is_some()))
}

/// One skill by the URI of its `SKILL.md`.
pub(crate) async fn get(engine: &Engine, uri: &str) -> Result<GetSkillResult, ErrorData> {
    let unknown = || ErrorData::invalid_params(format!("there is no skill at `{uri}`"), None);
    let name = uri.strip_prefix(SCHEME).and_then(|rest| rest.strip_suffix("/SKILL.md"));
    let visible = visible(engine).await?;
    let package = package(&visible, name.ok_or_else(unknown)?).ok_or_else(unknown)?;
    let mut result = GetSkillResult::new(skill(package));
    result.ttl_ms = Some(TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

/// A file of a skill.
pub(crate) async fn read(engine: &Engine, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let visible = visible(engine).await?;
    let found = split(uri).and_then(|(name, path)| {
        let mut files = package(&visible, name)?.files().into_iter();
        files.find(|(known, _)| known == path)
    });
    let Some((path, text)) = found else {
        return Err(ErrorData::resource_not_found(format!("there is no resource `{uri}`"), None));
    };
    let contents = ResourceContents::text(text, uri).with_mime_type(mime(&path));
    let mut result = ReadResourceResult::new(vec![contents]);
    result.ttl_ms = Some(TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

/// What is in a folder: a skill's own, or its `tests`.
pub(crate) async fn directory(
    engine: &Engine,
    uri: &str,
) -> Result<ListResourcesResult, ErrorData> {
    let visible = visible(engine).await?;
    let found = split(uri).and_then(|(name, path)| entries(package(&visible, name)?, path));
    let Some(entries) = found else {
        return Err(ErrorData::invalid_params(format!("`{uri}` is no directory"), None));
    };
    let mut result = ListResourcesResult::with_all_items(entries);
    result.ttl_ms = Some(TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

async fn visible(engine: &Engine) -> Result<Arc<Visible>, ErrorData> {
    let visible = engine.skills(None).await;
    visible.map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// A skill that is listed: one that was deprecated is imported by those who know it, and served
/// to nobody.
fn package<'v>(visible: &'v Visible, name: &str) -> Option<&'v Package> {
    let version = visible.listed().iter().find(|version| version.record.name == name)?;
    version.package().ok()
}

/// The skill's name and the path in its folder; the path is empty for the folder.
fn split(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix(SCHEME)?;
    let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((name, path.strip_suffix('/').unwrap_or(path)))
}

fn uri(name: &str, path: &str) -> String {
    format!("{SCHEME}{name}/{path}")
}

/// The entry of a skill, with its manifest.
fn skill(package: &Package) -> Skill {
    let name = package.name.as_str();
    let files = package.files();
    let manifest = files
        .iter()
        .map(|(path, text)| SkillResource::from_bytes(uri(name, path), text.as_bytes()))
        .collect();
    let frontmatter = frontmatter(package);
    Skill::new(uri(name, "SKILL.md"), frontmatter, SkillResources::Files(manifest))
}

/// The frontmatter as `SKILL.md` has it, field by field.
fn frontmatter(package: &Package) -> SkillFrontmatter {
    let mut front = SkillFrontmatter::new(package.name.as_str(), package.description.as_str());
    if let Some(license) = &package.license {
        front = front.with_field("license", license.as_str());
    }
    if let Some(compatibility) = &package.compatibility {
        front = front.with_field("compatibility", compatibility.as_str());
    }
    if let Some(allowed) = &package.allowed_tools {
        front = front.with_field("allowed-tools", allowed.clone());
    }
    if !package.metadata.is_empty() {
        let fields = package.metadata.iter();
        let fields: JsonObject =
            fields.map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect();
        front = front.with_field("metadata", fields);
    }
    front
}

/// The direct entries of the folder `path`; `None` where that is no folder.
fn entries(package: &Package, path: &str) -> Option<Vec<Resource>> {
    let name = package.name.as_str();
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut entries: Vec<Resource> = Vec::new();
    for (file, text) in package.files() {
        let Some(inside) = file.strip_prefix(&prefix) else { continue };
        let entry = match inside.split_once('/') {
            Some((folder, _)) => {
                let uri = uri(name, &format!("{prefix}{folder}"));
                Resource::new(uri, folder).with_mime_type(DIRECTORY_MIME_TYPE)
            }
            None => {
                // The file that stands for the skill has the skill's name and words.
                let is_skill = file == "SKILL.md";
                let shown = if is_skill { name } else { inside };
                let mut entry = Resource::new(uri(name, &file), shown).with_mime_type(mime(&file));
                entry.description = is_skill.then(|| package.description.clone());
                entry.size = Some(text.len() as u64);
                entry
            }
        };
        if !entries.iter().any(|known| known.uri == entry.uri) {
            entries.push(entry);
        }
    }
    (!entries.is_empty()).then_some(entries)
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("md") => "text/markdown",
        Some("ts") => "text/x-typescript",
        Some("json") => "application/json",
        _ => "text/plain",
    }
}

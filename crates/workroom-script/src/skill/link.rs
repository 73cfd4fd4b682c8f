//! Skills and those that they import, put together into one function.

use std::fmt::Write as _;

use super::{Linked, Module, SKILLS_MAX, Skill};
use crate::{
    Modules, Position, Site, SkillRefused, check, compile_module, import::quote, map::SourceMap,
};

/// The place of a statement to look at, in the skill of that name.
pub(crate) type Watched<'w> = Option<(&'w str, Position)>;

/// The skills of one program, put together.
#[derive(Default)]
pub(crate) struct Loader {
    pub(crate) code: String,
    pub(crate) map: SourceMap,
    pub(crate) linked: Vec<Linked>,
    pub(crate) sites: Vec<Site>,
}

/// Compiles `skills` and all that they import; gives the index of the one that is refused.
pub(crate) fn link(
    skills: &[Skill],
    modules: &dyn Modules,
    watched: Watched<'_>,
) -> Result<Loader, (usize, SkillRefused)> {
    if skills.is_empty() {
        return Ok(Loader::default());
    }
    let mut linker = Linker::new(modules, watched);
    for (at, skill) in skills.iter().enumerate() {
        linker.add(skill).map_err(|refused| (at, refused))?;
    }
    Ok(linker.finish())
}

/// Compiles one skill and all that it imports, which come first.
pub(super) fn alone(skill: &Skill, modules: &dyn Modules) -> Result<Vec<Linked>, SkillRefused> {
    let mut linker = Linker::new(modules, None);
    linker.add(skill)?;
    Ok(linker.done.into_iter().map(|built| built.linked).collect())
}

struct Built {
    linked: Linked,
    module: Module,
}

struct Linker<'m> {
    modules: &'m dyn Modules,
    watched: Watched<'m>,
    done: Vec<Built>,
    /// Those under way, each imported by the one before it.
    path: Vec<String>,
}

impl<'m> Linker<'m> {
    fn new(modules: &'m dyn Modules, watched: Watched<'m>) -> Self {
        Linker { modules, watched, done: Vec::new(), path: Vec::new() }
    }

    fn add(&mut self, skill: &Skill) -> Result<(), SkillRefused> {
        if self.done.iter().any(|built| built.linked.name == skill.name) {
            return Ok(());
        }
        if let Some(first) = self.path.iter().position(|name| *name == skill.name) {
            let mut circle = self.path[first..].to_vec();
            circle.push(skill.name.clone());
            return Err(SkillRefused::Circle(circle));
        }
        if self.done.len() + self.path.len() >= SKILLS_MAX {
            return Err(SkillRefused::TooMany);
        }
        let watched = self.watched.filter(|(name, _)| *name == skill.name).map(|it| it.1);
        let module = compile_module(skill, self.modules, watched)
            .map_err(|diagnostics| SkillRefused::Code(skill.name.clone(), diagnostics))?;
        self.path.push(skill.name.clone());
        for import in &module.imports {
            self.add(import)?;
        }
        self.path.pop();
        let linked = Linked {
            name: skill.name.clone(),
            code: skill.code.clone(),
            needs: module.needs.clone(),
            imports: module.imports.iter().map(|it| it.name.clone()).collect(),
        };
        self.done.push(Built { linked, module });
        Ok(())
    }

    fn finish(self) -> Loader {
        let internal = check::INTERNAL;
        let mut loader = Loader {
            code: format!(
                "function {internal}_load() {{\nconst {internal}_skills = {{ __proto__: null \
                 }};\n{USE}\n"
            ),
            ..Loader::default()
        };
        for Built { linked, module } in self.done {
            let name = quote(&linked.name);
            let _ = writeln!(
                loader.code,
                "{internal}_skills[{name}] = {internal}_use({name}, (() => {{"
            );
            let lines = line_count(&loader.code);
            loader.linked.push(linked);
            let file = u32::try_from(loader.linked.len()).unwrap_or(u32::MAX);
            loader.map.append(module.map, lines, file);
            loader.code.push_str(module.code.trim_end_matches('\n'));
            loader.code.push_str("\n})());\n");
            if !module.sites.is_empty() {
                loader.sites = module.sites;
            }
        }
        let _ = writeln!(loader.code, "return {internal}_skills;\n}}");
        loader
    }
}

/// How many lines end in `text`.
pub(crate) fn line_count(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// Watches a skill's `run`: tells the host what the first one was given and gave, where that is
/// small enough, and where each that failed was called from. It never changes what `run` does, not
/// even to make it async.
const USE: &str = r#"const __workroom_use = (skill, made) => {
  if (typeof made.run !== "function") return made;
  const run = made.run;
  let runs = 0, active = 0, told = 0;
  const tell = (about) => {
    if (told++ > 16) return;
    try { __workroom.call("", "skill", { skill, ...about }).catch(() => {}); } catch {}
  };
  const text = (value) => {
    try {
      const json = JSON.stringify(value) ?? "null";
      return json.length <= 65536 ? json : undefined;
    } catch { return undefined; }
  };
  const failed = (at, error) => {
    let message = "";
    try { message = String(error?.message ?? error).slice(0, 300); } catch {}
    tell({ act: "failed", stack: String(at.stack).slice(0, 4000), message });
  };
  const watched = function (...given) {
    const first = runs++ === 0;
    const at = new Error();
    if (first) tell({ act: "begin", input: text(given[0]), more: given.length > 1 });
    else if (active > 0) tell({ act: "mixed" });
    active++;
    const ended = (value) => {
      active--;
      if (first) tell({ act: "end", output: text(value) });
      return value;
    };
    const broke = (error) => {
      active--;
      failed(at, error);
      throw error;
    };
    let gave;
    try { gave = run.apply(this, given); } catch (error) { broke(error); }
    return gave instanceof Promise ? gave.then(ended, broke) : ended(gave);
  };
  Object.defineProperty(watched, "name", { value: "run" });
  const use = { ...made, run: watched };
  if (made.default === run) use.default = watched;
  return Object.freeze(use);
};"#;

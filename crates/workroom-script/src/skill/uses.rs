//! What a code was seen to use of skills and servers, while it was looked over.

use std::rc::Rc;

use oxc::span::Span;

use super::{Face, Need, OWNER_MARK, Skill};
use crate::{
    check::Finding,
    diagnostic::{DiagnosticKind, did_you_mean, nearest},
    resolve::{MaybeSkill, Resolver},
};

impl Resolver<'_, '_> {
    /// The skill that `specifier` names; `None` where it is no path of a skill's.
    pub(crate) fn skill(&self, specifier: &str) -> MaybeSkill {
        if let Some(known) = self.faces.borrow().get(specifier) {
            return known.clone();
        }
        let found = self.modules.skill(specifier);
        let found = found.map(|found| found.map(|skill| Rc::new(Face::of(skill))));
        self.faces.borrow_mut().insert(specifier.to_owned(), found.clone());
        found
    }

    /// Notes that the code imports `skill` at `span`.
    pub(crate) fn use_skill(&self, skill: &Skill, span: Span) {
        let mut used = self.used.borrow_mut();
        if !used.iter().any(|(known, _)| known.name == skill.name) {
            used.push((skill.clone(), span));
        }
    }

    /// Whether the code imports a skill, as far as is noted, and where it does so first.
    pub(crate) fn first_skill(&self) -> Option<Span> {
        self.used.borrow().first().map(|it| it.1)
    }

    /// Notes that the code may call `tool` of `server`; `None`: any of its tools.
    pub(crate) fn need(&self, server: &str, tool: Option<&str>) {
        self.needs.borrow_mut().add(server, tool);
    }

    /// The skills and the tools that were noted.
    pub(crate) fn into_used(self) -> (Vec<(Skill, Span)>, Vec<Need>) {
        (self.used.into_inner(), self.needs.into_inner().into_list())
    }

    /// How the code names `server` to the guest: a skill's calls say whose they are.
    pub(crate) fn called(&self, server: &str) -> String {
        match self.owner {
            Some(owner) => format!("{owner}{OWNER_MARK}{server}"),
            None => server.to_owned(),
        }
    }
}

/// Says that a skill exports nothing called `wanted`, and what may be meant.
pub(crate) fn unknown_export(face: &Face, wanted: &str, span: Span) -> Finding {
    let names = || face.exports.iter().map(|export| export.name.as_str());
    let hint = did_you_mean(&nearest(wanted, names())).unwrap_or_else(|| {
        let all: Vec<String> = names().take(8).map(|name| format!("`{name}`")).collect();
        if all.is_empty() {
            "it exports nothing".to_owned()
        } else {
            format!("it has {}", all.join(", "))
        }
    });
    let message = format!("skill `{}` exports no `{wanted}`", face.skill.name);
    Finding::new(DiagnosticKind::UnknownExport, span, message).hint(hint)
}

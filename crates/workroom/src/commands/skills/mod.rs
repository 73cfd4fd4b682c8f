//! `workroom skills`: what a person does with skills.

mod exchange;
mod folder;
mod harden;
mod list;
mod manage;
mod record;
mod suggest;
mod test;

use workroom_engine::skills::ManageError;

use crate::{
    args::{Global, Skills, SkillsCommand},
    output::{Answer, Failure},
    store::{self, Keep},
};

pub(crate) async fn skills(global: &Global, args: &Skills) -> Result<Answer, Failure> {
    match &args.command {
        SkillsCommand::Test { name, version } => {
            return test::test(global, name.as_deref(), *version).await;
        }
        SkillsCommand::Harden(args) => return harden::harden(global, args).await,
        SkillsCommand::Record(args) => return record::record(global, args).await,
        _ => {}
    }
    let store = store::open(Keep::Stored).await?;
    let store = &*store;
    match &args.command {
        SkillsCommand::List => list::list(store).await,
        SkillsCommand::Show(of) => list::show(store, of).await,
        SkillsCommand::Promote(of) => manage::promote(store, of).await,
        SkillsCommand::Deprecate(of) => manage::deprecate(store, of).await,
        SkillsCommand::Rollback { name, to } => manage::rollback(global, store, name, *to).await,
        SkillsCommand::Remove(of) => manage::remove(store, of).await,
        SkillsCommand::Suggest => suggest::suggest(store).await,
        SkillsCommand::Export(args) => exchange::export(store, args).await,
        SkillsCommand::Import(args) => exchange::import(store, args).await,
        SkillsCommand::Sync(args) => exchange::sync(store, args).await,
        SkillsCommand::Test { .. } | SkillsCommand::Harden(_) | SkillsCommand::Record(_) => {
            Err(Failure::usage("it was answered before"))
        }
    }
}

/// What went wrong, with the next step.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failure(error: ManageError) -> Failure {
    let failure = Failure::failed(&error);
    match error {
        ManageError::Unknown { .. } => failure.hint("`workroom skills list` lists them"),
        _ => failure,
    }
}

//! Skills: scripts that agents saved, found and used again.
//!
//! # Layout
//!
//! * [`registry`]: which versions there are, and which of them a session sees.
//! * [`needs`]: the servers, tools and skills that a version needs, and what of them has changed.
//! * [`save`]: from a code or a run to a new version; `from_run`: what a run did, as code and case.
//! * `usage`: what a run does with skills: whose calls are whose, how each skill fared, what a
//!   first case is made of.
//! * [`manage`]: what a person does with skills.
//! * `tree`: `./skills`, as agents list and read it.
//! * [`rehearse`]: a skill on a recorded case, without any server.
//! * [`record`](mod@record): such a case, made by a run on the real servers.
//! * [`harden`](mod@harden): its cases with answers changed the way APIs drift, each replayed.
//! * [`suggest`]: code that is run again and again, and is no skill yet.
//!
//! # Invariants
//!
//! * A version whose files are not those of its hash is used by nobody.
//! * A draft is seen by the session that saved it, and by no other.
//! * A skill's call has the rights of the run at most: it goes the way of every call. With
//!   `allowed-tools` it has fewer; see `usage`.

mod from_run;
pub mod harden;
pub mod manage;
pub mod needs;
pub mod record;
pub mod registry;
pub mod rehearse;
pub mod save;
pub mod suggest;
pub(crate) mod tree;
pub(crate) mod usage;

pub use harden::harden;
pub use manage::{ManageError, SkillView};
pub use needs::{NeededTool, Needs};
pub use record::record;
pub use registry::{SkillVersion, Visible};
pub use rehearse::{Rehearsal, Rehearsed, Repeats, Unrecorded};
pub use save::{SaveError, SaveSkill, Saved, SkillSource, past_limits};

use std::sync::Arc;

use workroom_types::SessionId;

use crate::{Engine, LOOK_TIMEOUT, now, store::StoreError};

impl Engine {
    /// Saves a skill as a draft of its session. Waits up to [`LOOK_TIMEOUT`] for servers that are
    /// still starting: what it needs of them is looked up.
    ///
    /// # Errors
    ///
    /// Every reason why it is not saved.
    pub async fn save_skill(&self, skill: SaveSkill) -> Result<Saved, SaveError> {
        let _ = tokio::time::timeout(LOOK_TIMEOUT, self.settled()).await;
        save::save(&self.0, skill).await
    }

    /// What `session` sees of skills.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn skills(&self, session: Option<&SessionId>) -> Result<Arc<Visible>, StoreError> {
        self.0.skills.visible(&*self.0.store, session, now()).await
    }
}

//! What can be done with each world: its job, its answer, both ways' checks.

use std::error::Error;

use serde_json::Value;

use crate::{Check, Effect, Fault, Job, ToolCall, WorldName, clinic, inventory, legal, support};

/// How often a world's job is done, for the cost of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerDay {
    /// Jobs a day.
    pub jobs: u32,
    /// The same in words.
    pub words: &'static str,
}

impl WorldName {
    /// The job, and the steps in which an agent does it with Workroom.
    pub fn job(self) -> Job {
        match self {
            WorldName::Inventory => inventory::job(),
            WorldName::Legal => legal::job(),
            WorldName::Support => support::job(),
            WorldName::Clinic => clinic::job(),
        }
    }

    /// How often the job is done.
    pub const fn per_day(self) -> PerDay {
        match self {
            WorldName::Inventory => PerDay { jobs: 1, words: "1 report" },
            WorldName::Legal => PerDay { jobs: 5, words: "5 depositions" },
            WorldName::Support => PerDay { jobs: 1, words: "200 tickets" },
            WorldName::Clinic => PerDay { jobs: 1, words: "500 referrals" },
        }
    }

    /// The right answer in words.
    pub fn headline(self, seed: u64) -> String {
        match self {
            WorldName::Inventory => {
                let truth = inventory::Truth::of(&inventory::World::new(seed));
                inventory::headline(&truth.answer).trim_end().to_owned()
            }
            WorldName::Legal => legal::headline(&legal::Facts::new(seed)),
            WorldName::Support => support::headline(&support::Facts::new(seed)),
            WorldName::Clinic => clinic::headline(&clinic::Facts::new(seed)),
        }
    }

    /// Whether `answer`, and what the servers received, are right.
    pub fn check(self, seed: u64, answer: &Value, effects: &[Effect]) -> Vec<Check> {
        match self {
            WorldName::Inventory => {
                let truth = inventory::Truth::of(&inventory::World::new(seed));
                let wrong = inventory::check(answer, &truth).err();
                let what = "counts, pieces over every article, and the worst".to_owned();
                let answer = Check { what, wrong: wrong.map(|wrong| wrong.to_string()) };
                vec![answer, Check::equal("nothing was changed", &effects.len(), &0)]
            }
            WorldName::Legal => legal::check(&legal::Facts::new(seed), answer, effects),
            WorldName::Support => support::check(&support::Facts::new(seed), answer, effects),
            WorldName::Clinic => clinic::check(&clinic::Facts::new(seed), answer, effects),
        }
    }

    /// What of `answer` must be the same both ways: all but a record that is shown, which is
    /// masked in one of them.
    pub fn comparable(self, answer: &Value) -> Value {
        let mut answer = answer.clone();
        if let (WorldName::Clinic, Some(fields)) = (self, answer.as_object_mut()) {
            fields.remove("first");
        }
        answer
    }

    /// Whether the world's data are personal: its code way runs with masking, and what a model saw
    /// is looked at.
    pub const fn is_private(self) -> bool {
        matches!(self, WorldName::Clinic)
    }

    /// How many of the values that identify the world's people occur in `text`, which a model read
    /// and wrote, and how many there are.
    pub fn seen(self, seed: u64, text: &str) -> Option<(usize, usize)> {
        self.is_private().then(|| clinic::seen(&clinic::Facts::new(seed), text))
    }

    /// A record as the model saw it beside what the systems received.
    pub fn beside(self, answer: &Value, effects: &[Effect]) -> Option<String> {
        self.is_private().then(|| clinic::beside(&answer["first"], effects))
    }

    /// Does the job call by call; `turn` makes calls that one answer of a model asked for.
    ///
    /// # Errors
    ///
    /// A [`Fault`] where a call fails or answers what its tool does not promise.
    pub async fn traditional<C, E>(self, turn: C) -> Result<Value, Fault<E>>
    where
        C: AsyncFn(Vec<ToolCall>) -> Result<Vec<Value>, E>,
        E: Error + 'static,
    {
        match self {
            WorldName::Inventory => inventory::by_turns(turn).await,
            WorldName::Legal => legal::traditional(turn).await,
            WorldName::Support => support::traditional(turn).await,
            WorldName::Clinic => clinic::traditional(turn).await,
        }
    }
}

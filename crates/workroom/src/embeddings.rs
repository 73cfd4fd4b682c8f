//! Tools found by what they mean, where a model is configured and this build has the feature
//! `embeddings`.

use std::{path::Path, sync::Arc, time::Duration};

use workroom_catalog::Similarity;
use workroom_config::SearchConfig;
use workroom_engine::Engine;

use crate::output;

/// How often it is looked whether all tools are learnt.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many looks may pass without a tool being learnt: 10 seconds.
const LOOKS_MAX: u32 = 100;

/// After how many looks it is said how many tools are left: 2 seconds.
const TELL_EVERY: u32 = 20;

/// Waits until tools are found by what they mean, and says so when that takes long. Only the first
/// time is slow: what is learnt is kept.
pub(crate) async fn learnt(engine: &Engine, quiet: bool) {
    let (mut left, mut idle, mut looks) = (engine.unlearnt(), 0, 0);
    while left > 0 && idle < LOOKS_MAX {
        tokio::time::sleep(LOOK_EVERY).await;
        let before = std::mem::replace(&mut left, engine.unlearnt());
        idle = if left < before { 0 } else { idle + 1 };
        looks += 1;
        if !quiet && left > 0 && looks % TELL_EVERY == 0 {
            output::note(&format!("learning what tools mean, once: {left} are left …"));
        }
    }
}

/// What the configured model makes of tools, if there is one; it is opened in the background.
#[cfg(feature = "embeddings")]
pub(crate) fn start(config: &SearchConfig, cache: Option<&Path>) -> Option<Arc<dyn Similarity>> {
    let folder = config.embeddings.as_ref()?;
    Some(Arc::new(workroom_embeddings::Embeddings::start(folder, cache)))
}

/// Nothing: this build has no embeddings.
#[cfg(not(feature = "embeddings"))]
pub(crate) fn start(config: &SearchConfig, _cache: Option<&Path>) -> Option<Arc<dyn Similarity>> {
    if config.embeddings.is_some() {
        tracing::warn!("{NONE}");
    }
    None
}

/// What there is to say of the configured model: what it is, or why it cannot be used.
#[cfg(feature = "embeddings")]
pub(crate) fn check(config: &SearchConfig) -> Option<Result<String, String>> {
    let folder = config.embeddings.as_ref()?;
    let opened = workroom_embeddings::Embeddings::open(folder, None);
    Some(match opened {
        Ok((_, about)) => {
            Ok(format!("{} numbers for each tool, by {}", about.width, about.file.display()))
        }
        Err(error) => Err(error.to_string()),
    })
}

/// That this build has no embeddings, where they are wanted.
#[cfg(not(feature = "embeddings"))]
pub(crate) fn check(config: &SearchConfig) -> Option<Result<String, String>> {
    config.embeddings.as_ref().map(|_| Err(NONE.to_owned()))
}

/// What to do where this build has no embeddings.
#[cfg(not(feature = "embeddings"))]
const NONE: &str = "`search.embeddings` is set, and this build does without; build it with \
                    `--features embeddings`. Until then tools are found by their words alone";

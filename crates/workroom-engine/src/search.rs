//! What agents look for: tools and skills, by words, by habit and by meaning.

use std::sync::Arc;

use tokio::{task::spawn_blocking, time::timeout};
use workroom_catalog::{Catalog, Hints, SearchQuery, SearchResults};
use workroom_types::SessionId;

use crate::{Engine, LOOK_TIMEOUT, Shared, now};

impl Engine {
    /// Ranks tools and skills for what an agent wants to do in `session`, whose drafts are among
    /// them. Waits up to [`LOOK_TIMEOUT`] for servers that are still starting; the results say
    /// which were not searched.
    pub async fn search(&self, query: &SearchQuery, session: Option<&SessionId>) -> SearchResults {
        let shared = &self.0;
        let wanted = query.server.as_deref();
        let wait = shared.settled(|name, folder| wanted.is_none_or(|w| w == name || w == folder));
        let _ = timeout(LOOK_TIMEOUT, wait).await;
        let together = shared.habits.known(shared.ledger.book()).await;
        // A store that cannot be read hides its skills, and no tool.
        let visible = shared.skills.visible(&*shared.store, session, now()).await;
        let catalog = match visible {
            Ok(visible) => shared.catalog_with(&visible),
            Err(_) => self.catalog(),
        };
        let cosines = cosines(shared, &catalog, query).await;
        let hints = Hints { together: Some(&together), cosines: cosines.as_deref() };
        catalog.search_with(query, hints)
    }

    /// How many of the tools are not yet found by what they mean: they are learnt in the
    /// background, once. None, where tools are found by their words alone.
    pub fn unlearnt(&self) -> usize {
        // To build the catalog is to have it learnt.
        let catalog = self.catalog();
        self.0.similarity.as_ref().map_or(0, |similarity| similarity.pending(catalog.gists()))
    }
}

/// How close everything in `catalog` is to the question. It keeps a thread busy, not the one that
/// waits.
async fn cosines(shared: &Shared, catalog: &Catalog, query: &SearchQuery) -> Option<Vec<f32>> {
    let similarity = Arc::clone(shared.similarity.as_ref()?);
    let (question, catalog) = (query.query.clone(), catalog.clone());
    if question.trim().is_empty() {
        return None;
    }
    let asked = spawn_blocking(move || similarity.cosines(&question, catalog.gists()));
    asked.await.ok().flatten()
}

//! The catalog of the servers as they are now, built when they change, with and without skills.

use std::sync::{Arc, PoisonError};

use workroom_catalog::Catalog;
use workroom_types::ServerSnapshot;

use crate::{Shared, skills};

impl Shared {
    /// The catalog of the servers as they are now.
    pub(crate) fn catalog(&self) -> Catalog {
        self.numbered_catalog().1
    }

    /// The same with the skills that `visible` has, to be searched.
    pub(crate) fn catalog_with(&self, visible: &skills::Visible) -> Catalog {
        const KEPT_MAX: usize = 8;
        let (version, catalog) = self.numbered_catalog();
        let mut searched = self.searched.lock().unwrap_or_else(PoisonError::into_inner);
        let known = searched.iter().position(|it| (it.0, it.1) == (version, visible.id));
        let entry = match known {
            Some(at) => searched.remove(at),
            None => (version, visible.id, catalog.with_skills(visible.found.clone())),
        };
        let catalog = entry.2.clone();
        searched.insert(0, entry);
        searched.truncate(KEPT_MAX);
        catalog
    }

    /// The servers as agents may see them.
    pub(crate) fn listed_servers(&self) -> Vec<Arc<ServerSnapshot>> {
        let servers = self.upstreams.servers();
        match &self.privacy {
            Some(privacy) => privacy.listed(servers),
            None => servers,
        }
    }

    fn numbered_catalog(&self) -> (u64, Catalog) {
        let version = *self.upstreams.changes().borrow();
        // Held while building: a second caller would only build the same again.
        let mut newest = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        match newest.as_ref() {
            Some((built, catalog)) if *built == version => (version, catalog.clone()),
            previous => {
                let servers = self.listed_servers();
                let catalog = Catalog::build(&servers, previous.map(|(_, catalog)| catalog));
                *newest = Some((version, catalog.clone()));
                if let Some(similarity) = &self.similarity {
                    similarity.learn(catalog.gists());
                }
                (version, catalog)
            }
        }
    }
}

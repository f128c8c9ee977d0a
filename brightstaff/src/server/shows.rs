//! What a door shows, which another configuration changes while it stands open.

use std::sync::{Arc, PoisonError, RwLock};

use super::surface::Surface;

/// What a door shows to the next request, on connections that are open already, too.
pub(super) struct Shows(RwLock<Arc<Surface>>);

impl Shows {
    pub(super) fn new(surface: Arc<Surface>) -> Shows {
        Shows(RwLock::new(surface))
    }

    pub(super) fn surface(&self) -> Arc<Surface> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn show(&self, surface: Arc<Surface>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = surface;
    }
}

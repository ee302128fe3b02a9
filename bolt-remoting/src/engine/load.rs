//! What all connections of one server have to bear together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests that are being handled, and how many may be.
#[derive(Debug)]
pub(crate) struct Load {
    running: AtomicUsize,
    most: usize,
}

impl Load {
    pub(crate) fn bounded(most: usize) -> Self {
        Self {
            running: AtomicUsize::new(0),
            most,
        }
    }

    /// Connections that look at the same time may each let one more in.
    pub(crate) fn is_full(&self) -> bool {
        self.running.load(Ordering::Relaxed) >= self.most
    }

    /// One more runs, as long as what this gives lives.
    pub(crate) fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }
}

/// One request that is being handled.
#[derive(Debug)]
pub(crate) struct Running(Arc<Load>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

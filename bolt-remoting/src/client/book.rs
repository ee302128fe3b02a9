//! The addresses of a client.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bolt_codec::Protocol;
use lru::LruCache;
use rustc_hash::FxHashMap;

use super::idle::RECENT;
use super::pool::Pool;
use crate::{Address, CloseReason, Error, Result};

/// Texts that are known per address.
const SPELLINGS: usize = 4;

/// A bounded number of pools, by what their addresses mean and by the texts that callers use.
pub(crate) struct Book<P: Protocol> {
    most: usize,
    /// The way of every call. Locked after `pools` where both are.
    texts: RwLock<Texts<P>>,
    /// `None` once the client has been shut down.
    pools: Mutex<Option<Pools<P>>>,
}

type Texts<P> = FxHashMap<String, Arc<Pool<P>>>;
type Pools<P> = LruCache<Arc<Address>, Arc<Pool<P>>>;

/// The pool of an address, and the one that has to go for it.
pub(crate) struct Opened<P: Protocol> {
    pub(crate) pool: Arc<Pool<P>>,
    pub(crate) evicted: Option<Arc<Pool<P>>>,
}

impl<P: Protocol> Book<P> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            texts: RwLock::default(),
            pools: Mutex::new(Some(LruCache::unbounded())),
        }
    }

    fn pools(&self) -> MutexGuard<'_, Option<Pools<P>>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pool of a text that was used before.
    pub(crate) fn known(&self, text: &str) -> Option<Arc<Pool<P>>> {
        let texts = self.texts.read().unwrap_or_else(PoisonError::into_inner);
        let pool = texts.get(text)?;
        pool.marks.set();
        Some(Arc::clone(pool))
    }

    /// The pool of an address, made if there is none. From now on `text` is known to mean it.
    ///
    /// # Errors
    ///
    /// After the shutdown.
    pub(crate) fn open(
        &self,
        text: &str,
        address: Address,
        make: impl FnOnce(Arc<Address>) -> Arc<Pool<P>>,
    ) -> Result<Opened<P>> {
        let mut pools = self.pools();
        let Some(pools) = &mut *pools else {
            return Err(Error::closed(CloseReason::Local));
        };
        let mut evicted = None;
        let pool = match pools.get(&address) {
            Some(pool) => Arc::clone(pool),
            None => {
                let address = Arc::new(address);
                let pool = make(Arc::clone(&address));
                if pools.len() >= self.most {
                    evicted = least_used(pools);
                }
                pools.put(address, Arc::clone(&pool));
                pool
            }
        };
        pool.marks.set();
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(evicted) = &evicted {
            texts.retain(|_, pool| !Arc::ptr_eq(pool, evicted));
        }
        if texts.len() >= pools.len().saturating_mul(SPELLINGS) {
            texts.clear();
        }
        texts.insert(text.to_owned(), Arc::clone(&pool));
        Ok(Opened { pool, evicted })
    }

    pub(crate) fn get(&self, address: &Address) -> Option<Arc<Pool<P>>> {
        self.pools().as_ref()?.peek(address).cloned()
    }

    /// Takes a pool out, if it is in.
    pub(crate) fn remove(&self, pool: &Arc<Pool<P>>) {
        let mut pools = self.pools();
        let Some(pools) = &mut *pools else { return };
        if pools
            .peek(&pool.address)
            .is_some_and(|there| Arc::ptr_eq(there, pool))
        {
            pools.pop(&pool.address);
        }
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        texts.retain(|_, known| !Arc::ptr_eq(known, pool));
    }

    pub(crate) fn all(&self) -> Vec<Arc<Pool<P>>> {
        let pools = self.pools();
        let all = pools.iter().flat_map(LruCache::iter);
        all.map(|(_, pool)| Arc::clone(pool)).collect()
    }

    /// Takes all pools out; none comes in any more.
    pub(crate) fn shut(&self) -> Vec<Arc<Pool<P>>> {
        let pools = self.pools().take();
        let mut texts = self.texts.write().unwrap_or_else(PoisonError::into_inner);
        texts.clear();
        let all = pools.iter().flat_map(LruCache::iter);
        all.map(|(_, pool)| Arc::clone(pool)).collect()
    }
}

/// Takes out the pool that was not used for longest. Calls leave a mark only, so that they need no
/// lock for it: those with a mark get a second chance.
fn least_used<P: Protocol>(pools: &mut Pools<P>) -> Option<Arc<Pool<P>>> {
    for _ in 0..pools.len() {
        let (address, pool) = pools.pop_lru()?;
        if !pool.was_used(RECENT) {
            return Some(pool);
        }
        pools.put(address, pool);
    }
    pools.pop_lru().map(|(_, pool)| pool)
}

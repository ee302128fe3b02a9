//! A small map from types to values: what interceptors and handlers tell each other about a
//! request, and what users keep with a connection.
//!
//! ```
//! use bolt_remoting::Extensions;
//!
//! struct User(String);
//!
//! let mut extensions = Extensions::default();
//! extensions.insert(User("ann".into()));
//! assert_eq!(extensions.get::<User>().map(|user| user.0.as_str()), Some("ann"));
//! ```

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

type Value = Arc<dyn Any + Send + Sync>;

/// At most one value of each type. Clones share the values. Empty it allocates nothing.
#[derive(Clone, Default)]
pub struct Extensions {
    /// Few entries: looking through them beats hashing.
    entries: Vec<(TypeId, Value)>,
}

impl Extensions {
    /// Keeps `value`; returns the one of the same type that was kept before.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) -> Option<Arc<T>> {
        self.insert_shared(Arc::new(value))
    }

    /// Keeps a value that is kept elsewhere too.
    pub fn insert_shared<T: Send + Sync + 'static>(&mut self, value: Arc<T>) -> Option<Arc<T>> {
        let old = self.remove();
        self.entries.push((TypeId::of::<T>(), value));
        old
    }

    /// The value of type `T`, if there is one.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.find::<T>()?.downcast_ref()
    }

    /// The value of type `T`, to keep.
    #[must_use]
    pub fn get_shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.find::<T>()?).downcast().ok()
    }

    /// Takes the value of type `T` out.
    pub fn remove<T: Send + Sync + 'static>(&mut self) -> Option<Arc<T>> {
        let of_type = |(id, _): &(TypeId, Value)| *id == TypeId::of::<T>();
        let place = self.entries.iter().position(of_type)?;
        self.entries.swap_remove(place).1.downcast().ok()
    }

    fn find<T: 'static>(&self) -> Option<&Value> {
        let of_type = |(id, _): &&(TypeId, Value)| *id == TypeId::of::<T>();
        self.entries.iter().find(of_type).map(|(_, value)| value)
    }
}

impl fmt::Debug for Extensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Extensions({} values)", self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_each_type_is_kept() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.insert(1_u8), None);
        assert_eq!(extensions.insert("text"), None);
        assert_eq!(extensions.insert(2_u8).as_deref(), Some(&1));
        assert_eq!(extensions.get::<u8>(), Some(&2));
        assert_eq!(extensions.get::<u16>(), None);
        assert_eq!(extensions.remove::<u8>().as_deref(), Some(&2));
        assert_eq!(extensions.remove::<u8>(), None);
        assert_eq!(extensions.get_shared::<&str>().as_deref(), Some(&"text"));
    }

    #[test]
    fn a_clone_shares_the_values_and_goes_its_own_way() {
        let mut first = Extensions::default();
        first.insert(1_u8);
        let mut second = first.clone();
        second.insert(2_u8);
        assert_eq!((first.get(), second.get()), (Some(&1_u8), Some(&2_u8)));
    }
}

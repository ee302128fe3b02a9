//! The type names and class definitions that were written.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::shapes::Shape;
use crate::value::Class;

/// So many classes are found faster by looking at each than by hashing.
const FEW: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Classes of both kinds, in one numbering.
    class_count: u32,
    derived: SmallVec<[Derived; 2]>,
    maps: Option<Box<Maps>>,
}

/// What a stream of a few objects does not need.
#[derive(Debug, Default)]
struct Maps {
    types: HashMap<String, u32>,
    /// Places in `derived`, once there are more than a few.
    derived: HashMap<&'static str, usize>,
    shared: HashMap<Arc<Class>, u32>,
    /// The same by address: the classes in `shared` stay alive.
    shared_by_address: HashMap<usize, u32>,
}

/// A class whose fields a `Serialize` implementation names.
#[derive(Debug)]
pub(super) struct Derived {
    pub(super) name: &'static str,
    pub(super) number: u32,
    /// What the class looked like in an earlier stream.
    pub(super) foretold: Option<Arc<Shape>>,
    /// What it looks like in this one: known when its first object has ended.
    pub(super) shape: Option<Arc<Shape>>,
}

impl Tables {
    /// The number of `name`, which gets one now if it had none; `true` if it had.
    pub(super) fn type_number(&mut self, name: &str) -> (u32, bool) {
        let types = &mut self.maps.get_or_insert_default().types;
        if let Some(number) = types.get(name) {
            return (*number, true);
        }
        let number = types.len() as u32;
        types.insert(name.to_owned(), number);
        (number, false)
    }

    /// The place of the class `name` among the derived ones.
    #[inline]
    pub(super) fn find_derived(&self, name: &'static str) -> Option<usize> {
        if self.derived.len() > FEW {
            return self.maps.as_ref()?.derived.get(name).copied();
        }
        self.derived
            .iter()
            .position(|class| std::ptr::eq(class.name, name) || class.name == name)
    }

    pub(super) fn add_derived(&mut self, name: &'static str) -> usize {
        let place = self.derived.len();
        let number = self.next_class();
        self.derived.push(Derived {
            name,
            number,
            foretold: None,
            shape: None,
        });
        if place >= FEW {
            let places = &mut self.maps.get_or_insert_default().derived;
            let missing = self.derived.iter().map(|class| class.name).zip(0..);
            places.extend(missing.skip(places.len()));
        }
        place
    }

    #[inline]
    pub(super) fn derived(&mut self, place: usize) -> &mut Derived {
        &mut self.derived[place]
    }

    pub(super) fn find_shared(&self, class: &Arc<Class>) -> Option<u32> {
        let address = Arc::as_ptr(class) as usize;
        let maps = self.maps.as_ref()?;
        let known = maps.shared_by_address.get(&address);
        known.or_else(|| maps.shared.get(class)).copied()
    }

    pub(super) fn add_shared(&mut self, class: &Arc<Class>) -> u32 {
        let number = self.next_class();
        let maps = self.maps.get_or_insert_default();
        maps.shared.insert(Arc::clone(class), number);
        maps.shared_by_address
            .insert(Arc::as_ptr(class) as usize, number);
        number
    }

    fn next_class(&mut self) -> u32 {
        let number = self.class_count;
        self.class_count += 1;
        number
    }
}

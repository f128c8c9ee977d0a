//! Names in order, put there one after the other.
//!
//! `sort`, and `collect` for a map or a set, bring a sort of their own for each type: 3 to 5 KB in a guest each. On a
//! request's path only a handful of names is put in order, for which that gains nothing.

use std::collections::{BTreeMap, BTreeSet};

/// A map of these entries; the last one of those with the same key counts.
pub(crate) fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

/// A set of these.
pub(crate) fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// A few things by their numbers, in order. They are looked through: a map would bring 2 KB to a guest for each kind of
/// thing.
#[derive(Debug)]
pub(crate) struct Numbered<T>(Vec<(u32, T)>);

impl<T> Default for Numbered<T> {
    fn default() -> Numbered<T> {
        Numbered(Vec::new())
    }
}

impl<T> Numbered<T> {
    /// The thing of this number, made where there was none; always there.
    pub(crate) fn of(&mut self, number: u32, make: impl FnOnce() -> T) -> Option<&mut T> {
        let at = self.0.iter().position(|(own, _)| *own >= number).unwrap_or(self.0.len());
        if self.0.get(at).is_none_or(|(own, _)| *own != number) {
            self.0.insert(at, (number, make()));
        }
        self.0.get_mut(at).map(|(_, thing)| thing)
    }

    /// All of them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        self.0.iter_mut().map(|(number, thing)| (*number, thing))
    }

    /// The same without their numbers.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_one_thing_and_they_are_in_order() {
        let mut things = Numbered::default();
        for (number, thing) in [(3, "c"), (1, "a"), (3, "d"), (2, "b"), (1, "e")] {
            assert!(things.of(number, || thing).is_some());
        }
        assert_eq!(things.values().copied().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(things.iter_mut().map(|(number, _)| number).collect::<Vec<_>>(), [1, 2, 3]);
    }
}

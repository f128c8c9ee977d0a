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

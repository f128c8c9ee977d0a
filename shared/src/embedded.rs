//! A configuration inside a guest's module: where it is put after the module was compiled, and read from at run time.
//!
//! So one prebuilt module serves any configuration, and configuring one needs no compiler. The place is filled with
//! spaces, which JSON allows and which compress to nothing, rather than with zeros, which optimizers take out.

/// How many bytes of configuration a module has room for.
pub const CAPACITY: usize = 64 * 1024;

/// What stands before the configuration in the module's data.
pub const MARKER: &[u8; 32] = b"plano gateway configuration v1: ";

/// The marker and the room behind it.
pub type Place = [u8; MARKER.len() + CAPACITY];

/// A place without a configuration.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time only, and within the array's bounds")]
pub const fn empty() -> Place {
    let mut place = [b' '; MARKER.len() + CAPACITY];
    let mut at = 0;
    while at < MARKER.len() {
        place[at] = MARKER[at];
        at += 1;
    }
    place
}

/// The configuration at a place; nothing where none was put there.
pub fn read(place: &Place) -> Option<&[u8]> {
    let room = place.get(MARKER.len()..)?;
    let end = room.iter().rposition(|&byte| byte != b' ')?;
    room.get(..=end)
}

/// Puts a configuration into a module. Fails in one sentence where there is no place, or no room.
pub fn put(module: &mut [u8], configuration: &[u8]) -> Result<(), String> {
    let start =
        memchr::memmem::find(module, MARKER).ok_or("This module has no place for a configuration.")?;
    let room = start + MARKER.len()..start + MARKER.len() + CAPACITY;
    let room = module.get_mut(room).ok_or("The module ends inside its place for a configuration.")?;
    let (used, unused) = room.split_at_mut_checked(configuration.len()).ok_or_else(|| {
        format!("The compiled configuration has {} bytes; a module takes {CAPACITY}.", configuration.len())
    })?;
    used.copy_from_slice(configuration);
    unused.fill(b' ');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read() {
        let mut module = [b"before".as_slice(), &empty(), b"after"].concat();
        put(&mut module, b"{\"a\": 1}").unwrap();
        put(&mut module, b"{}").unwrap();
        let place: &Place = module[6..6 + empty().len()].try_into().unwrap();
        assert_eq!(read(place), Some(b"{}".as_slice()));
        assert!(module.starts_with(b"before") && module.ends_with(b"after"));
        assert_eq!(read(&empty()), None);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(put(&mut [0; 10], b"{}").unwrap_err().contains("no place"));
        assert!(put(&mut empty().to_vec(), &[b'1'; CAPACITY + 1]).unwrap_err().contains("65537 bytes"));
    }
}

//! A configuration inside a guest's module: where it is put after the module was compiled, and read from at run time.
//!
//! So one prebuilt module serves any configuration, and configuring one needs no compiler. The module has room for it in
//! memory, which takes no bytes in the file: it holds zeros, and optimizers take those out. What is put there is one
//! more segment of data, which is copied into the room when the module starts (`planoai build`).

/// How many bytes of configuration a module has room for.
pub const CAPACITY: usize = 64 * 1024;

/// What stands before the room's address in the module's data.
pub const MARKER: &[u8; 32] = b"plano gateway configuration v2: ";

/// Memory for a configuration, and the zero behind it.
pub type Room = [u8; CAPACITY + 1];

/// A room without a configuration.
pub const fn empty() -> Room {
    [0; CAPACITY + 1]
}

/// Where a module's room is, for whoever has only the module.
#[allow(dead_code, reason = "most of it is read in the file, by whoever puts a configuration in")]
#[repr(C)]
pub struct Place {
    marker: [u8; MARKER.len()],
    room: &'static Room,
    /// No zero, for optimizers cut data where zeros are, and the address may end in one.
    end: u8,
}

impl Place {
    /// The place that leads to `room`.
    pub const fn of(room: &'static Room) -> Place {
        Place { marker: *MARKER, room, end: b'.' }
    }

    /// The configuration that was put there; nothing where none was.
    pub fn read(&self) -> Option<&[u8]> {
        let end = self.room.iter().position(|&byte| byte == 0)?;
        self.room.get(..end).filter(|configuration| !configuration.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(configuration: &[u8]) -> Option<Vec<u8>> {
        let mut room = empty();
        room[..configuration.len()].copy_from_slice(configuration);
        Place::of(Box::leak(Box::new(room))).read().map(<[u8]>::to_vec)
    }

    #[test]
    fn what_is_put_there_is_read() {
        assert_eq!(read(b"{\"a\": 1}").unwrap(), b"{\"a\": 1}");
        assert_eq!(read(&[b'1'; CAPACITY]).unwrap().len(), CAPACITY);
    }

    #[test]
    fn an_empty_room_has_none() {
        assert_eq!(read(b""), None);
    }
}

//! A configuration inside a guest's module: where it is put after the module was compiled, and read from at run time.
//!
//! So one prebuilt module serves any configuration, and configuring one needs no compiler. The module has room for it in
//! memory, which takes no bytes in the file: it holds zeros, and optimizers take those out. What is put there is one
//! more segment of data, which is copied into the room when the module starts.

use std::ops::Range;

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

/// The ids of sections: <https://webassembly.github.io/spec/core/binary/modules.html#sections>.
const DATA: u8 = 11;
const DATA_COUNT: u8 = 12;

/// What stands before a module's sections: it is one, and of the first version.
const HEAD: &[u8; 8] = b"\0asm\x01\0\0\0";

/// A module with a configuration in it, in the place of the one that may have been there. Fails in one sentence where
/// there is no place, or no room.
pub fn put(module: &[u8], configuration: &[u8]) -> Result<Vec<u8>, String> {
    if configuration.len() > CAPACITY {
        let length = configuration.len();
        return Err(format!("The compiled configuration has {length} bytes; a module takes {CAPACITY}."));
    }
    let room = room_of(module).ok_or("This module has no place for a configuration.")?;
    let sections = sections(module).ok_or("This is no WebAssembly module, or not all of one.")?;
    let mut out = HEAD.to_vec();
    for (id, body) in sections {
        let body = module.get(body).unwrap_or_default();
        let grown = match id {
            DATA => one_more(body, &segment(room, configuration)),
            DATA_COUNT => one_more(body, &[]),
            _ => Some(body.to_vec()),
        };
        out.push(id);
        append(&mut out, &grown.ok_or("The module's data cannot be read.")?);
    }
    Ok(out)
}

/// The room's address in the module's memory.
fn room_of(module: &[u8]) -> Option<u32> {
    let start = memchr::memmem::find(module, MARKER)? + MARKER.len();
    module.get(start..)?.first_chunk().map(|address| u32::from_le_bytes(*address))
}

/// Each section's id, and where its content is.
fn sections(module: &[u8]) -> Option<Vec<(u8, Range<usize>)>> {
    let mut rest = module.strip_prefix(HEAD)?;
    let mut sections = Vec::new();
    while let Some((id, behind)) = rest.split_first() {
        let (length, content) = number(behind)?;
        let start = module.len() - content.len();
        rest = content.get(length as usize..)?;
        sections.push((*id, start..start + length as usize));
    }
    Some(sections)
}

/// A list that begins with how many items it has, with one item more.
fn one_more(list: &[u8], item: &[u8]) -> Option<Vec<u8>> {
    let (count, items) = number(list)?;
    let mut out = Vec::new();
    write(&mut out, count.checked_add(1)?);
    out.extend_from_slice(items);
    out.extend_from_slice(item);
    Some(out)
}

/// Data that is copied to `address`, with a zero behind it: later segments win, and an earlier one may be longer.
fn segment(address: u32, data: &[u8]) -> Vec<u8> {
    // Of memory 0; the address is `i32.const address`, `end`.
    let mut out = vec![0x00, 0x41];
    write_signed(&mut out, i64::from(address.cast_signed()));
    out.push(0x0b);
    append(&mut out, &[data, b"\0"].concat());
    out
}

fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    // Nothing in a module is longer than a number of 32 bits can say.
    write(out, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(bytes);
}

/// A number in LEB128, and what follows: <https://webassembly.github.io/spec/core/binary/values.html#integers>.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at_checked(length)?;
    let value = digits.iter().rev().fold(0_u64, |value, digit| value << 7 | u64::from(digit & 0x7f));
    Some((u32::try_from(value).ok().filter(|_| length <= 5)?, rest))
}

fn write(out: &mut Vec<u8>, mut value: u32) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write_signed(out: &mut Vec<u8>, mut value: i64) {
    while !(-0x40..0x40).contains(&value) {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ADDRESS: u32 = 0x0012_3400;

    /// A module whose data says where the room is, in one segment at 1024.
    fn module() -> Vec<u8> {
        let data = [MARKER.as_slice(), &ADDRESS.to_le_bytes(), b"."].concat();
        let mut out = HEAD.to_vec();
        for (id, body) in [
            (0, b"\x01nrest".to_vec()),
            (DATA_COUNT, vec![1]),
            (DATA, [vec![1], segment(1024, &data)].concat()),
        ] {
            out.push(id);
            append(&mut out, &body);
        }
        out
    }

    /// What is at the room once the module's data was copied.
    fn start(module: &[u8]) -> Room {
        let mut room = empty();
        let data = sections(module).unwrap().into_iter().find(|(id, _)| *id == DATA).unwrap().1;
        let (count, mut rest) = number(&module[data]).unwrap();
        for _ in 0..count {
            let end = rest.iter().position(|&byte| byte == 0x0b).unwrap();
            let mut constant = Vec::new();
            write_signed(&mut constant, i64::from(ADDRESS));
            let here = rest[2..end] == constant[..];
            let (length, bytes) = number(&rest[end + 1..]).unwrap();
            let (bytes, behind) = bytes.split_at(length as usize);
            if here {
                room[..bytes.len()].copy_from_slice(bytes);
            }
            rest = behind;
        }
        assert!(rest.is_empty());
        room
    }

    fn read(room: Room) -> Option<Vec<u8>> {
        Place::of(Box::leak(Box::new(room))).read().map(<[u8]>::to_vec)
    }

    #[test]
    fn what_was_put_is_read() {
        let first = put(&module(), b"{\"a\": 1}").unwrap();
        assert_eq!(read(start(&first)).unwrap(), b"{\"a\": 1}");
        let second = put(&first, b"{}").unwrap();
        assert_eq!(read(start(&second)).unwrap(), b"{}");
        assert_eq!(read(start(&module())), None);
    }

    #[test]
    fn nothing_else_changes() {
        let (before, after) = (module(), put(&module(), &[b'1'; CAPACITY]).unwrap());
        let ids = |module: &[u8]| sections(module).unwrap().into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&after));
        assert_eq!(after[..15], before[..15]);
        assert_eq!(read(start(&after)).unwrap().len(), CAPACITY);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(put(&[0; 10], b"{}").unwrap_err().contains("no place"));
        assert!(put(MARKER, b"{}").unwrap_err().contains("no place"));
        assert!(
            put(&[MARKER.as_slice(), b"1234"].concat(), b"{}").unwrap_err().contains("no WebAssembly module")
        );
        assert!(put(&module()[..60], b"{}").is_err());
        assert!(put(&module(), &[b'1'; CAPACITY + 1]).unwrap_err().contains("65537 bytes"));
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_written(value: u32) {
            let mut bytes = Vec::new();
            write(&mut bytes, value);
            prop_assert_eq!(number(&bytes), Some((value, &[][..])));
        }
    }
}

//! Puts a configuration into a guest's finished module, where `shared::embedded` reads it.

use shared::embedded::{CAPACITY, MARKER};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ConstExpr, DataCountSection, DataSection, Module, RawSection};
use wasmparser::{DataSectionReader, Parser, Payload};

/// The module with a configuration in it, in the place of the one that may have been there: one more segment of data,
/// and all else as it was. Fails in one sentence where there is no place, or no room.
pub(crate) fn put(module: &[u8], configuration: &[u8]) -> Result<Vec<u8>, String> {
    let length = configuration.len();
    if length > CAPACITY {
        return Err(format!("The compiled configuration has {length} bytes; a module takes {CAPACITY}."));
    }
    let mut out = Module::new();
    let mut has_place = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(unreadable)? {
            Payload::DataCountSection { count, .. } => {
                out.section(&DataCountSection { count: count + 1 });
            }
            Payload::DataSection(data) => {
                out.section(&one_more(data, configuration)?);
                has_place = true;
            }
            other => copy(&mut out, module, &other),
        }
    }
    has_place.then(|| out.finish()).ok_or_else(homeless)
}

/// The module's data, and behind it the configuration with a zero at its end: later segments win, and an earlier one may
/// be longer.
fn one_more(data: DataSectionReader<'_>, configuration: &[u8]) -> Result<DataSection, String> {
    let room = room_of(data.clone())?.ok_or_else(homeless)?;
    let mut out = DataSection::new();
    RoundtripReencoder.parse_data_section(&mut out, data).map_err(unreadable)?;
    let address = ConstExpr::i32_const(room.cast_signed());
    out.active(0, &address, [configuration, b"\0"].concat());
    Ok(out)
}

/// The room's address in the module's memory.
fn room_of(data: DataSectionReader<'_>) -> Result<Option<u32>, String> {
    for segment in data {
        let data = segment.map_err(unreadable)?.data;
        let marker = data.windows(MARKER.len()).position(|window| window == MARKER);
        let behind = marker.and_then(|start| data.get(start + MARKER.len()..));
        if let Some(address) = behind.and_then(|bytes| bytes.first_chunk()) {
            return Ok(Some(u32::from_le_bytes(*address)));
        }
    }
    Ok(None)
}

/// Copies a section as it is.
fn copy(out: &mut Module, module: &[u8], payload: &Payload<'_>) {
    let Some((id, range)) = payload.as_section() else { return };
    let data = module.get(range).unwrap_or_default();
    out.section(&RawSection { id, data });
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("This is no WebAssembly module, or not all of one: {error}.")
}

fn homeless() -> String {
    "This module has no place for a configuration.".to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wasm_encoder::CustomSection;
    use wasmparser::DataKind;

    use super::*;

    const ADDRESS: u32 = 0x0012_3400;

    /// A module whose data says where the room is, in one segment at 1024.
    fn module(address: u32) -> Vec<u8> {
        let mut data = DataSection::new();
        let place = [MARKER.as_slice(), &address.to_le_bytes(), b"."].concat();
        data.active(0, &ConstExpr::i32_const(1024), place);
        Module::new()
            .section(&CustomSection { name: "n".into(), data: b"rest".into() })
            .section(&DataCountSection { count: 1 })
            .section(&data)
            .clone()
            .finish()
    }

    /// What the module's data begins with at an address once all of it was copied.
    fn start(module: &[u8], address: u32) -> Vec<u8> {
        let mut room = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            let Payload::DataSection(data) = payload.unwrap() else { continue };
            for segment in data {
                let segment = segment.unwrap();
                let DataKind::Active { offset_expr, .. } = segment.kind else { panic!("passive data") };
                let operator = offset_expr.get_operators_reader().read().unwrap();
                if !matches!(operator, wasmparser::Operator::I32Const { value } if value.cast_unsigned() == address)
                {
                    continue;
                }
                room.resize(room.len().max(segment.data.len()), 0);
                room[..segment.data.len()].copy_from_slice(segment.data);
            }
        }
        room
    }

    fn read(module: &[u8]) -> Vec<u8> {
        let room = start(module, ADDRESS);
        room.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
    }

    fn sections(module: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let payloads = Parser::new(0).parse_all(module).map(|payload| payload.unwrap().as_section());
        payloads.flatten().map(|(id, range)| (id, module[range].to_vec())).collect()
    }

    #[test]
    fn what_was_put_is_read() {
        let first = put(&module(ADDRESS), b"{\"a\": 1}").unwrap();
        assert_eq!(read(&first), b"{\"a\": 1}");
        let second = put(&first, b"{}").unwrap();
        assert_eq!(read(&second), b"{}");
        assert_eq!(read(&module(ADDRESS)), b"");
    }

    #[test]
    fn nothing_else_changes() {
        let (before, after) = (module(ADDRESS), put(&module(ADDRESS), &[b'1'; CAPACITY]).unwrap());
        let (before, after) = (sections(&before), sections(&after));
        assert_eq!(before[0], after[0]);
        assert_eq!(after[1], (before[1].0, vec![2]));
        assert_eq!(after[2].1[1..before[2].1.len()], before[2].1[1..]);
        assert_eq!(after.len(), 3);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(put(&[0; 10], b"{}").unwrap_err().contains("no WebAssembly module"));
        assert!(put(&module(ADDRESS)[..60], b"{}").unwrap_err().contains("not all of one"));
        assert!(put(&Module::new().finish(), b"{}").unwrap_err().contains("no place"));
        let mut data = DataSection::new();
        data.passive(*MARKER);
        let incomplete = Module::new().section(&data).clone().finish();
        assert!(put(&incomplete, b"{}").unwrap_err().contains("no place"));
        assert!(put(&module(ADDRESS), &[b'1'; CAPACITY + 1]).unwrap_err().contains("65537 bytes"));
    }

    proptest! {
        #[test]
        fn the_room_is_anywhere(address: u32, configuration in "[a-z]{1,9}") {
            let put = put(&module(address), configuration.as_bytes()).unwrap();
            let room = start(&put, address);
            prop_assert_eq!(&room[..=configuration.len()], [configuration.as_bytes(), &[0]].concat());
        }
    }
}

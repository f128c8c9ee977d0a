//! The checksum of event streams and of packed seals: CRC-32 as in Ethernet and zip.

use std::sync::LazyLock;

/// The polynomial, its bits in reverse: <https://www.rfc-editor.org/rfc/rfc1952#section-8>.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// How many bytes are taken at once.
const STRIDE: usize = 8;

/// What a byte does to the sum, by how many bytes follow it in the stride.
type Tables = [[u32; 256]; STRIDE];

/// Made when the first sum is wanted: such tables cannot be compressed, and guests are to be small.
static TABLES: LazyLock<Tables> = LazyLock::new(tables);

/// The checksum of these bytes.
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    let tables = &*TABLES;
    let [alone, ..] = tables;
    let (strides, rest) = bytes.as_chunks::<STRIDE>();
    let sum = strides.iter().fold(u32::MAX, |sum, stride| {
        let mixed = u64::from_le_bytes(*stride) ^ u64::from(sum);
        let effects = tables.iter().rev().zip(mixed.to_le_bytes());
        effects.fold(0, |sum, (table, byte)| sum ^ effect(table, byte))
    });
    !rest.iter().fold(sum, |sum, byte| sum >> 8 ^ effect(alone, sum as u8 ^ byte))
}

fn effect(table: &[u32; 256], byte: u8) -> u32 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

fn tables() -> Tables {
    let alone: [u32; 256] = std::array::from_fn(|byte| (0..8).fold(byte as u32, |sum, _| shift(sum)));
    let mut table = alone;
    std::array::from_fn(|_| {
        let next = table.map(|sum| sum >> 8 ^ effect(&alone, sum as u8));
        std::mem::replace(&mut table, next)
    })
}

/// The sum after a bit that is zero.
fn shift(sum: u32) -> u32 {
    if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sum_is_the_standards() {
        // The check value of the catalogue: https://reveng.sourceforge.io/crc-catalogue/all.htm#crc.cat.crc-32-iso-hdlc
        assert_eq!(sum(b"123456789"), 0xcbf4_3926);
        assert_eq!(sum(b""), 0);
    }

    proptest! {
        #[test]
        fn it_is_what_others_make_of_the_same_bytes(bytes: Vec<u8>) {
            prop_assert_eq!(sum(&bytes), crc32fast::hash(&bytes));
        }
    }
}

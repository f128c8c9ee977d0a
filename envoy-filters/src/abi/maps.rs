//! The one call of Envoy that is made past the SDK, which would take each name and each value apart, in memory of its own.

#![expect(unsafe_code, reason = "Envoy returns what it wrote by its address and length")]

use bytes::Bytes;
use proxy_wasm::types::{MapType, Status};

use crate::pairs::Pairs;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// <https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#proxy_get_header_map_pairs>
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
}

/// A header map; an empty one where Envoy has none.
pub(crate) fn pairs(map: MapType) -> Pairs {
    let (mut data, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: both are places for what Envoy returns.
    let status = unsafe { proxy_get_header_map_pairs(map as u32, &raw mut data, &raw mut size) };
    if status != Status::Ok as u32 || data.is_null() {
        return Pairs::default();
    }
    // SAFETY: Envoy has let the SDK allocate `size` bytes (`proxy_on_memory_allocate`, a boxed slice), has written all of
    // them, and leaves them to whom it told their address.
    Pairs::new(Bytes::from(unsafe { Vec::from_raw_parts(data, size, size) }))
}

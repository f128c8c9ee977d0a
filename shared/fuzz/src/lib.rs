//! What must hold for any input, as functions that panic where it does not.
//!
//! `tests/replay.rs` runs them over the committed inputs, on any toolchain; `cargo xtask fuzz grow TARGET` looks for new
//! ones with libFuzzer. The folder of a target's inputs is `corpus/<name>`.

mod codec;
mod exchange;
mod seal;
mod wire;

/// Something that must hold for any input.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Panics where it does not hold.
    pub run: fn(&[u8]),
}

pub const TARGETS: [Target; 12] = [
    Target { name: "sse", run: wire::sse },
    Target { name: "frames", run: wire::frames },
    Target { name: "json", run: wire::json },
    Target { name: "edit", run: codec::edit },
    Target { name: "form", run: wire::form },
    Target { name: "request", run: codec::request },
    Target { name: "response", run: codec::response },
    Target { name: "stream", run: codec::stream },
    Target { name: "converse", run: codec::converse },
    Target { name: "error", run: codec::error },
    Target { name: "seal", run: seal::seal },
    Target { name: "exchange", run: exchange::exchange },
];

/// The first byte of an input, which chooses among variants, and the rest.
fn choose(input: &[u8]) -> (usize, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (usize::from(*first), rest))
}

//! The target that `PLANO_FUZZ_TARGET` names, for libFuzzer. `cargo xtask fuzz grow` builds and runs it.

#![no_main]

use std::sync::LazyLock;

static TARGET: LazyLock<fuzz::Target> = LazyLock::new(|| {
    let name = std::env::var("PLANO_FUZZ_TARGET").unwrap_or_default();
    let found = fuzz::TARGETS.into_iter().find(|target| target.name == name);
    found.expect("PLANO_FUZZ_TARGET names a target")
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| (TARGET.run)(input));

//! Which worlds a Spin module describes.
//!
//! Each of the SDK's crates adds descriptions of worlds in the component model, whose types are looked up when the
//! module becomes a component: <https://component-model.bytecodealliance.org/design/wit.html>. What is taken out here is
//! what the world of HTTP services has as well, a fortieth of the module. Were one of them needed, the module could not
//! be made a component, and no test on Spin would run.

use std::fs;
use std::path::Path;

use crate::Done;

/// What all descriptions' sections are named.
const DESCRIPTION: &str = "component-type:";

/// Worlds without anything of their own that the gateway calls: those of command lines, HTTP's without what a service
/// exports, and what the SDK tries out.
const COVERED: [&str; 3] =
    [":wasi:cli@", ":service-with-all-of-its-exports-removed:", ":spin-sdk-experimental:"];

/// What stands before a module's sections, in bytes.
const HEAD: usize = 8;

/// The id of sections that have a name: <https://webassembly.github.io/spec/core/binary/modules.html#sections>.
const NAMED: u8 = 0;

/// Takes the descriptions that are covered by another out of a module.
pub(crate) fn prune(module: &Path) -> Done {
    let failed = |why: &str| format!("{}: {why}", module.display());
    let bytes = fs::read(module).map_err(|why| failed(&why.to_string()))?;
    let left = pruned(&bytes).ok_or_else(|| failed("this is no WebAssembly module, or not all of one"))?;
    fs::write(module, left).map_err(|why| failed(&why.to_string()))
}

fn pruned(module: &[u8]) -> Option<Vec<u8>> {
    let (head, mut rest) = module.split_at_checked(HEAD)?;
    let mut left = head.to_vec();
    while let Some((id, behind)) = rest.split_first() {
        let (content, next) = sized(behind)?;
        if *id != NAMED || !is_covered(sized(content)?.0) {
            left.extend_from_slice(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    Some(left)
}

fn is_covered(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name);
    name.starts_with(DESCRIPTION) && COVERED.iter().any(|world| name.contains(world))
}

/// As many bytes as the number before them says, and what follows. Numbers are in LEB128:
/// <https://webassembly.github.io/spec/core/binary/values.html#integers>.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let digits = bytes.iter().position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at(digits);
    let size = digits.iter().rev().fold(0, |size, digit| size << 7 | usize::from(digit & 0x7f));
    rest.split_at_checked(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section that has nothing but a name.
    fn section(name: &str) -> Vec<u8> {
        let size = |bytes: &[u8]| [bytes.len() as u8 | 0x80, (bytes.len() >> 7) as u8];
        let content = [size(name.as_bytes()).as_slice(), name.as_bytes()].concat();
        [[NAMED].as_slice(), &size(&content), &content].concat()
    }

    fn module(names: &[&str]) -> Vec<u8> {
        [b"\0asm\x01\0\0\0".to_vec()]
            .into_iter()
            .chain(names.iter().map(|name| section(name)))
            .collect::<Vec<_>>()
            .concat()
    }

    #[test]
    fn what_is_covered_goes() {
        let names = [
            "component-type:wit-bindgen:0.60.0:wasi:cli@0.3.0:imports:encoded world",
            "component-type:wit-bindgen:0.60.0:wasi:http@0.3.0:service-with-all-of-its-exports-removed:encoded world",
            "component-type:wit-bindgen:0.57.1:spin:sdk:spin-sdk-experimental:encoded world",
            "component-type:wit-bindgen:0.60.0:wasi:http@0.3.0:service:imports and exports",
            "component-type:wit-bindgen:0.57.1:spin:sdk:spin-sdk-variables:encoded world",
            "the target's features, not :wasi:cli@",
        ];
        assert_eq!(pruned(&module(&names)), Some(module(&names[3..])));
        assert_eq!(pruned(&module(&[])), Some(module(&[])));
    }

    #[test]
    fn half_a_module_is_none() {
        let whole = module(&["a", "b"]);
        assert_eq!(pruned(&whole).as_deref(), Some(&whole[..]));
        for length in [0, 7, 9, 12, whole.len() - 1] {
            assert_eq!(pruned(&whole[..length]), None, "{length}");
        }
    }
}

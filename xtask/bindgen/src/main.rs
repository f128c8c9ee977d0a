//! Writes the JavaScript half of the Worker: `bindgen MODULE FOLDER` makes `index_bg.js` and `index_bg.wasm` in FOLDER.
//!
//! It is `wasm-bindgen --target bundler` as a library, so that the lock file keeps it at the version of the crate that the
//! Worker links, and nobody installs a program for it. It is apart from xtask because it takes long to compile.

use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder] = arguments.as_slice() else {
        return Err("usage: bindgen MODULE FOLDER".into());
    };
    let mut bindgen = Bindgen::new();
    bindgen.bundler(true)?;
    bindgen.input_path(module).out_name("index").typescript(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    Ok(bindgen.generate(folder)?)
}

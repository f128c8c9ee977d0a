//! The configuration that was put into the component, and the variables it needs.

use std::collections::BTreeMap;
use std::hint::black_box;

use shared::embedded::{self, Place, Room};
use shared::gateway::{Compiled, Gateway};
use spin_sdk::variables;

/// Filled by `planoai build spin`, after this was compiled.
static ROOM: Room = embedded::empty();

/// Where `planoai build spin` learns of it.
static PLACE: Place = Place::of(&ROOM);

/// The gateway, its secrets taken from Spin's variables; otherwise what is wrong with them.
pub(crate) async fn gateway() -> Result<Gateway, String> {
    let compiled = compiled()?;
    let mut values = BTreeMap::new();
    for name in compiled.variables().into_iter().chain(compiled.optional_variables()) {
        // Spin's variables are in lower case.
        if let Ok(value) = variables::get(name.to_ascii_lowercase()).await {
            values.insert(name.to_owned(), value);
        }
    }
    compiled.open(|name| values.get(name).cloned()).map_err(|flaws| {
        let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        format!("The component's configuration cannot be used: {}.", flaws.join("; "))
    })
}

/// What was put there; the gateway of `demo/echo` alone where nothing was.
fn compiled() -> Result<Compiled, String> {
    // The compiler must not conclude from the initial value that there is nothing.
    match black_box(&PLACE).read() {
        Some(json) => Compiled::read(json)
            .map_err(|error| format!("The component's configuration is not of this version: {error}.")),
        None => Ok(Compiled::demo()),
    }
}

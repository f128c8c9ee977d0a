//! `spin:variables`: the application's variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::component::{Accessor, HasData, Linker};

use crate::guest::Guest;

mod bindings {
    wasmtime::component::bindgen!({ path: "wit", world: "imports", imports: { default: trappable } });
}

use bindings::spin::variables::variables::{self, Error, Host, HostWithStore};

/// The application's variables, by name.
pub(crate) type Variables = Arc<BTreeMap<String, String>>;

pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    variables::add_to_linker::<_, Interface>(linker, |guest| &mut guest.variables)
}

/// The data that the interface works on.
struct Interface;

impl HasData for Interface {
    type Data<'a> = &'a mut Variables;
}

impl Host for &mut Variables {}

impl<T: Send> HostWithStore<T> for Interface {
    async fn get(store: &Accessor<T, Self>, name: String) -> wasmtime::Result<Result<String, Error>> {
        let value = store.with(|mut access| access.get().get(&name).cloned());
        Ok(value.ok_or_else(|| Error::Undefined(format!("no variable `{name}`"))))
    }
}

//! The gateway as an Envoy filter: Envoy's callbacks move an exchange along, Envoy itself carries the bytes.
//!
//! It opens no connection of its own to a provider: it edits the request and lets Envoy send it on. A panic would end
//! every stream of its thread, so nothing here may panic.
//!
//! In reading order: [`root`] is configured once a thread and makes a [`stream`] for each request, which lets the
//! [`exchange`] go on; [`world`] is what the gateway sees, [`slots`] what the callbacks leave for it.

mod abi;
mod closing;
mod configuration;
mod exchange;
mod failure;
mod herald;
mod message;
mod pairs;
mod reports;
mod root;
mod slots;
mod stream;
mod world;

proxy_wasm::main! {{
    // Besides the level this sets a hook that logs what a panic says.
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(root::Root::default()));
}}

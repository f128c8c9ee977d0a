//! The native host of the gateway, and the backend that the other hosts report to: one process, two kinds of door.
//!
//! It moves bytes between sockets and the core, and decides nothing about a request: that is `shared`'s.
//! In reading order: [`server`] (doors, connections, draining), [`native`] (the world as the core sees it), [`staff`]
//! (what the backend keeps), [`configuration`] (YAML to what the core compiles), [`accounts`]
//! (credentials that clouds lend), [`log`].

pub mod accounts;
pub mod configuration;
pub mod log;
pub mod native;
pub mod server;
pub mod staff;

pub use server::{Drained, Reloading, Server, Settings, StartError};

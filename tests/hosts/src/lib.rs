//! Starts each host and plays the corpus and the vendors' SDKs against it, over real HTTP.
//!
//! It knows the gateway only from outside: a program, a configuration file, an address. In reading order: [`suites`] is
//! what is played, [`host`] what it is played against, [`provider`] who answers behind it.

pub mod client;
pub mod configuration;
pub mod host;
mod model;
mod process;
pub mod provider;
pub mod suites;
mod tools;

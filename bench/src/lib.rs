//! Measures the gateway's hosts and its peers side by side, in one run.
//!
//! In reading order: [`scenario`] says what is measured, [`targets`] how each host and peer is started, [`provider`] what
//! stands behind all of them, [`load`] asks, [`watch`] looks at the processes meanwhile, [`rounds`] does it in turns,
//! [`streams`] and [`scaling`] look at what changes with their number and with that of the cores, and [`tables`] writes
//! down what came of it.

pub mod load;
pub mod provider;
pub mod rounds;
pub mod scaling;
pub mod scenario;
pub mod streams;
pub mod tables;
pub mod targets;
pub mod watch;

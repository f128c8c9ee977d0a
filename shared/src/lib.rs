//! The gateway without I/O: what is asked, of whom, in which words, and what comes back.
//!
//! It opens no connection, reads no clock and rolls no dice: a host does, and hands them in through [`host::Host`].
//!
//! In reading order:

pub mod api;
pub mod backend;
pub mod config;
pub mod dialect;
pub mod egress;
pub mod embedded;
pub mod error;
pub mod estimate;
pub mod exchange;
pub mod gateway;
pub mod host;
pub mod ir;
pub mod origin;
pub mod relay;
pub mod report;
pub mod secret;
pub mod signature;
mod sorted;
pub mod timestamp;
pub mod wire;

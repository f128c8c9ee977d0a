//! The native host over real sockets: what it lets in, how it streams, how it ends.

mod credentials;
mod drain;
mod fetch;
mod limits;
mod provider;
mod reports;
mod rig;
mod streams;
mod trust;

//! The native host over real sockets: what it lets in, how it streams, how it ends.

mod accounts;
mod credentials;
mod drain;
mod federation;
mod fetch;
mod limits;
mod provider;
mod reload;
mod reports;
mod rig;
mod rsa;
mod sign_on;
mod streams;
mod trust;

//! The command line as its users have it: the binary, its exit codes, what it says.

mod configurations;
mod lifecycle;
mod rig;

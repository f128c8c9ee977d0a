//! Plano's configuration as types, and the checks that turn it into a [`Compiled`](crate::gateway::Compiled) one.
//!
//! The text is read where there are files; what is here needs none.

pub mod variables;

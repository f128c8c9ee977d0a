//! What the core is measured with, without a network: the same work for criterion, for callgrind and for the load.
//!
//! In reading order: [`material`] is what clients ask and providers answer, [`world`] a host in memory, [`cases`] the
//! pieces of work that are measured one by one.

pub mod cases;
pub mod material;
pub mod world;

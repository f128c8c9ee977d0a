//! planoai: the command line.
fn main() {}

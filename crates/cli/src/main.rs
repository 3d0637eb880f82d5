//! The `nar4rec` command line.

fn main() {}

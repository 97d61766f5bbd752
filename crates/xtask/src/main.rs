//! The project's own commands: test, gen, dev, screenshots.

fn main() {}

//! Criterion benches of SOFABolt for Rust live in this package's `benches` folder.

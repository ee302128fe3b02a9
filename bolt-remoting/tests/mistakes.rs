//! What the compiler says to the likeliest mistakes of those who write a protocol. After a change of
//! wording, or of the compiler: `TRYBUILD=overwrite cargo test -p bolt-remoting --test mistakes`, and
//! read what it says now.

use std::process::Command;

/// The wording is that of one compiler, which CI has to have; others are not asked.
fn is_the_compiler_of_ci() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.expect("rustc runs").stdout;
    let wanted = concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), ".");
    String::from_utf8_lossy(&version).starts_with(wanted)
}

#[test]
fn the_compiler_says_what_is_missing() {
    if !is_the_compiler_of_ci() {
        assert!(std::env::var_os("CI").is_none(), "not the compiler of CI");
        return eprintln!("left out: its words are those of another compiler");
    }
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}

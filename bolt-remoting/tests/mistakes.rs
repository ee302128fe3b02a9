//! What the compiler says to the likeliest mistakes of those who write a protocol. After a change of
//! wording, or of the compiler: `TRYBUILD=overwrite cargo test -p bolt-remoting --test mistakes`, and
//! read what it says now.

#[test]
fn the_compiler_says_what_is_missing() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}

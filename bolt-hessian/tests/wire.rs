//! The example `wire`: one line out for each line in, never a crash.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Cargo builds examples before it runs tests, next to the folder of the tests.
fn wire(arguments: &[&str], input: &[u8]) -> Vec<String> {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("wire{}", std::env::consts::EXE_SUFFIX));
    let mut process = Command::new(path)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn decoding_prints_a_tree_or_the_reason_per_line() {
    let input = b"4f9566782e507492017801796f909192\n91\n\nxyz\n9\n05\n\xff\n9192\r\n4e";
    let output = wire(&["decode"], input);
    assert_eq!(
        output[0],
        r#"["object","fx.Pt",[["x",["int",1]],["y",["int",2]]]]"#
    );
    assert_eq!(output[1], r#"["int",1]"#);
    let errors = output[2..8].iter().all(|line| line.starts_with("ERR "));
    assert!(errors, "{output:?}");
    assert_eq!(output[8], r#"["null"]"#);
    assert_eq!(output.len(), 9);
}

#[test]
fn encoding_prints_bytes_or_the_reason_per_line() {
    let deep = "[".repeat(1_000_000);
    let trees = 600;
    let too_deep = r#"["list",null,["#.repeat(trees) + r#"["null"]"# + &"]]".repeat(trees);
    let input = format!("[\"listv\",\"a\",[[\"int\",1]]]\n[\"int\"]\n{deep}\n{too_deep}\n[]\n");
    let output = wire(&["encode"], input.as_bytes());
    assert_eq!(output[0], "5674000161917a");
    let errors = output[1..5].iter().all(|line| line.starts_with("ERR "));
    assert!(errors, "{output:?}");
    assert_eq!(output.len(), 5);
}

#[test]
fn the_dialect_is_chosen_by_a_flag() {
    let published = ["encode", "--dialect", "published"];
    assert_eq!(
        wire(&published, b"[\"long\",\"1000000\"]\n"),
        ["59000f4240"]
    );
    assert_eq!(
        wire(&["encode"], b"[\"long\",\"1000000\"]\n"),
        ["77000f4240"]
    );
    let published = ["decode", "--dialect", "published"];
    assert_eq!(wire(&published, b"59000f4240\n"), [r#"["long","1000000"]"#]);
}

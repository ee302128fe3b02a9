//! How much memory the bytes of a peer can make the reader hold.
//!
//! Alone in its process: the allocator that counts is everyone's.

#![allow(clippy::unwrap_used)]
// A counting allocator has no safe form.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use bolt_hessian::{Dialect, JavaException, Options, Result, Value, from_slice_with, to_vec};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What the documentation promises: bytes held per byte of input, and a little for short ones.
const MULTIPLE: usize = 224;
const FREE: usize = 4096;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// What the allocator keeps for itself, roughly.
const OVERHEAD: usize = 8;

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size() + OVERHEAD, Ordering::Relaxed);
        PEAK.fetch_max(held + layout.size() + OVERHEAD, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size() + OVERHEAD, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that is held while `input` is read as a `T` and kept.
fn peak<T: DeserializeOwned>(input: &[u8], dialect: Dialect) -> usize {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result: Result<T> = from_slice_with(input, Options::new().dialect(dialect));
    let peak = PEAK.load(Ordering::Relaxed) - before;
    drop(result);
    peak
}

/// The most that is held while `input` is read as a `Value` and kept, per byte of it.
fn multiple(input: &[u8], dialect: Dialect) -> f64 {
    let peak = peak::<Value>(input, dialect);
    let bound = MULTIPLE * input.len() + FREE;
    assert!(peak <= bound, "{} bytes made it hold {peak}", input.len());
    peak as f64 / input.len() as f64
}

#[test]
fn memory_is_held_in_proportion_to_the_input() {
    a_value_holds_at_most_the_stated_multiple_of_its_input();
    lengths_inside_one_another_reserve_once();
    a_frame_that_is_shared_is_not_copied_without_bound();
}

/// A list of lists, as long as it likes.
#[derive(Deserialize)]
struct Lists(#[allow(dead_code)] Vec<Lists>);

fn lengths_inside_one_another_reserve_once() {
    let count = 20_000_u32;
    let claims = [&b"Vl"[..], &count.to_be_bytes()].concat().repeat(500);
    let input = [claims, vec![b'N'; count as usize]].concat();
    let peak = peak::<Lists>(&input, Dialect::Draft);
    assert!(peak <= MULTIPLE * input.len(), "{peak} bytes");
}

fn a_frame_that_is_shared_is_not_copied_without_bound() {
    let text = "x".repeat(50_000);
    let frame = Value::object("a.Frame", [("declaringClass", text.as_str().into())]);
    let frames = std::iter::once(frame).chain((0..50_000).map(|_| Value::Ref(2)));
    let exception = Value::object("a.E", [("stackTrace", Value::list(frames))]);
    let input = to_vec(&exception).unwrap();
    let peak = peak::<JavaException>(&input, Dialect::Draft);
    assert!(peak <= MULTIPLE * input.len(), "{peak} bytes");
}

fn a_value_holds_at_most_the_stated_multiple_of_its_input() {
    let repeated: [&[u8]; 15] = [
        b"\x90",
        b"\x00",
        b"\x01a",
        b"\x20",
        b"\x21a",
        b"Vz",
        b"VNz",
        b"Vn\x00z",
        b"Mz",
        b"M\x90\x90z",
        b"O\x90\x90o\x90",
        b"O\x91a\x91\x00o\x90N",
        b"Vt\0\x00z",
        b"s\x00\x00\x00",
        b"b\x00\x00\x20",
    ];
    let mut worst = 0.0_f64;
    for part in repeated {
        // Open-ended, of a known length, and with the end missing.
        for count in [1, 10, 30_000, 32_769] {
            let body = part.repeat(count);
            let known = [&b"Vl"[..], &(count as u32).to_be_bytes(), &body, b"z"].concat();
            worst = worst.max(multiple(&[b"V", &body[..], b"z"].concat(), Dialect::Draft));
            worst = worst.max(multiple(&known, Dialect::Draft));
            worst = worst.max(multiple(&known[..known.len() - 1], Dialect::Draft));
        }
    }
    let lists = [&b"Vt\0\x01an\x00z"[..], &b"v\x90\x90".repeat(100_000)].concat();
    worst = worst.max(multiple(&[b"V", &lists[..], b"z"].concat(), Dialect::Draft));
    for part in [&b"\x78"[..], b"\x79N", b"HZ", b"WZ", b"C\x00\x90\x60"] {
        // Just above a power of two what grows by doubling is half empty.
        for count in [100_000, 65_537] {
            let input = [b"W", &part.repeat(count)[..], b"Z"].concat();
            worst = worst.max(multiple(&input, Dialect::Published));
        }
    }
    // Lengths that are claimed again and again inside one another.
    let nested: Vec<u8> = (0..400_u32)
        .flat_map(|depth| [&b"Vl"[..], &(2400 - 6 * depth).max(1).to_be_bytes()].concat())
        .collect();
    worst = worst.max(multiple(&nested, Dialect::Draft));
    let names = [&b"OI\x00"[..], &[0x91], b"aI", &100_000_u32.to_be_bytes()].concat();
    worst = worst.max(multiple(
        &[&names[..], &[0; 100_000]].concat(),
        Dialect::Draft,
    ));
    println!("at most {worst:.1} bytes held per byte of input");
}

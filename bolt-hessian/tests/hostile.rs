//! Input made to hurt: it costs an error, nothing else.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use bolt_hessian::{
    ByteArray, Dialect, ErrorKind, Limits, Options, Result, Value, from_bytes, from_bytes_with,
    from_slice, from_slice_with, to_vec,
};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

fn refusal<T: DeserializeOwned>(input: &[u8]) -> ErrorKind {
    match from_slice::<T>(input) {
        Ok(_) => panic!("was accepted"),
        Err(error) => error.kind().clone(),
    }
}

/// Runs on the smallest stack that we promise to fit.
fn on_two_mebibytes(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test);
    thread.unwrap().join().unwrap();
}

/// `begin` so many times, a null, `end` as many times.
fn nested(depth: usize, begin: &[u8], end: &[u8]) -> Vec<u8> {
    [begin.repeat(depth), b"N".to_vec(), end.repeat(depth)].concat()
}

fn draft_shapes() -> Vec<fn(usize) -> Vec<u8>> {
    vec![
        |depth| nested(depth, b"V", b"z"),
        |depth| nested(depth, b"Vn\x01", b"z"),
        |depth| {
            [
                b"Vt\0\x01an\x00z".to_vec(),
                nested(depth, b"v\x90\x91", b""),
            ]
            .concat()
        },
        |depth| nested(depth, b"MN", b"z"),
        |depth| nested(depth, b"M", b"Nz"),
        |depth| [b"O\x91a\x91\x01b".to_vec(), nested(depth, b"o\x90", b"")].concat(),
        |depth| nested(depth, b"O\x91a\x91\x01bo\x90", b""),
    ]
}

#[derive(Debug, Deserialize)]
struct Node {
    #[serde(rename = "b")]
    next: Option<Box<Node>>,
}

#[test]
fn a_depth_of_512_fits_two_mebibytes_and_more_is_refused() {
    on_two_mebibytes(|| {
        let deep = nested(512, b"Vn\x01", b"z");
        let value: Value = from_slice(&deep).unwrap();
        assert_eq!(to_vec(&value).unwrap(), deep);
        from_slice::<IgnoredAny>(&deep).unwrap();
        let objects = [b"O\x91a\x91\x01b".to_vec(), nested(512, b"o\x90", b"")].concat();
        let mut node: Node = from_slice(&objects).unwrap();
        let mut depth = 1;
        while let Some(next) = node.next {
            node = *next;
            depth += 1;
        }
        assert_eq!(depth, 512);
        let maps = nested(512, b"M\x01b", b"z");
        from_slice::<Node>(&maps).unwrap();
        from_slice::<Value>(&maps).unwrap();
    });
}

#[test]
fn endless_nesting_is_refused_in_every_shape() {
    on_two_mebibytes(|| {
        for shape in draft_shapes() {
            for depth in [513, 100_000] {
                let input = shape(depth);
                // The list that introduces a type comes before the value in one shape.
                if input.starts_with(b"Vt") {
                    let mut stream = bolt_hessian::Deserializer::from_slice(&input, Options::new());
                    stream.read::<Value>().unwrap();
                    let error = stream.read::<Value>().unwrap_err();
                    assert_eq!(error.kind(), &ErrorKind::TooDeep);
                    continue;
                }
                assert_eq!(refusal::<Value>(&input), ErrorKind::TooDeep);
                assert_eq!(refusal::<IgnoredAny>(&input), ErrorKind::TooDeep);
            }
        }
        let published = Options::new().dialect(Dialect::Published);
        for begin in [
            &b"W"[..],
            b"\x79",
            b"X\x91",
            b"HN",
            b"H",
            b"C\x01a\x91\x01b\x60",
        ] {
            let input = begin.repeat(100_000);
            let result: Result<Value> = from_slice_with(&input, published);
            assert_eq!(result.unwrap_err().kind(), &ErrorKind::TooDeep);
        }
        assert_eq!(
            refusal::<Node>(&nested(513, b"M\x01b", b"z")),
            ErrorKind::TooDeep
        );
    });
}

#[test]
fn a_value_that_is_too_deep_is_not_written() {
    let mut value = Value::Null;
    for _ in 0..513 {
        value = Value::list([value]);
    }
    assert_eq!(to_vec(&value).unwrap_err().kind(), &ErrorKind::TooDeep);
}

#[test]
fn definitions_without_end_do_not_recurse() {
    on_two_mebibytes(|| {
        let definitions = b"O\x91a\x90".repeat(200_000);
        assert_eq!(refusal::<Value>(&definitions), ErrorKind::Truncated);
        // Nor can one stand where a name is due.
        let names = b"O\x91a\x91".repeat(200_000);
        assert!(matches!(
            refusal::<Value>(&names),
            ErrorKind::UnknownTag(b'O')
        ));
    });
}

#[test]
fn claimed_lengths_are_held_against_the_bytes_present() {
    for input in [
        &b"Vl\x7f\xff\xff\xffz"[..],
        b"Vt\0\x04[intl\x7f\xff\xff\xffz",
        b"Vt\0\x04[intn\x00z",
        b"O\x91aI\x7f\xff\xff\xff",
        b"OI\x7f\xff\xff\xffa",
        b"OI\xff\xff\xff\xffa",
        b"S\xff\xffabc",
        b"B\xff\xffabc",
        b"Mt\xff\xffabc",
    ] {
        match from_slice::<Value>(input) {
            // The control: an empty array.
            Ok(value) => assert_eq!(value, Value::typed_list("[int", [])),
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::BadLength(_) | ErrorKind::Truncated),
                "{error}"
            ),
        }
    }
}

#[test]
fn table_numbers_that_nothing_has_are_refused() {
    assert_eq!(refusal::<Value>(b"J\x00"), ErrorKind::BadReference(0));
    assert_eq!(refusal::<Value>(b"VJ\x01z"), ErrorKind::BadReference(1));
    assert_eq!(
        refusal::<Value>(b"VR\xff\xff\xff\xffz"),
        ErrorKind::BadReference(-1)
    );
    assert_eq!(refusal::<Value>(b"Mu\x8fz"), ErrorKind::BadType(-1));
    assert_eq!(refusal::<Value>(b"v\x90\x90"), ErrorKind::BadType(0));
    assert_eq!(refusal::<Value>(b"o\x90"), ErrorKind::BadClass(0));
    assert_eq!(
        refusal::<Value>(b"O\x91a\x90o\x8f"),
        ErrorKind::BadClass(-1)
    );
    // A class that is defined only after it is used.
    assert_eq!(
        refusal::<Value>(b"Vn\x02o\x90O\x91a\x90o\x90z"),
        ErrorKind::BadClass(0)
    );
}

/// Lists of which each holds the one before twice: 2 to the power of `depth` nulls.
fn doubling(depth: u8) -> Vec<u8> {
    let mut input = b"Vn".to_vec();
    input.push(depth);
    input.extend_from_slice(b"Vn\x02NNz");
    for list in 1..depth {
        input.extend_from_slice(&[b'V', b'n', 2, b'J', list, b'J', list, b'z']);
    }
    input.push(b'z');
    input
}

#[test]
fn shared_data_that_would_grow_without_bound_is_refused_by_types_and_kept_by_values() {
    assert_eq!(
        refusal::<Vec<Natural>>(&doubling(100)),
        ErrorKind::ExpansionTooLarge
    );
    assert_eq!(
        from_slice::<Vec<Natural>>(&doubling(10))
            .unwrap()
            .iter()
            .map(Natural::nulls)
            .sum::<usize>(),
        2046
    );
    let value: Value = from_slice(&doubling(100)).unwrap();
    assert_eq!(to_vec(&value).unwrap(), doubling(100));
    let tight = Options::new().limits(Limits::new().values(1000));
    let error = from_slice_with::<Vec<Natural>>(&doubling(12), tight).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::TooManyValues);
}

#[test]
fn the_expansion_of_references_has_an_end_however_long_the_input_is() {
    type Shared = Vec<Vec<ByteArray>>;
    let array = || Value::Bytes(vec![7; 32_000].into());
    let shared = |references: usize| {
        let list = Value::list((0..200).map(|_| array()));
        let again = (0..references).map(|_| Value::Ref(1));
        let value = Value::list(std::iter::once(list).chain(again));
        Bytes::from(to_vec(&value).unwrap())
    };
    // 6.4 MB, of which 64 times would be 410 MB: no more than 256 MiB are read again.
    assert_eq!(from_bytes::<Shared>(&shared(41)).unwrap().len(), 42);
    let error = from_bytes::<Shared>(&shared(42)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::ExpansionTooLarge);

    let none = Options::new().limits(Limits::new().expansion_bytes(0));
    assert!(from_bytes_with::<Shared>(&shared(0), none).is_ok());
    let error = from_bytes_with::<Shared>(&shared(1), none).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::ExpansionTooLarge);
}

/// Lists and nulls without end.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Natural {
    Null(()),
    List(Vec<Natural>),
}

impl Natural {
    fn nulls(&self) -> usize {
        match self {
            Natural::Null(()) => 1,
            Natural::List(items) => items.iter().map(Natural::nulls).sum(),
        }
    }
}

#[test]
fn one_long_field_name_is_not_copied_without_bound() {
    let name = "n".repeat(30_000);
    let one = || Value::object("a", [(name.as_str(), 1.into())]);
    let many = Value::list((0..10_000).map(|_| one()));
    let bytes = to_vec(&many).unwrap();
    assert!(bytes.len() < 70_000);
    type Maps = Vec<HashMap<String, i32>>;
    assert_eq!(refusal::<Maps>(&bytes), ErrorKind::ExpansionTooLarge);
    // A struct knows its names.
    #[derive(Deserialize)]
    struct Nothing {}
    assert_eq!(from_slice::<Vec<Nothing>>(&bytes).unwrap().len(), 10_000);
}

#[test]
fn every_byte_string_up_to_three_bytes_is_read_or_refused() {
    for dialect in [Dialect::Draft, Dialect::Published] {
        let options = Options::new().dialect(dialect);
        for input in 0..=0x00ff_ffff_u32 {
            // All pairs, and all triples with a coarse third byte.
            let [_, first, second, third] = input.to_be_bytes();
            if third % 64 != 0 {
                continue;
            }
            let input = [first, second, third];
            for length in 1..=3 {
                let _: Result<Value> = from_slice_with(&input[..length], options);
                let _: Result<IgnoredAny> = from_slice_with(&input[..length], options);
            }
        }
    }
}

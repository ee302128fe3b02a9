//! What is read is written and read as the same, in its own dialect and in the other one; and
//! writing once more gives the same bytes.
#![no_main]

use bolt_hessian::{
    Dialect, ErrorKind, Options, Value, from_bytes_with, from_slice_with, to_vec_with,
};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&dialect, bytes)) = input.split_first() else {
        return;
    };
    let draft = Options::new().dialect(Dialect::Draft);
    let published = Options::new().dialect(Dialect::Published);
    let (from, other) = match dialect % 2 {
        0 => (draft, published),
        _ => (published, draft),
    };
    let read = from_slice_with::<Value>(bytes, from);
    let shared = from_bytes_with::<Value>(&Bytes::copy_from_slice(bytes), from);
    assert_eq!(read, shared, "shared bytes are read as something else");
    let Ok(value) = read else { return };
    for options in [from, other] {
        let written = match to_vec_with(&value, options) {
            Ok(written) => written,
            // Names are shorter in one dialect than in the other.
            Err(error) if error.kind() == &ErrorKind::TooLong => continue,
            Err(error) => panic!("{value:?} cannot be written: {error}"),
        };
        let back = from_slice_with::<Value>(&written, options);
        assert_eq!(back.as_ref(), Ok(&value));
        let again = back.and_then(|back| to_vec_with(&back, options));
        assert_eq!(again, Ok(written));
    }
});

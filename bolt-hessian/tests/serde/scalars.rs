//! Numbers, text, byte arrays, dates.

use super::*;

#[test]
fn text_without_emoji_is_borrowed() {
    let text = "plain, h\u{fc}bsch, 你好";
    let bytes = to_vec(text).unwrap();
    assert!(matches!(from_slice::<&str>(&bytes), Ok(read) if read == text));
    #[derive(Deserialize)]
    struct Borrowed<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
    }
    let bytes = to_vec(&Value::object("fx.B", [("text", text.into())])).unwrap();
    let read: Borrowed<'_> = from_slice(&bytes).unwrap();
    assert!(matches!(read.text, Cow::Borrowed(read) if read == text));
}

#[test]
fn a_byte_array_in_one_piece_is_a_view_of_shared_input() {
    let input = Bytes::from(to_vec(&ByteArray::from(vec![7; 1000])).unwrap());
    let array: ByteArray = from_bytes(&input).unwrap();
    assert_eq!(array.as_ptr(), input[3..].as_ptr());
    let Value::Bytes(bytes) = from_bytes(&input).unwrap() else {
        panic!("not bytes");
    };
    assert_eq!(bytes.as_ptr(), input[3..].as_ptr());
    let long = ByteArray::from(vec![7; 100_000]);
    assert_eq!(
        from_bytes::<ByteArray>(&to_vec(&long).unwrap().into()),
        Ok(long)
    );
}

#[test]
fn input_need_not_lie_in_one_piece() {
    use bytes::Buf;
    let bytes = to_vec(&all()).unwrap();
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    assert_eq!(from_buf::<All>(head.chain(tail)), Ok(all()));
    assert!(from_buf::<All>(head).is_err());
}

#[test]
fn a_byte_array_is_not_taken_from_a_list_and_a_list_not_from_bytes() {
    let list = Value::list([1.into()]);
    let bytes = Value::Bytes(Bytes::from_static(b"x"));
    assert!(matches!(
        kind::<ByteArray>(&list),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<serde_bytes::ByteBuf>(&list),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<Vec<u8>>(&bytes),
        ErrorKind::Mismatch { .. }
    ));
    assert_eq!(
        typed::<serde_bytes::ByteBuf>(&bytes).unwrap().as_slice(),
        b"x"
    );
    assert_eq!(tree(serde_bytes::Bytes::new(b"x")), bytes);
}

#[test]
fn numbers_are_taken_from_every_form_that_holds_them_exactly() {
    for value in [
        Value::Int(1),
        Value::Long(1),
        Value::Double(1.0),
        Value::Bool(true),
    ] {
        assert_eq!(typed::<i8>(&value), Ok(1));
        assert_eq!(typed::<u64>(&value), Ok(1));
        assert_eq!(typed::<f32>(&value), Ok(1.0));
        assert_eq!(typed::<f64>(&value), Ok(1.0));
        assert_eq!(typed::<bool>(&value), Ok(true));
    }
    assert_eq!(typed::<i32>(&Value::Null), Ok(0));
    assert_eq!(typed::<bool>(&Value::Null), Ok(false));
    assert_eq!(typed::<Option<i32>>(&Value::Null), Ok(None));
    assert_eq!(
        typed::<i64>(&Value::Double(-(2_f64.powi(63)))),
        Ok(i64::MIN)
    );
    assert_eq!(
        kind::<i64>(&Value::Double(2_f64.powi(63))),
        ErrorKind::OutOfRange
    );
    assert_eq!(kind::<i32>(&Value::Double(2.9)), ErrorKind::OutOfRange);
    assert_eq!(kind::<i32>(&Value::Double(f64::NAN)), ErrorKind::OutOfRange);
    assert_eq!(kind::<i8>(&Value::Int(128)), ErrorKind::OutOfRange);
    assert_eq!(kind::<i8>(&Value::Double(128.0)), ErrorKind::OutOfRange);
    assert_eq!(kind::<u32>(&Value::Int(-1)), ErrorKind::OutOfRange);
    assert_eq!(kind::<u128>(&Value::Long(-1)), ErrorKind::OutOfRange);
    assert_eq!(kind::<i32>(&Value::Long(1 << 32)), ErrorKind::OutOfRange);
    assert_eq!(typed::<u64>(&Value::Long(i64::MAX)), Ok(i64::MAX as u64));
    assert!(matches!(
        kind::<i32>(&"5".into()),
        ErrorKind::Mismatch { .. }
    ));
}

#[test]
fn null_is_none_after_class_definitions_too() {
    for definitions in [&b""[..], b"O\x91a\x90", b"O\x91a\x91\x01xO\x91b\x90"] {
        let null = [definitions, b"N"].concat();
        assert_eq!(from_slice::<Option<i32>>(&null), Ok(None));
        let five = [definitions, b"\x95"].concat();
        assert_eq!(from_slice::<Option<i32>>(&five), Ok(Some(5)));
    }
    let object = b"O\x91a\x91\x01xo\x90N";
    type Fields = BTreeMap<String, Option<i32>>;
    let fields = Fields::from([("x".into(), None)]);
    assert_eq!(from_slice(object), Ok(Some(fields)));
    let published = Options::new().dialect(Dialect::Published);
    let null = b"C\x01a\x90N";
    assert_eq!(from_slice_with::<Option<i32>>(null, published), Ok(None));
    let object = b"C\x01a\x91\x01xO\x90N";
    assert!(
        from_slice_with::<Option<Fields>>(object, published)
            .unwrap()
            .is_some()
    );
}

#[test]
fn numbers_that_no_long_holds_are_refused() {
    assert_eq!(
        to_vec(&u64::MAX).unwrap_err().kind(),
        &ErrorKind::OutOfRange
    );
    assert_eq!(
        to_vec(&i128::MIN).unwrap_err().kind(),
        &ErrorKind::OutOfRange
    );
    assert_eq!(tree(&(i64::MAX as u128)), Value::Long(i64::MAX));
}

#[test]
fn text_is_taken_from_integers_and_booleans_too() {
    assert_eq!(typed::<String>(&Value::Int(-5)), Ok("-5".into()));
    assert_eq!(typed::<String>(&Value::Long(5)), Ok("5".into()));
    assert_eq!(typed::<String>(&Value::Bool(true)), Ok("true".into()));
    assert_eq!(typed::<char>(&"x".into()), Ok('x'));
    assert!(matches!(
        kind::<String>(&Value::Null),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<String>(&Value::Date(0)),
        ErrorKind::Mismatch { .. }
    ));
    let half = Value::Utf16(Box::new([0xd800]));
    assert_eq!(kind::<String>(&half), ErrorKind::LoneSurrogate);
}

#[test]
fn a_date_is_only_taken_from_a_date() {
    assert_eq!(typed::<Date>(&Value::Date(5)), Ok(Date(5)));
    assert!(matches!(
        kind::<Date>(&Value::Long(5)),
        ErrorKind::Mismatch { .. }
    ));
    assert!(matches!(
        kind::<i64>(&Value::Date(5)),
        ErrorKind::Mismatch { .. }
    ));
    assert_eq!(tree(&Date(5)), Value::Date(5));
}

#[test]
fn a_date_stays_one_inside_of_other_names() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "fx.Birthday")]
    struct Birthday(Date);
    #[derive(Serialize)]
    enum Moment {
        #[serde(rename = "fx.Birthday")]
        Birthday(Birthday),
        #[serde(rename = "java.util.Date")]
        Date(i64),
    }
    assert_eq!(tree(&Birthday(Date(5))), Value::Date(5));
    assert_eq!(typed::<Birthday>(&Value::Date(5)), Ok(Birthday(Date(5))));
    assert_eq!(tree(&Moment::Birthday(Birthday(Date(5)))), Value::Date(5));
    assert_eq!(tree(&Moment::Date(5)), Value::Date(5));
}

#[test]
fn every_nan_of_a_type_is_the_one_that_java_writes() {
    let odd = [0xfff8_0000_0000_0000, 0x7ff8_0000_0000_0001].map(f64::from_bits);
    for nan in [odd[0], odd[1], f64::NAN] {
        assert_eq!(to_vec(&nan).unwrap(), b"D\x7f\xf8\0\0\0\0\0\0");
    }
    assert_eq!(to_vec(&f32::NAN).unwrap(), to_vec(&f64::NAN).unwrap());
    // A tree is what it is.
    assert_eq!(tree(&Value::Double(odd[1])), Value::Double(odd[1]));
}

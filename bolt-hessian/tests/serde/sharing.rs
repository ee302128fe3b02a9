//! References, and several values in one stream.

use super::*;

#[test]
fn shared_data_is_expanded() {
    let node = Value::object("fx.Node", [("name", "a".into()), ("next", Value::Null)]);
    let shared = Value::list([node, Value::Ref(1), Value::Ref(1)]);
    let one = Node {
        name: "a".into(),
        next: None,
    };
    assert_eq!(typed(&shared), Ok(vec![one.clone(), one.clone(), one]));
    let red = Value::object("fx.Color", [("name", "RED".into())]);
    let colors = Value::list([red, Value::Ref(1)]);
    assert_eq!(typed(&colors), Ok([Color::Red, Color::Red]));
}

#[test]
fn cyclic_data_is_refused_by_types_and_kept_by_values() {
    let cycle = Value::object("fx.Node", [("name", "a".into()), ("next", Value::Ref(0))]);
    assert_eq!(kind::<Node>(&cycle), ErrorKind::TooDeep);
    assert_eq!(tree(&cycle), cycle);
}

#[test]
fn a_value_inside_a_type_is_complete_in_itself() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Holder {
        first: Value,
        second: Value,
    }
    let shared = Value::object("fx.Pt", [("x", 1.into())]);
    // The holder is number 0, the object 1, the list 2.
    let cycle = Value::list([Value::Ref(2), Value::Ref(1), Value::Ref(0)]);
    let holder: Holder = typed(&Value::object(
        "fx.Holder",
        [("first", shared.clone()), ("second", cycle)],
    ))
    .unwrap();
    assert_eq!(holder.first, shared);
    // Now the list is number 0, the object that it brought in 1, the holder around it 2.
    assert_eq!(
        holder.second,
        Value::list([
            Value::Ref(0),
            shared,
            Value::object(
                "fx.Holder",
                [("first", Value::Ref(1)), ("second", Value::Ref(0))]
            ),
        ])
    );
}

#[test]
fn several_values_share_one_stream() {
    let point = || Value::object("fx.Pt", [("x", 1.into())]);
    let mut stream = Serializer::default();
    stream.write("request").unwrap();
    stream.write(&Color::Red).unwrap();
    stream.write(&point()).unwrap();
    stream
        .write(&Value::list([point(), Value::Ref(1)]))
        .unwrap();
    stream.write(&Color::Green).unwrap();
    let bytes = stream.into_vec();
    let expected = b"\x07requestO\x98fx.Color\x91\x04nameo\x90\x03RED\
        O\x95fx.Pt\x91\x01xo\x91\x91Vn\x02o\x91\x91J\x03zo\x90\x05GREEN";
    assert_eq!(bytes, expected);

    let mut stream = Deserializer::from_slice(&bytes, Options::default());
    assert_eq!(stream.read(), Ok("request"));
    assert_eq!(stream.read(), Ok(Color::Red));
    assert_eq!(stream.read(), Ok(point()));
    assert_eq!(stream.read(), Ok(Value::list([point(), Value::Ref(1)])));
    assert!(!stream.is_at_end());
    assert_eq!(stream.read(), Ok(Color::Green));
    assert_eq!(stream.finish(), Ok(()));
}

#[test]
fn a_later_value_may_refer_to_an_earlier_one() {
    // An object, then a list with the object and itself.
    let bytes = b"O\x95fx.Pt\x91\x01xo\x90\x91Vn\x02J\x00J\x01z";
    let mut stream = Deserializer::from_slice(bytes, Options::default());
    let point = Value::object("fx.Pt", [("x", 1.into())]);
    assert_eq!(stream.read(), Ok(point.clone()));
    assert_eq!(stream.read(), Ok(Value::list([point, Value::Ref(0)])));
    assert_eq!(stream.finish(), Ok(()));
}

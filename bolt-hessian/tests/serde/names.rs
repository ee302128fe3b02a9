//! Class names, and the shape in other formats.

use super::*;

#[test]
fn class_names_are_known_without_encoding() {
    fn name<T: Serialize + ?Sized>(value: &T) -> Option<String> {
        class_name::of_value(value).map(|name| name.into_string())
    }
    assert_eq!(name("x").as_deref(), Some("java.lang.String"));
    assert_eq!(name(&Some(1_u8)).as_deref(), Some("java.lang.Integer"));
    assert_eq!(name(&1_u32).as_deref(), Some("java.lang.Long"));
    assert_eq!(name(&Color::Red).as_deref(), Some("fx.Color"));
    assert_eq!(name(&all()).as_deref(), Some("fx.All"));
    assert_eq!(name(&IntArray(vec![])).as_deref(), Some("[I"));
    assert_eq!(name(&ByteArray::default()).as_deref(), Some("[B"));
    assert_eq!(name(&Date(0)).as_deref(), Some("java.util.Date"));
    assert_eq!(
        name(&HashMap::from([(1, 2)])).as_deref(),
        Some("java.util.HashMap")
    );
    assert_eq!(name(&None::<i32>), None);
    assert_eq!(name(&Value::Null), None);
    assert_eq!(name(&Value::object("fx.Pt", [])).as_deref(), Some("fx.Pt"));
    assert_eq!(
        name(&Value::typed_list("[fx.Pt", [])).as_deref(),
        Some("[Lfx.Pt;")
    );
    assert_eq!(
        name(&Value::typed_list("[[int", [])).as_deref(),
        Some("[[I")
    );
    assert_eq!(name(&JavaException::new("x.Y", "")).as_deref(), Some("x.Y"));
    #[derive(Serialize)]
    struct NoName {}
    assert_eq!(name(&NoName {}), None);

    assert_eq!(class_name::of_type::<All>(), Some("fx.All"));
    assert_eq!(class_name::of_type::<Color>(), Some("fx.Color"));
    assert_eq!(
        class_name::of_type::<Option<&str>>(),
        Some("java.lang.String")
    );
    assert_eq!(class_name::of_type::<IntArray>(), Some("[I"));
    assert_eq!(class_name::of_type::<ByteArray>(), Some("[B"));
    assert_eq!(class_name::of_type::<Box<Date>>(), Some("java.util.Date"));
    assert_eq!(class_name::of_type::<TreeMap>(), Some("java.util.TreeMap"));
    assert_eq!(
        class_name::of_type::<[i32; 2]>(),
        Some("java.util.ArrayList")
    );
    assert_eq!(class_name::of_type::<()>(), None);
    assert_eq!(class_name::of_type::<Value>(), None);
}

#[test]
fn a_value_falls_back_to_the_plain_shape_in_other_formats() {
    let value = Value::object(
        "fx.P",
        [("a", Value::list([1.into(), Value::Null, "x".into()]))],
    );
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, r#"{"a":[1,null,"x"]}"#);
    let back: Value = serde_json::from_str(&json).unwrap();
    let list = Value::list([1_i64.into(), Value::Null, "x".into()]);
    assert_eq!(back, Value::map([("a".into(), list)]));
}

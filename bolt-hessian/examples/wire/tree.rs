//! The neutral tree of a value as JSON: `["int",1]`, `["list",null,[…]]` and so on.

use bolt_hessian::Value;
use bolt_hessian::value::List;
use serde::Deserialize;
use serde_json::Value as Json;

use super::hex;

/// So many brackets inside one another are parsed. A map or an object takes three for one level.
const MAX_BRACKETS: usize = 4 * 512;

/// The tree of `value`.
pub(crate) fn to_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str(r#"["null"]"#),
        Value::Bool(value) => out.push_str(&format!(r#"["bool",{value}]"#)),
        Value::Int(value) => out.push_str(&format!(r#"["int",{value}]"#)),
        Value::Long(value) => out.push_str(&format!(r#"["long","{value}"]"#)),
        Value::Double(value) => {
            out.push_str(&format!(r#"["double","{:016x}"]"#, value.to_bits()));
        }
        Value::Date(value) => out.push_str(&format!(r#"["date","{value}"]"#)),
        Value::String(value) => out.push_str(&format!(r#"["string",{}]"#, quoted(value))),
        Value::Utf16(units) => {
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            out.push_str(&format!(r#"["string16","{}"]"#, hex::encode(&bytes)));
        }
        Value::Bytes(value) => out.push_str(&format!(r#"["bytes","{}"]"#, hex::encode(value))),
        Value::List(list) => {
            let kind = if list.open_ended { "listv" } else { "list" };
            out.push_str(&format!(
                r#"["{kind}",{},["#,
                name(list.type_name.as_deref())
            ));
            separated(&list.items, out, write);
            out.push_str("]]");
        }
        Value::Map(map) => {
            out.push_str(&format!(r#"["map",{},["#, name(map.type_name.as_deref())));
            separated(&map.entries, out, |(key, value), out| {
                out.push('[');
                write(key, out);
                out.push(',');
                write(value, out);
                out.push(']');
            });
            out.push_str("]]");
        }
        Value::Object(object) => {
            let class = object.class();
            out.push_str(&format!(r#"["object",{},["#, quoted(&class.name)));
            let fields: Vec<_> = class.fields.iter().zip(object.values()).collect();
            separated(&fields, out, |(field, value), out| {
                out.push_str(&format!("[{},", quoted(field)));
                write(value, out);
                out.push(']');
            });
            out.push_str("]]");
        }
        Value::Ref(number) => out.push_str(&format!(r#"["ref",{number}]"#)),
    }
}

fn separated<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
}

fn name(name: Option<&str>) -> String {
    name.map_or_else(|| "null".to_owned(), quoted)
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// The value of which `text` is the tree.
pub(crate) fn from_json(text: &str) -> Result<Value, String> {
    if brackets(text) > MAX_BRACKETS {
        return Err("nested too deep".to_owned());
    }
    let mut parser = serde_json::Deserializer::from_str(text);
    // Bounded above.
    parser.disable_recursion_limit();
    let json = Json::deserialize(&mut parser).map_err(|error| error.to_string())?;
    parser.end().map_err(|error| error.to_string())?;
    read(&json).ok_or_else(|| "not a tree of values".to_owned())
}

/// How deep the brackets of `text` are nested.
fn brackets(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn read(json: &Json) -> Option<Value> {
    let parts = json.as_array()?;
    let (kind, parts) = parts.split_first()?;
    Some(match (kind.as_str()?, parts) {
        ("null", []) => Value::Null,
        ("bool", [value]) => Value::Bool(value.as_bool()?),
        ("int", [value]) => Value::Int(value.as_i64()?.try_into().ok()?),
        ("long", [value]) => Value::Long(value.as_str()?.parse().ok()?),
        ("double", [bits]) => Value::Double(f64::from_bits(
            u64::from_str_radix(bits.as_str()?, 16).ok()?,
        )),
        ("date", [value]) => Value::Date(value.as_str()?.parse().ok()?),
        ("string", [value]) => value.as_str()?.into(),
        ("string16", [units]) => {
            let bytes = hex::decode(units.as_str()?).filter(|bytes| bytes.len() % 2 == 0)?;
            let units = bytes
                .chunks(2)
                .map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
            Value::Utf16(units.collect())
        }
        ("bytes", [value]) => Value::Bytes(hex::decode(value.as_str()?)?.into()),
        (kind @ ("list" | "listv"), [type_name, items]) => {
            let items: Option<Vec<Value>> = items.as_array()?.iter().map(read).collect();
            Value::List(Box::new(List {
                type_name: optional(type_name)?.map(Into::into),
                items: items?,
                open_ended: kind == "listv",
            }))
        }
        ("map", [type_name, entries]) => {
            let entries = entries.as_array()?.iter().map(|entry| {
                let [key, value] = entry.as_array()?.as_slice() else {
                    return None;
                };
                Some((read(key)?, read(value)?))
            });
            let entries = entries.collect::<Option<Vec<_>>>()?;
            match optional(type_name)? {
                Some(name) => Value::typed_map(name, entries),
                None => Value::map(entries),
            }
        }
        ("object", [class, fields]) => {
            let fields = fields.as_array()?.iter().map(|field| {
                let [name, value] = field.as_array()?.as_slice() else {
                    return None;
                };
                Some((name.as_str()?, read(value)?))
            });
            Value::object(class.as_str()?, fields.collect::<Option<Vec<_>>>()?)
        }
        ("ref", [number]) => Value::Ref(number.as_u64()?.try_into().ok()?),
        _ => return None,
    })
}

fn optional(name: &Json) -> Option<Option<&str>> {
    match name {
        Json::Null => Some(None),
        name => name.as_str().map(Some),
    }
}

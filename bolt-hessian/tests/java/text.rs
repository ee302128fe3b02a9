//! Says what Java makes of a value, in the words of the judge's `Text`.

use std::collections::HashMap;

use bolt_hessian::Value;
use bolt_hessian::class_name;

/// The text for `value`; its objects are of classes that the judge knows or of `java.util`.
pub(crate) fn of(value: &Value) -> String {
    let mut containers = Vec::new();
    collect(value, &mut containers);
    let mut text = Text {
        out: String::new(),
        containers,
        seen: HashMap::new(),
    };
    text.write(value);
    text.out
}

/// A string as the judge quotes it.
pub(crate) fn quoted(text: &str) -> String {
    quoted_units(&text.encode_utf16().collect::<Vec<u16>>())
}

fn quoted_units(units: &[u16]) -> String {
    let inner: String = units
        .iter()
        .map(|unit| match char::from_u32(u32::from(*unit)) {
            Some(plain @ ' '..='~') if plain != '"' && plain != '\\' => plain.to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    format!("\"{inner}\"")
}

fn collect<'a>(value: &'a Value, containers: &mut Vec<&'a Value>) {
    match value {
        Value::List(list) => {
            containers.push(value);
            list.items.iter().for_each(|item| collect(item, containers));
        }
        Value::Map(map) => {
            containers.push(value);
            for (key, value) in &map.entries {
                collect(key, containers);
                collect(value, containers);
            }
        }
        Value::Object(object) => {
            containers.push(value);
            let values = object.values().iter();
            values.for_each(|value| collect(value, containers));
        }
        _ => {}
    }
}

struct Text<'a> {
    out: String,
    containers: Vec<&'a Value>,
    /// The numbers of containers in the order of the text, by address.
    seen: HashMap<*const Value, usize>,
}

impl<'a> Text<'a> {
    fn write(&mut self, value: &'a Value) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(&value.to_string()),
            Value::Int(value) => self.out.push_str(&format!("integer:{value}")),
            Value::Long(value) => self.out.push_str(&format!("long:{value}")),
            Value::Double(value) => {
                self.out
                    .push_str(&format!("double:{:016x}", value.to_bits()));
            }
            Value::Date(value) => self.out.push_str(&format!("date:{value}")),
            Value::String(value) => self.out.push_str(&quoted(value)),
            Value::Utf16(units) => self.out.push_str(&quoted_units(units)),
            Value::Bytes(value) => {
                let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
                self.out.push_str(&format!("bytes:{hex}"));
            }
            Value::Ref(number) => self.write(self.containers[*number as usize]),
            Value::Object(object) if object.class().name == "fx.Color" => {
                let name = object.field("name").and_then(Value::as_str);
                self.out.push_str("fx.Color.");
                self.out.push_str(name.unwrap_or_default());
            }
            Value::Object(object) if object.class().name == "java.math.BigDecimal" => {
                self.out.push_str("java.math.BigDecimal ");
                self.write(&object.values()[0]);
            }
            container => self.container(container),
        }
    }

    fn container(&mut self, value: &'a Value) {
        if let Some(known) = self.seen.get(&std::ptr::from_ref(value)) {
            return self.out.push_str(&format!("#{known}"));
        }
        self.seen.insert(std::ptr::from_ref(value), self.seen.len());
        let class = class_name::of_value(value).map(|name| name.into_string());
        self.out.push_str(&class.unwrap_or_default());
        match value {
            Value::List(list) => {
                self.out.push('[');
                for (at, item) in list.items.iter().enumerate() {
                    self.out.push_str(if at > 0 { "," } else { "" });
                    self.write(item);
                }
                self.out.push(']');
            }
            Value::Map(map) => {
                let entries = map.entries.iter().map(|(key, value)| (of(key), value));
                self.entries(entries.collect());
            }
            Value::Object(object) => {
                let names = object.class().fields.iter().cloned();
                self.entries(names.zip(object.values()).collect());
            }
            _ => {}
        }
    }

    fn entries(&mut self, mut entries: Vec<(String, &'a Value)>) {
        entries.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
        self.out.push('{');
        for (at, (name, value)) in entries.into_iter().enumerate() {
            self.out.push_str(if at > 0 { "," } else { "" });
            self.out.push_str(&name);
            self.out.push('=');
            self.write(value);
        }
        self.out.push('}');
    }
}

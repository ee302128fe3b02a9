//! `java.lang.Throwable` as it travels.

use std::cell::Cell;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::value::{List, Object, Value};

/// So many causes are followed.
const MAX_CAUSES: usize = 64;

/// So many times the memory that all objects would take once may be spent on frames and on the
/// names of classes.
const MAX_SHARING: usize = 8;

/// A Java exception.
///
/// Reading goes by field names, which finds what there is in the layout of any JVM. A cause that
/// refers to the exception itself is how older JVMs say that there is none. A stack trace of which
/// the frames are shared without measure is cut off, and so are more than 64 causes and those with
/// class names out of proportion.
///
/// Writing uses the layout that every JVM reads back: message and stack trace, but neither cause
/// nor suppressed exceptions, with which Java 17 fails for most classes. The causes are put into
/// the message instead.
///
/// ```
/// use bolt_hessian::{JavaException, from_slice, to_vec};
///
/// let error = JavaException::new("java.lang.IllegalStateException", "not today");
/// let back: JavaException = from_slice(&to_vec(&error)?)?;
/// assert_eq!(back.to_string(), "java.lang.IllegalStateException: not today");
/// # Ok::<(), bolt_hessian::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JavaException {
    /// The class, for example `java.lang.IllegalStateException`.
    pub class_name: String,
    /// `getMessage()`.
    pub message: Option<String>,
    /// `getStackTrace()`, innermost first.
    pub stack_trace: Vec<StackFrame>,
    /// `getCause()`.
    pub cause: Option<Box<JavaException>>,
}

/// `java.lang.StackTraceElement`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StackFrame {
    /// The class whose method ran.
    pub class_name: String,
    /// The method.
    pub method: String,
    /// The source file, if known.
    pub file: Option<String>,
    /// The line in it, from 1; negative if unknown, -2 in a native method.
    pub line: i32,
}

impl JavaException {
    /// An exception of the class `class_name` without a stack trace.
    #[must_use]
    pub fn new(class_name: impl Into<String>, message: impl Into<String>) -> Self {
        JavaException {
            class_name: class_name.into(),
            message: Some(message.into()),
            ..JavaException::default()
        }
    }

    /// The exception that `value` is: an object with the fields of a `Throwable`.
    ///
    /// `value` must be a whole one, as it was read: a [`Value::Ref`] in part of another counts from
    /// that other's beginning, and would lead elsewhere. Read what may hold exceptions, such as the
    /// fields of an object, into a type with [`JavaException`]s in it instead.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let mut containers = Vec::new();
        collect(value, &mut containers);
        let objects = containers.iter().map(|container| match container {
            Value::Object(object) => weight(object),
            _ => 0,
        });
        let graph = Graph {
            budget: Cell::new(objects.sum::<usize>().saturating_mul(MAX_SHARING)),
            containers: &containers,
        };
        graph.exception(containers.first()?, &mut Vec::new())
    }

    /// The object in the layout that every JVM reads back.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let frames = self.stack_trace.iter().map(|frame| {
            Value::object(
                "java.lang.StackTraceElement",
                [
                    ("declaringClass", frame.class_name.as_str().into()),
                    ("methodName", frame.method.as_str().into()),
                    ("fileName", frame.file.as_deref().into()),
                    ("lineNumber", frame.line.into()),
                ],
            )
        });
        Value::object(
            &self.class_name,
            [
                ("detailMessage", self.message_with_causes().into()),
                ("cause", Value::Null),
                (
                    "stackTrace",
                    Value::typed_list("[java.lang.StackTraceElement", frames),
                ),
                ("suppressedExceptions", Value::Null),
            ],
        )
    }

    fn message_with_causes(&self) -> Option<String> {
        let mut message = self.message.clone();
        let mut next = self.cause.as_deref();
        while let Some(cause) = next {
            let text = message.get_or_insert_default();
            let separator = if text.is_empty() { "" } else { " " };
            text.push_str(separator);
            text.push_str("caused by ");
            text.push_str(&cause.summary());
            next = cause.cause.as_deref();
        }
        message
    }

    fn summary(&self) -> String {
        match &self.message {
            Some(message) => format!("{}: {message}", self.class_name),
            None => self.class_name.clone(),
        }
    }
}

impl fmt::Display for JavaException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())
    }
}

impl std::error::Error for JavaException {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl fmt::Display for StackFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}(", self.class_name, self.method)?;
        match (&self.file, self.line) {
            (_, -2) => f.write_str("Native Method)"),
            (Some(file), line @ 0..) => write!(f, "{file}:{line})"),
            (Some(file), _) => write!(f, "{file})"),
            (None, _) => f.write_str("Unknown Source)"),
        }
    }
}

impl Serialize for JavaException {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JavaException {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        JavaException::from_value(&value).ok_or_else(|| {
            D::Error::custom(format!("expected an exception, found {}", value.kind()))
        })
    }
}

/// All lists, maps and objects of `value`, in the order in which they are opened.
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
            object
                .values()
                .iter()
                .for_each(|value| collect(value, containers));
        }
        _ => {}
    }
}

/// A value in which references can be followed.
struct Graph<'a> {
    containers: &'a [&'a Value],
    /// What is still to be made may weigh so much: references can lead to one frame many times, and
    /// many exceptions be of one class.
    budget: Cell<usize>,
}

impl<'a> Graph<'a> {
    fn follow(&self, value: &'a Value) -> &'a Value {
        match value {
            Value::Ref(number) => self
                .containers
                .get(*number as usize)
                .copied()
                .unwrap_or(value),
            _ => value,
        }
    }

    fn object(&self, value: &'a Value) -> Option<&'a Object> {
        match self.follow(value) {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether there is so much left of the budget; takes it if so.
    fn spend(&self, weight: usize) -> bool {
        let left = self.budget.get().checked_sub(weight);
        self.budget.set(left.unwrap_or(0));
        left.is_some()
    }

    /// `outer` are the exceptions that this one is a cause of.
    fn exception(&self, value: &'a Value, outer: &mut Vec<*const Object>) -> Option<JavaException> {
        let object = self.object(value)?;
        let throwable = ["detailMessage", "stackTrace", "cause"];
        if !throwable.iter().any(|field| object.field(field).is_some()) {
            return None;
        }
        let address: *const Object = object;
        if outer.contains(&address) || outer.len() > MAX_CAUSES {
            return None;
        }
        let class_name = &object.class().name;
        // It stands in the input once, for all exceptions of the class.
        if !self.spend(class_name.len()) && !outer.is_empty() {
            return None;
        }
        outer.push(address);
        let cause = object
            .field("cause")
            .and_then(|cause| self.exception(cause, outer));
        Some(JavaException {
            class_name: class_name.clone(),
            message: text(object, "detailMessage"),
            stack_trace: self.stack_trace(object),
            cause: cause.map(Box::new),
        })
    }

    fn stack_trace(&self, exception: &'a Object) -> Vec<StackFrame> {
        let frames = match exception
            .field("stackTrace")
            .map(|trace| self.follow(trace))
        {
            Some(Value::List(list)) => &**list,
            _ => &List::default(),
        };
        let frames = frames.items.iter().filter_map(|frame| self.object(frame));
        frames
            .take_while(|frame| self.spend(weight(frame)))
            .map(|frame| StackFrame {
                class_name: text(frame, "declaringClass").unwrap_or_default(),
                method: text(frame, "methodName").unwrap_or_default(),
                file: text(frame, "fileName"),
                line: frame
                    .field("lineNumber")
                    .and_then(Value::as_i64)
                    .and_then(|line| line.try_into().ok())
                    .unwrap_or(-1),
            })
            .collect()
    }
}

/// No less than a frame made of `object` takes, and than it costs to look for its fields.
fn weight(object: &Object) -> usize {
    let values = object.values().iter().map(|value| match value {
        Value::String(text) => text.len(),
        // A unit becomes three bytes at most.
        Value::Utf16(units) => units.len() * 3,
        _ => 0,
    });
    size_of::<StackFrame>() + size_of_val(object.values()) + values.sum::<usize>()
}

fn text(object: &Object, field: &str) -> Option<String> {
    match object.field(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Utf16(units) => Some(String::from_utf16_lossy(units)),
        _ => None,
    }
}

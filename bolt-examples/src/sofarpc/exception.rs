use std::fmt;

use bolt_hessian::{JavaException, Value, from_slice, to_vec};
use serde::de::DeserializeOwned;

/// A Java exception that a service's method throws, with all its fields: one of its own or a
/// runtime exception.
///
/// ```
/// use bolt_examples::sofarpc::ServiceException;
///
/// let error = ServiceException::new("com.example.NoStock", "no tea left").with_field("code", 7);
/// assert_eq!(error.to_string(), "com.example.NoStock: no tea left");
/// assert_eq!(error.field("code").and_then(|code| code.as_i64()), Some(7));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceException(Value);

impl ServiceException {
    /// An exception of the Java class `class`.
    #[must_use]
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self(JavaException::new(class, message).to_value())
    }

    /// An exception of the Java class `class` that has no message.
    #[must_use]
    pub fn without_message(class: impl Into<String>) -> Self {
        let exception = JavaException {
            class_name: class.into(),
            ..JavaException::default()
        };
        Self(exception.to_value())
    }

    /// Adds a field that the class has besides those of `Throwable`.
    #[must_use]
    pub fn with_field(self, name: &str, value: impl Into<Value>) -> Self {
        let Value::Object(object) = &self.0 else {
            return self;
        };
        let class = object.class();
        let names = class.fields.iter().map(String::as_str);
        let fields = names.zip(object.values().iter().cloned());
        let added = std::iter::once((name, value.into()));
        Self(Value::object(&class.name, added.chain(fields)))
    }

    /// The exception that `value` is, if it is an object.
    pub(super) fn from_value(value: Value) -> Option<Self> {
        matches!(value, Value::Object(_)).then_some(Self(value))
    }

    /// Its class.
    #[must_use]
    pub fn class(&self) -> &str {
        match &self.0 {
            Value::Object(object) => &object.class().name,
            _ => "",
        }
    }

    /// Its message. Java: `getMessage`.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.field("detailMessage")?.as_str()
    }

    /// The value of one of its fields.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.0.field(name)
    }

    /// The whole object.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// What all exceptions have: stack trace and cause, besides class and message.
    #[must_use]
    pub fn throwable(&self) -> Option<JavaException> {
        JavaException::from_value(&self.0)
    }

    /// The exception as a type of yours with the fields of its class.
    ///
    /// # Errors
    ///
    /// When the fields don't fit.
    pub fn read<T: DeserializeOwned>(&self) -> bolt_hessian::Result<T> {
        from_slice(&to_vec(&self.0)?)
    }
}

impl fmt::Display for ServiceException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "{}: {message}", self.class()),
            None => f.write_str(self.class()),
        }
    }
}

impl std::error::Error for ServiceException {}

use std::fmt;

/// Which service a call is meant for: interface, version and unique id. Java: `uniqueName`.
///
/// ```
/// use bolt_examples::sofarpc::ServiceName;
///
/// let hello = ServiceName::new("com.example.HelloService");
/// assert_eq!(hello.to_string(), "com.example.HelloService:1.0");
/// assert_eq!(hello.unique_id("eu").to_string(), "com.example.HelloService:1.0:eu");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceName {
    interface: String,
    version: String,
    unique_id: String,
}

impl ServiceName {
    /// Version 1.0 of a Java interface, without unique id.
    #[must_use]
    pub fn new(interface: impl Into<String>) -> Self {
        Self {
            interface: interface.into(),
            version: "1.0".into(),
            unique_id: String::new(),
        }
    }

    /// Another version. Java: `setVersion`.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Tells several implementations of one interface apart. Default none. Java: `setUniqueId`.
    #[must_use]
    pub fn unique_id(mut self, unique_id: impl Into<String>) -> Self {
        self.unique_id = unique_id.into();
        self
    }
}

impl From<&str> for ServiceName {
    fn from(interface: &str) -> Self {
        Self::new(interface)
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.interface, self.version)?;
        if !self.unique_id.is_empty() {
            write!(f, ":{}", self.unique_id)?;
        }
        Ok(())
    }
}

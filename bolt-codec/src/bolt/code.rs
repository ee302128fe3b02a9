use std::fmt;

/// What a command is about. Java: `CommonCommandCode`, `RpcCommandCode`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandCode(pub u16);

impl CommandCode {
    /// A heartbeat or its acknowledgement.
    pub const HEARTBEAT: Self = Self(0);
    /// A request, two-way or oneway.
    pub const REQUEST: Self = Self(1);
    /// An answer.
    pub const RESPONSE: Self = Self(2);
    /// MOSN's "send no new requests here". Java 1.6.12 closes the connection when it sees it.
    pub const GOAWAY: Self = Self(100);
}

impl fmt::Debug for CommandCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::HEARTBEAT => f.write_str("HEARTBEAT"),
            Self::REQUEST => f.write_str("REQUEST"),
            Self::RESPONSE => f.write_str("RESPONSE"),
            Self::GOAWAY => f.write_str("GOAWAY"),
            Self(other) => write!(f, "CommandCode({other})"),
        }
    }
}

/// Which serializer wrote the content (and, in Java, reads it). Java: the `codec` byte,
/// `SerializerManager`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SerializerCode(pub u8);

impl SerializerCode {
    /// Hessian, the default and the only serializer that Java SOFABolt brings along.
    pub const HESSIAN: Self = Self(1);
    /// Protobuf, as SOFARPC numbers it.
    pub const PROTOBUF: Self = Self(11);
    /// JSON, as SOFARPC numbers it.
    pub const JSON: Self = Self(12);
}

/// How a call went. Java: `ResponseStatus`. Values that Java doesn't know are kept as they are.
///
/// ```
/// use bolt_codec::bolt::ResponseStatus;
///
/// assert_eq!(ResponseStatus(0x10).name(), Some("CONNECTION_CLOSED"));
/// assert_eq!(format!("{}", ResponseStatus(0x0a)), "unknown status 0x000a");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseStatus(pub u16);

impl ResponseStatus {
    /// The call succeeded; its result may be null.
    pub const SUCCESS: Self = Self(0x00);
    /// An error without more detail. Never sent by Java's server.
    pub const ERROR: Self = Self(0x01);
    /// The handler failed, or nobody handles the class.
    pub const SERVER_EXCEPTION: Self = Self(0x02);
    /// Never sent by Java's server.
    pub const UNKNOWN: Self = Self(0x03);
    /// The server has no room for the request now.
    pub const SERVER_THREADPOOL_BUSY: Self = Self(0x04);
    /// Never sent by Java's server.
    pub const ERROR_COMM: Self = Self(0x05);
    /// Nobody handles the class. Java's server says `SERVER_EXCEPTION` instead.
    pub const NO_PROCESSOR: Self = Self(0x06);
    /// No answer in time. Made locally by Java's client.
    pub const TIMEOUT: Self = Self(0x07);
    /// The request could not be sent. Made locally by Java's client.
    pub const CLIENT_SEND_ERROR: Self = Self(0x08);
    /// Never sent by Java's server.
    pub const CODEC_EXCEPTION: Self = Self(0x09);
    /// The connection closed. Made locally by Java's client. The values jump from 0x09 to 0x10.
    pub const CONNECTION_CLOSED: Self = Self(0x10);
    /// The server could not serialize its answer.
    pub const SERVER_SERIAL_EXCEPTION: Self = Self(0x11);
    /// The server could not read the request.
    pub const SERVER_DESERIAL_EXCEPTION: Self = Self(0x12);

    /// Java's name of the value, `None` for values that Java doesn't know.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::SUCCESS => "SUCCESS",
            Self::ERROR => "ERROR",
            Self::SERVER_EXCEPTION => "SERVER_EXCEPTION",
            Self::UNKNOWN => "UNKNOWN",
            Self::SERVER_THREADPOOL_BUSY => "SERVER_THREADPOOL_BUSY",
            Self::ERROR_COMM => "ERROR_COMM",
            Self::NO_PROCESSOR => "NO_PROCESSOR",
            Self::TIMEOUT => "TIMEOUT",
            Self::CLIENT_SEND_ERROR => "CLIENT_SEND_ERROR",
            Self::CODEC_EXCEPTION => "CODEC_EXCEPTION",
            Self::CONNECTION_CLOSED => "CONNECTION_CLOSED",
            Self::SERVER_SERIAL_EXCEPTION => "SERVER_SERIAL_EXCEPTION",
            Self::SERVER_DESERIAL_EXCEPTION => "SERVER_DESERIAL_EXCEPTION",
            _ => return None,
        })
    }
}

impl fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown status {:#06x}", self.0),
        }
    }
}

impl fmt::Debug for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseStatus({self})")
    }
}

//! The protocol of Java's `com.alipay.sofa:bolt` 1.6.12.
//!
//! All integers are big-endian. Version 1 has no marked fields; those with `*` exist in protocol 2
//! only. A request and an answer differ in one field.
//!
//! ```text
//! proto:1 *version:1 type:1 command:2 ver2:1 id:4 codec:1 *switch:1
//!     timeout:4 (request, oneway)  |  status:2 (answer)
//!     class_len:2 header_len:2 content_len:4  class  header  content  *crc32:4
//! ```
//!
//! The checksum is there exactly when the version byte is 2 and bit 0 of the switch is set. Frames
//! of all versions may be mixed on one connection.
//!
//! What Java closes the connection for and this crate doesn't: an unknown command code
//! ([`FrameKind::Unknown`](crate::FrameKind::Unknown)) and an unknown
//! [status](ResponseStatus). What Java lets pass and this crate refuses:
//! negative lengths, a protocol version other than 1 and 2, and any frame above
//! [`Limits::max_frame`](crate::Limits::max_frame).
//!
//! ```
//! use bolt_codec::bolt::{BoltFrame, BoltVersion, Head, ResponseStatus};
//!
//! let request = BoltFrame::request(BoltVersion::V2_2, "com.example.Hello", &b"\x02hi"[..]);
//! assert!(request.has_crc());
//! let answer = request.respond("java.lang.String", &b"\x02ho"[..]);
//! assert_eq!(answer.head, Head::Response { status: ResponseStatus::SUCCESS });
//! ```

mod code;
mod decode;
mod encode;
mod frame;
mod protocol;

pub use code::{CommandCode, ResponseStatus, SerializerCode};
pub use decode::BoltDecoder;
pub use encode::BoltEncoder;
pub use frame::{BoltFrame, BoltVersion, CRC_SWITCH, Head, MAX_NAME_LEN};
pub use protocol::{Bolt, BoltSession};

//! A line protocol whose server speaks first, in the manner of SMTP.
//!
//! ```text
//! server: 220 mail.example.com ready      as soon as it is connected
//! client: HELO there                      before anything else
//! server: 250-mail.example.com            an answer may have several lines
//! server: 250 pleased to meet you
//! client: NOOP                            the heartbeat
//! server: 250 ok
//! ```
//!
//! There are no ids: answers come in the order of the commands, which may be sent without waiting. Mails
//! themselves (`DATA`) are left out.
//!
//! ```
//! use bolt_examples::mail::{self, Command, Mail};
//! use bolt_remoting::{Client, Server};
//! use std::time::Duration;
//! use tokio::time::Instant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder(Mail::named("mail.example.com"), mail::handler());
//! let server = server.bind("127.0.0.1:0").await?;
//!
//! let client = Client::builder(Mail::default()).prepare(|it| mail::introduce(it, "me")).build();
//! let patience = Duration::from_secs(3);
//! let address = server.local_addr().to_string();
//! let connection = client.connection(address, Instant::now() + patience).await?;
//! assert_eq!(connection.session().greeting(), Some("mail.example.com ready"));
//! let reply = mail::ask(&connection, Command::new("VRFY", "ada"), patience).await?;
//! assert_eq!((reply.code, reply.text()), (252, "ada"));
//! # Ok(())
//! # }
//! ```

use std::sync::OnceLock;
use std::time::Duration;

use bolt_codec::{
    CodecError, Correlation, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits,
    Protocol, Refusal, Role,
};
use bolt_remoting::{Connection, FrameContext, FrameHandler, handler_fn};
use bytes::{Buf, BytesMut};

/// Longest line in bytes, its end included; SMTP's own limit is 512 or more.
const LONGEST_LINE: usize = 4096;

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// From the client.
    Command(Command),
    /// From the server, once it has been asked.
    Reply(Reply),
    /// From the server, unasked.
    Greeting(Reply),
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Four letters or so, in capitals.
    pub verb: String,
    /// The rest of the line; may be empty.
    pub argument: String,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 299: done. 400 and up: not done.
    pub code: u16,
    /// At least one.
    pub lines: Vec<String>,
}

impl Command {
    /// A command of this verb.
    pub fn new(verb: &str, argument: &str) -> Self {
        Self {
            verb: verb.to_ascii_uppercase(),
            argument: argument.to_owned(),
        }
    }
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self {
            code,
            lines: vec![text.into()],
        }
    }

    /// Its first line.
    #[must_use]
    pub fn text(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// Whether it means that all is well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code / 100 == 2
    }
}

impl Frame for Line {
    fn kind(&self) -> FrameKind {
        match self {
            Self::Command(_) => FrameKind::Request,
            Self::Reply(_) => FrameKind::Response,
            Self::Greeting(_) => FrameKind::Greeting,
        }
    }

    fn encoded_len(&self) -> usize {
        match self {
            Self::Command(command) => command.verb.len() + command.argument.len() + 3,
            Self::Reply(reply) | Self::Greeting(reply) => {
                reply.lines.iter().map(|line| line.len() + 6).sum()
            }
        }
    }
}

/// Reads lines; those of a server may be one reply together.
#[derive(Debug)]
pub struct MailDecoder {
    role: Role,
    limits: Limits,
    /// Whether a server has said its first.
    greeted: bool,
    /// Lines of a reply whose last has not come yet.
    begun: Vec<String>,
    begun_bytes: usize,
}

impl MailDecoder {
    /// The next line without its end.
    fn line(&self, src: &mut BytesMut) -> Result<Option<String>, CodecError> {
        let window = &src[..src.len().min(LONGEST_LINE)];
        let Some(end) = window.iter().position(|&byte| byte == b'\n') else {
            return match window.len() {
                LONGEST_LINE => Err(CodecError::malformed("the line is too long")),
                _ => Ok(None),
            };
        };
        self.limits.check((self.begun_bytes + end + 1) as u64)?;
        let line = src.split_to(end);
        src.advance(1);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(CodecError::malformed("the line is not UTF-8")),
        }
    }

    /// A reply, once its last line is there.
    fn reply_line(&mut self, line: &str) -> Result<Option<Reply>, CodecError> {
        let malformed = || CodecError::malformed("a reply without its code");
        let (code, rest) = line.split_at_checked(3).ok_or_else(malformed)?;
        let digits = code.bytes().all(|byte| byte.is_ascii_digit());
        let code = code.parse().ok().filter(|_| digits).ok_or_else(malformed)?;
        self.begun.push(rest.get(1..).unwrap_or("").to_owned());
        self.begun_bytes += line.len() + 2;
        match rest.as_bytes().first() {
            Some(b'-') => Ok(None),
            None | Some(b' ') => {
                let lines = std::mem::take(&mut self.begun);
                self.begun_bytes = 0;
                Ok(Some(Reply { code, lines }))
            }
            Some(_) => Err(malformed()),
        }
    }
}

impl FrameDecoder for MailDecoder {
    type Frame = Line;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        while let Some(line) = self.line(src)? {
            if self.role == Role::Server {
                let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
                return Ok(Some(Line::Command(Command::new(verb, argument))));
            }
            if let Some(reply) = self.reply_line(&line)? {
                let first = !std::mem::replace(&mut self.greeted, true);
                let made = if first { Line::Greeting } else { Line::Reply };
                return Ok(Some(made(reply)));
            }
        }
        Ok(None)
    }

    fn is_mid_frame(&self) -> bool {
        !self.begun.is_empty()
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        match src.len() + self.begun_bytes {
            0 => Ok(None),
            buffered => Err(CodecError::Truncated { buffered }),
        }
    }
}

/// Writes lines.
#[derive(Debug)]
pub struct MailEncoder;

impl FrameEncoder for MailEncoder {
    type Frame = Line;

    fn encode(&mut self, line: Line, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        let mut put = |line: &str| {
            if line.len() + 2 > LONGEST_LINE || line.contains(['\r', '\n']) {
                return Err(CodecError::malformed("not a line"));
            }
            dst.put_slice(line.as_bytes());
            dst.put_slice(b"\r\n");
            Ok(())
        };
        match line {
            Line::Command(command) if command.argument.is_empty() => put(&command.verb),
            Line::Command(command) => put(&format!("{} {}", command.verb, command.argument)),
            Line::Reply(reply) | Line::Greeting(reply) => {
                let last = reply.lines.len().saturating_sub(1);
                let mut lines = reply.lines.iter().enumerate();
                lines.try_for_each(|(at, line)| {
                    let more = if at < last { '-' } else { ' ' };
                    put(&format!("{:03}{more}{line}", reply.code))
                })
            }
        }
    }
}

/// The protocol.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// What a server calls itself.
    name: String,
}

impl Mail {
    /// The protocol of a server with this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
        }
    }
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub struct Session {
    greeting: OnceLock<String>,
}

impl Session {
    /// What the server said first; nothing on its own end.
    #[must_use]
    pub fn greeting(&self) -> Option<&str> {
        self.greeting.get().map(String::as_str)
    }
}

impl Protocol for Mail {
    type Frame = Line;
    type Decoder = MailDecoder;
    type Encoder = MailEncoder;
    type Session = Session;

    const NAME: &'static str = "mail";
    const CORRELATION: Correlation = Correlation::InOrder;

    fn open(&self, role: Role, limits: &Limits) -> (MailDecoder, MailEncoder, Session) {
        let decoder = MailDecoder {
            role,
            limits: *limits,
            greeted: false,
            begun: Vec::new(),
            begun_bytes: 0,
        };
        (decoder, MailEncoder, Session::default())
    }

    fn greeting(&self, role: Role, _session: &Session) -> Option<Line> {
        let greeting = || Line::Greeting(Reply::new(220, format!("{} ready", self.name)));
        (role == Role::Server).then(greeting)
    }

    fn awaits_greeting(&self, role: Role) -> bool {
        role == Role::Client
    }

    fn greeted(&self, greeting: Line, session: &Session) -> Result<(), CodecError> {
        match greeting {
            Line::Greeting(reply) if reply.is_ok() => {
                session.greeting.get_or_init(|| reply.lines.join("\n"));
                Ok(())
            }
            other => Err(CodecError::malformed(format!("no welcome: {other:?}"))),
        }
    }

    fn heartbeat(&self, _session: &Session) -> Option<Line> {
        Some(Line::Command(Command::new("NOOP", "")))
    }

    fn refuse(&self, _command: &Line, why: Refusal) -> Option<Line> {
        Some(Line::Reply(Reply::new(421, format!("not now: {why:?}"))))
    }
}

/// Sends a command and waits for the reply, both within `timeout`.
///
/// # Errors
///
/// Those of [`Connection::call`]. A reply that means "no" is not one.
///
/// # Cancel safety
///
/// As [`Connection::call`].
pub async fn ask(
    connection: &Connection<Mail>,
    command: Command,
    timeout: Duration,
) -> bolt_remoting::Result<Reply> {
    match connection.call(Line::Command(command), timeout).await? {
        Line::Reply(reply) | Line::Greeting(reply) => Ok(reply),
        Line::Command(_) => Ok(Reply::new(500, "a command instead of a reply")),
    }
}

/// What a client does before its first command, for
/// [`ClientBuilder::prepare`](bolt_remoting::ClientBuilder::prepare): it says its name.
///
/// # Errors
///
/// When the server doesn't like it.
///
/// # Cancel safety
///
/// The connection is of no use if it is dropped half way.
pub async fn introduce(
    connection: Connection<Mail>,
    name: &str,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let hello = Command::new("HELO", name);
    let reply = ask(&connection, hello, Duration::from_secs(10)).await?;
    match reply.is_ok() {
        true => Ok(()),
        false => Err(format!("HELO: {} {}", reply.code, reply.text()).into()),
    }
}

/// The name that a client has given.
struct Introduced(String);

/// A server that knows `HELO`, `NOOP`, `VRFY` and `HELP`, and wants the first of them first.
pub fn handler() -> impl FrameHandler<Mail> {
    handler_fn(|cx: FrameContext<Mail>, line: Line| async move {
        let Line::Command(command) = line else {
            return None;
        };
        let connection = cx.connection();
        let client = connection.attribute::<Introduced>();
        Some(Line::Reply(match (command.verb.as_str(), client) {
            ("HELO", _) if command.argument.is_empty() => Reply::new(501, "who?"),
            ("HELO", _) => {
                let reply = Reply::new(250, format!("hello {}", command.argument));
                connection.set_attribute(Introduced(command.argument));
                reply
            }
            ("NOOP", _) => Reply::new(250, "ok"),
            ("VRFY" | "HELP", None) => Reply::new(503, "HELO first"),
            ("VRFY", Some(_)) => Reply::new(252, command.argument),
            ("HELP", Some(client)) => Reply {
                code: 214,
                lines: ["HELO", "NOOP", "VRFY", &client.0].map(String::from).into(),
            },
            _ => Reply::new(502, "unknown command"),
        }))
    })
}

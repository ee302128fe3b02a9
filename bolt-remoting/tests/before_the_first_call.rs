//! What happens between connecting and the first call: servers that speak first, and clients that
//! log in.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bolt_codec::{
    CodecError, Correlation, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits,
    Protocol, Role,
};
use bolt_remoting::{
    Client, CloseReason, Connection, ErrorKind, FrameContext, FrameHandler, NoHandler, Server,
    handler_fn,
};
use bytes::{Buf, BytesMut};
use support::{SEC, eventually, far, pair, peer, untimed, within};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::time::Instant;

/// A line; the first one of a server is its greeting.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    text: String,
    kind: FrameKind,
}

impl Line {
    fn call(text: &str) -> Self {
        Self {
            text: text.into(),
            kind: FrameKind::Request,
        }
    }

    fn says(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: FrameKind::Response,
        }
    }
}

impl Frame for Line {
    fn kind(&self) -> FrameKind {
        self.kind
    }

    fn encoded_len(&self) -> usize {
        self.text.len() + 1
    }
}

#[derive(Debug)]
struct Lines {
    role: Role,
    greeted: bool,
}

impl FrameDecoder for Lines {
    type Frame = Line;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Line>, CodecError> {
        let Some(end) = src.iter().position(|&byte| byte == b'\n') else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&src.split_to(end)).into_owned();
        src.advance(1);
        let kind = match self.role {
            Role::Server => FrameKind::Request,
            Role::Client if !std::mem::replace(&mut self.greeted, true) => FrameKind::Greeting,
            Role::Client => FrameKind::Response,
        };
        Ok(Some(Line { text, kind }))
    }
}

impl FrameEncoder for Lines {
    type Frame = Line;

    fn encode(&mut self, line: Line, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        dst.put_slice(line.text.as_bytes());
        dst.put_slice(b"\n");
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Greeter;

impl Protocol for Greeter {
    type Frame = Line;
    type Decoder = Lines;
    type Encoder = Lines;
    /// What the server said first.
    type Session = OnceLock<String>;

    const NAME: &'static str = "greeter";
    const CORRELATION: Correlation = Correlation::InOrder;

    fn open(&self, role: Role, _limits: &Limits) -> (Lines, Lines, OnceLock<String>) {
        let lines = || Lines {
            role,
            greeted: false,
        };
        (lines(), lines(), OnceLock::new())
    }

    fn greeting(&self, role: Role, _session: &OnceLock<String>) -> Option<Line> {
        (role == Role::Server).then(|| Line::says("220 ready"))
    }

    fn awaits_greeting(&self, role: Role) -> bool {
        role == Role::Client
    }

    fn greeted(&self, greeting: Line, session: &OnceLock<String>) -> Result<(), CodecError> {
        if !greeting.text.starts_with("220 ") {
            return Err(CodecError::malformed(greeting.text));
        }
        session.get_or_init(|| greeting.text);
        Ok(())
    }
}

/// Wants a login before it echoes.
fn echo() -> impl FrameHandler<Greeter> {
    handler_fn(|cx: FrameContext<Greeter>, line: Line| async move {
        let known = cx.connection().attribute::<String>();
        Some(Line::says(match (line.text.split_once(' '), known) {
            (Some(("login", "nobody")), _) => "no".to_owned(),
            (Some(("login", name)), _) => {
                cx.connection().set_attribute(name.to_owned());
                "welcome".to_owned()
            }
            (_, None) => "who are you?".to_owned(),
            (_, Some(name)) => format!("{name}: {}", line.text),
        }))
    })
}

async fn server() -> (Server<Greeter>, String) {
    let server = Server::builder(Greeter, echo()).bind("127.0.0.1:0").await;
    let server = server.unwrap();
    let address = server.local_addr().to_string();
    (server, address)
}

async fn ask(connection: &Connection<Greeter>, text: &str) -> String {
    let answer = within(connection.call(Line::call(text), SEC * 30)).await;
    answer.unwrap().text
}

#[tokio::test]
async fn a_server_speaks_first_without_being_asked() {
    let (_server, address) = server().await;
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let mut greeting = [0; 10];
    within(stream.read_exact(&mut greeting)).await.unwrap();
    assert_eq!(&greeting, b"220 ready\n");
}

/// A client whose one connection goes to the other end of the stream.
fn client_of(timeout: Duration) -> (Client<Greeter>, DuplexStream) {
    let (near, far) = tokio::io::duplex(64);
    let near = Mutex::new(Some(near));
    let client = Client::builder(Greeter)
        .connect_timeout(timeout)
        .connector(move |_address| {
            let stream = near.lock().unwrap().take();
            async move { stream.ok_or(std::io::ErrorKind::NotFound.into()) }
        })
        .build();
    (client, far)
}

#[tokio::test(start_paused = true)]
async fn no_call_goes_out_before_the_greeting_has_come() {
    let (client, stream) = client_of(SEC * 30);
    let calling = tokio::spawn(async move {
        let connection = client.connection("any:1", far()).await.unwrap();
        let greeting = connection.session().get().cloned();
        (greeting, ask(&connection, "hi").await)
    });
    let mut stream = BufReader::new(stream);
    let silent = tokio::time::timeout(SEC * 20, stream.fill_buf()).await;
    assert!(silent.is_err(), "the client has sent something");
    stream.write_all(b"220 at last\n").await.unwrap();
    let mut line = String::new();
    within(stream.read_line(&mut line)).await.unwrap();
    assert_eq!(line, "hi\n");
    stream.write_all(b"hello\n").await.unwrap();
    let (greeting, answer) = within(calling).await.unwrap();
    assert_eq!(greeting.as_deref(), Some("220 at last"));
    assert_eq!(answer, "hello");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_greets_is_a_failed_attempt_to_connect_in_the_time_for_that() {
    let (client, _silent) = client_of(SEC * 3);
    let start = Instant::now();
    let error = client.connection("any:1", far()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Connect, false)
    );
    assert!(start.elapsed() >= SEC * 3 && start.elapsed() < SEC * 4);
    eventually(|| client.connections().is_empty()).await;
}

#[tokio::test]
async fn a_greeting_that_is_not_accepted_is_a_failed_attempt_that_says_why() {
    let (listener, address) = peer::listen().await;
    let client = Client::builder(Greeter).connect_timeout(SEC * 30).build();
    let dialing = tokio::spawn({
        let client = client.clone();
        async move { client.connection(&address, far()).await }
    });
    let (mut stream, _) = within(listener.accept()).await.unwrap();
    stream.write_all(b"554 no service\n").await.unwrap();
    let error = within(dialing).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.to_string().contains("554 no service"), "{error}");
    eventually(|| client.connections().is_empty()).await;
}

#[tokio::test]
async fn a_connection_of_one_s_own_waits_for_the_greeting_when_asked_to() {
    let (client, server) = pair(|| Greeter, NoHandler, echo(), untimed());
    within(client.greeted()).await.unwrap();
    within(server.greeted()).await.unwrap();
    assert_eq!(client.session().get().unwrap(), "220 ready");
    let (near, peer) = tokio::io::duplex(64);
    let protocol = Arc::new(Greeter);
    let config = Arc::new(untimed());
    let client = Connection::over(near, protocol, Role::Client, Arc::new(NoHandler), config);
    drop(peer);
    let error = within(client.greeted()).await.unwrap_err();
    assert_eq!(error.close_reason(), Some(&CloseReason::Peer));
}

/// Logs in as `name`.
async fn login(
    connection: Connection<Greeter>,
    name: &str,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let line = Line::call(&format!("login {name}"));
    match connection.call(line, SEC * 30).await?.text.as_str() {
        "welcome" => Ok(()),
        other => Err(format!("login: {other}").into()),
    }
}

#[tokio::test]
async fn every_connection_is_prepared_before_callers_get_it() {
    let (server, address) = server().await;
    let prepared = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&prepared);
    let client = Client::builder(Greeter)
        .prepare(move |connection| {
            count.fetch_add(1, Ordering::Relaxed);
            async move { login(connection, "ada").await }
        })
        .build();
    for round in 1..=3 {
        let calls = (0..20).map(|_| async {
            let connection = client.connection(&address, far()).await.unwrap();
            ask(&connection, "hi").await
        });
        let answers = futures::future::join_all(calls).await;
        assert!(
            answers.iter().all(|answer| answer == "ada: hi"),
            "{answers:?}"
        );
        assert_eq!(prepared.load(Ordering::Relaxed), round);
        client.connections().iter().for_each(Connection::close);
        eventually(|| client.connections().is_empty()).await;
    }
    let own = client.standalone(&address).await.unwrap();
    assert_eq!(ask(&own, "hi").await, "ada: hi");
    drop(server);
}

#[tokio::test]
async fn a_preparation_that_fails_is_a_failed_attempt_and_its_connection_is_closed() {
    let (server, address) = server().await;
    let client = Client::builder(Greeter)
        .prepare(|connection| async move { login(connection, "nobody").await })
        .build();
    let pooled = within(client.connection(&address, far())).await;
    let own = within(client.standalone(&address)).await;
    for outcome in [pooled, own] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.to_string().ends_with("login: no"), "{error}");
    }
    eventually(|| client.connections().is_empty() && server.connections().is_empty()).await;
}

#[tokio::test]
async fn a_preparation_that_hangs_ends_with_the_time_for_connecting_and_one_that_panics_at_once() {
    let (server, address) = server().await;
    let hangs = Client::builder(Greeter)
        .connect_timeout(Duration::from_millis(300))
        .prepare(|_connection| std::future::pending())
        .build();
    let panics = Client::builder(Greeter)
        .prepare(|_connection| async { panic!("as asked") })
        .build();
    for client in [hangs, panics] {
        let error = within(client.connection(&address, far()))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        eventually(|| client.connections().is_empty()).await;
    }
    eventually(|| server.connections().is_empty()).await;
}

#[tokio::test]
async fn a_shutdown_ends_a_preparation_under_way() {
    let (server, address) = server().await;
    let begun = Arc::new(tokio::sync::Notify::new());
    let tell = Arc::clone(&begun);
    let client = Client::builder(Greeter)
        .connect_timeout(SEC * 3600)
        .prepare(move |_connection| {
            tell.notify_one();
            std::future::pending()
        })
        .build();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.connection(&address, far()).await }
    });
    within(begun.notified()).await;
    within(client.shutdown(SEC)).await;
    assert_eq!(
        within(waiting).await.unwrap().unwrap_err().kind(),
        ErrorKind::Closed
    );
    eventually(|| server.connections().is_empty()).await;
}

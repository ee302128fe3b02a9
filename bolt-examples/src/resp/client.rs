//! A Redis client with types.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bolt_remoting::{Client, ClientBuilder, Connection, ResponseFuture};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{Command, Frame, Resp, Value};

/// `Result` with this module's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command has no result.
#[derive(Clone, Debug)]
pub enum Error {
    /// There is no answer.
    Remoting(bolt_remoting::Error),
    /// The server says no.
    Server(String),
    /// The answer is not what such a command has.
    Unexpected(Value),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remoting(error) => error.fmt(f),
            Self::Server(text) => f.write_str(text),
            Self::Unexpected(value) => write!(f, "unexpected answer: {value:?}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Remoting(error) => Some(error),
            _ => None,
        }
    }
}

impl From<bolt_remoting::Error> for Error {
    fn from(error: bolt_remoting::Error) -> Self {
        Self::Remoting(error)
    }
}

/// Makes a [`Redis`].
#[derive(Clone)]
pub struct RedisBuilder {
    address: String,
    password: Option<String>,
    database: u32,
    timeout: Duration,
}

impl RedisBuilder {
    /// Logs in on each connection before anything else. Default no.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// Chooses a database on each connection before anything else. Default 0.
    #[must_use]
    pub fn database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// How long a command may take, connecting included. Default 3 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The client, with settings as they are. Nothing is connected yet.
    #[must_use]
    pub fn build(self) -> Redis {
        self.build_with(|client| client)
    }

    /// The client, with its connections set up by `settings`: TLS, heartbeats, limits, pools.
    #[must_use]
    pub fn build_with(
        self,
        settings: impl FnOnce(ClientBuilder<Resp>) -> ClientBuilder<Resp>,
    ) -> Redis {
        let mut first = Vec::new();
        if let Some(password) = &self.password {
            first.push(Command::new("AUTH").arg(password.clone()));
        }
        if self.database != 0 {
            first.push(Command::new("SELECT").arg(self.database.to_string()));
        }
        let client = Client::builder(Resp).prepare(move |connection| {
            let first = first.clone();
            async move {
                for command in first {
                    run(&connection, command, Duration::from_secs(10)).await?;
                }
                Ok(())
            }
        });
        Redis {
            client: settings(client).build(),
            address: self.address.into(),
            timeout: self.timeout,
            calls: Arc::default(),
        }
    }
}

impl fmt::Debug for RedisBuilder {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("address", &self.address)
            .field("database", &self.database)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A client of one server. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Redis {
    client: Client<Resp>,
    address: Arc<str>,
    timeout: Duration,
    calls: Arc<AtomicU64>,
}

impl Redis {
    /// A builder of a client of the server at `address`, such as `127.0.0.1:6379` or, with four
    /// connections, `127.0.0.1:6379?_CONNECTIONNUM=4`.
    pub fn builder(address: impl Into<String>) -> RedisBuilder {
        RedisBuilder {
            address: address.into(),
            password: None,
            database: 0,
            timeout: Duration::from_secs(3),
        }
    }

    /// Runs a command and waits for its answer.
    ///
    /// # Errors
    ///
    /// All of [`Error`] but [`Error::Unexpected`].
    ///
    /// # Cancel safety
    ///
    /// The command may have been run or not when the future is dropped.
    pub async fn run(&self, command: Command) -> Result<Value> {
        self.start(command).await?.await
    }

    /// Sends a command; the future of its answer may be kept, and dropped to forget the answer. That
    /// is as near as this protocol comes to a call without one.
    ///
    /// # Errors
    ///
    /// [`Error::Remoting`] when it can't be sent.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent when the future is dropped before it returns.
    pub async fn start(&self, command: Command) -> Result<Answer> {
        let deadline = Instant::now() + self.timeout;
        let connection = self.client.connection(&self.address, deadline).await?;
        let answer = connection.start_call(Frame::Command(command), deadline);
        let answer = answer.await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Answer(answer))
    }

    /// Runs a command and has `callback` told, on a task of its own. Must be called within a tokio
    /// runtime.
    pub fn run_with(
        &self,
        command: Command,
        callback: impl FnOnce(Result<Value>) + Send + 'static,
    ) {
        let redis = self.clone();
        tokio::spawn(async move { callback(redis.run(command).await) });
    }

    /// Runs a command from a thread that is none of `runtime`'s.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Panics
    ///
    /// Within a runtime.
    pub fn run_blocking(&self, runtime: &Handle, command: Command) -> Result<Value> {
        runtime.block_on(self.run(command))
    }

    /// `SET key value`
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn set(&self, key: &str, value: impl Into<Bytes>) -> Result<()> {
        let command = Command::new("SET").arg(key.to_owned()).arg(value);
        self.run(command).await.map(drop)
    }

    /// `GET key`
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        match self.run(Command::new("GET").arg(key.to_owned())).await? {
            Value::Bulk(bytes) => Ok(Some(bytes)),
            Value::Nil => Ok(None),
            other => Err(Error::Unexpected(other)),
        }
    }

    /// `INCR key`
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn incr(&self, key: &str) -> Result<i64> {
        match self.run(Command::new("INCR").arg(key.to_owned())).await? {
            Value::Integer(number) => Ok(number),
            other => Err(Error::Unexpected(other)),
        }
    }

    /// Commands that were sent so far, heartbeats and logins not counted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// What it stands on.
    #[must_use]
    pub fn client(&self) -> &Client<Resp> {
        &self.client
    }
}

/// The answer to a command that is under way.
///
/// # Cancel safety
///
/// Dropping it forgets the answer; the command is run all the same.
#[derive(Debug)]
pub struct Answer(ResponseFuture<Resp>);

impl Future for Answer {
    type Output = Result<Value>;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        let polled = std::pin::Pin::new(&mut self.0).poll(cx);
        polled.map(|answer| value_of(answer?))
    }
}

async fn run(connection: &Connection<Resp>, command: Command, timeout: Duration) -> Result<Value> {
    value_of(connection.call(Frame::Command(command), timeout).await?)
}

fn value_of(answer: Frame) -> Result<Value> {
    match answer {
        Frame::Answer(Value::Error(text)) => {
            Err(Error::Server(String::from_utf8_lossy(&text).into_owned()))
        }
        Frame::Answer(value) => Ok(value),
        Frame::Command(_) => Err(Error::Unexpected(Value::Nil)),
    }
}

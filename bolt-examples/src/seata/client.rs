//! What applications use: a transaction manager, which begins and ends transactions, and a resource
//! manager, whose part is committed or rolled back when the coordinator says so.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bolt_remoting::{
    Client, ClientBuilder, Connection, ConnectionConfig, FrameContext, HeartbeatConfig, handler_fn,
};
use tokio::time::Instant;

use super::{
    BranchStatus, BranchType, End, GlobalStatus, Message, Outcome, Packet, Registration, Seata,
};

/// `Result` with this module's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// How long a registration may take at most; the connect timeout ends it earlier.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a request has no result.
#[derive(Clone, Debug)]
pub enum Error {
    /// There is no answer.
    Remoting(bolt_remoting::Error),
    /// The coordinator says no.
    Refused(String),
    /// The answer is not what such a request has.
    Unexpected(Box<Packet>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remoting(error) => error.fmt(f),
            Self::Refused(text) => write!(f, "refused: {text}"),
            Self::Unexpected(packet) => write!(f, "unexpected answer: {packet:?}"),
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

/// Settings of connections to a coordinator: it drops those that are silent for 15 s, so a heartbeat
/// goes out after 5.
#[must_use]
pub fn connection_config() -> ConnectionConfig {
    let mut config = ConnectionConfig::client();
    config.heartbeat = Some(HeartbeatConfig::every(Duration::from_secs(5)));
    config
}

/// A client that is registered on each of its connections before anything else.
fn registered(protocol: Seata, hello: Message) -> ClientBuilder<Seata> {
    Client::builder(protocol)
        .config(connection_config())
        .connect_timeout(Duration::from_secs(5))
        .prepare(move |connection| {
            let hello = Packet::request(hello.clone());
            async move {
                let answer = connection.call(hello, PATIENCE).await?;
                match answer.message() {
                    Some(Message::TmRegistered(it) | Message::RmRegistered(it)) if it.accepted => {
                        Ok(())
                    }
                    Some(Message::TmRegistered(it) | Message::RmRegistered(it)) => {
                        let version = &it.version;
                        Err(format!("not registered by a coordinator of version {version}").into())
                    }
                    _ => Err(format!("no answer to a registration: {answer:?}").into()),
                }
            }
        })
}

/// What both managers have.
#[derive(Clone, Debug)]
struct Coordinator {
    client: Client<Seata>,
    address: Arc<str>,
    calls: Arc<AtomicU64>,
}

impl Coordinator {
    fn new(client: Client<Seata>, address: &str) -> Self {
        Self {
            client,
            address: address.into(),
            calls: Arc::default(),
        }
    }

    async fn connection(&self, deadline: Instant) -> Result<Connection<Seata>> {
        Ok(self.client.connection(&self.address, deadline).await?)
    }

    async fn ask(&self, message: Message) -> Result<Packet> {
        let deadline = Instant::now() + PATIENCE;
        let connection = self.connection(deadline).await?;
        let answer = connection.start_call(Packet::request(message), deadline);
        let answer = answer.await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(answer.await?)
    }
}

fn went_well(outcome: Outcome) -> Result<()> {
    match outcome.failure {
        None => Ok(()),
        Some(why) => Err(Error::Refused(why)),
    }
}

/// Begins and ends transactions. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct TransactionManager(Coordinator);

impl TransactionManager {
    /// A manager that talks to the coordinator at `address`. Nothing is connected yet.
    pub fn new(address: &str, me: Registration) -> Self {
        Self::with(Seata::default(), address, me, |client| client)
    }

    /// The same with a choice of [`Seata`] and with connections set up by `settings`.
    pub fn with(
        protocol: Seata,
        address: &str,
        me: Registration,
        settings: impl FnOnce(ClientBuilder<Seata>) -> ClientBuilder<Seata>,
    ) -> Self {
        let client = settings(registered(protocol, Message::RegisterTm(me))).build();
        Self(Coordinator::new(client, address))
    }

    /// Begins a transaction, which the coordinator rolls back by itself after `timeout`; its id.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// It may have begun when the future is dropped; it ends by its timeout then.
    pub async fn begin(&self, name: &str, timeout: Duration) -> Result<String> {
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        let name = name.to_owned();
        let answer = self
            .0
            .ask(Message::GlobalBegin { timeout_ms, name })
            .await?;
        match answer.message() {
            Some(Message::GlobalBegun { outcome, xid, .. }) => {
                went_well(outcome.clone())?;
                Ok(xid.clone())
            }
            _ => Err(Error::Unexpected(Box::new(answer))),
        }
    }

    /// Commits a transaction.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// It may have been committed or not when the future is dropped.
    pub async fn commit(&self, xid: &str) -> Result<GlobalStatus> {
        self.end(End::Commit, xid).await
    }

    /// Rolls a transaction back.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// It may have been rolled back or not when the future is dropped.
    pub async fn roll_back(&self, xid: &str) -> Result<GlobalStatus> {
        self.end(End::Rollback, xid).await
    }

    async fn end(&self, end: End, xid: &str) -> Result<GlobalStatus> {
        let (xid, extra) = (xid.to_owned(), String::new());
        self.status_of(Message::GlobalEnd { end, xid, extra }).await
    }

    /// How far a transaction is.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the answer.
    pub async fn status(&self, xid: &str) -> Result<GlobalStatus> {
        let (xid, extra) = (xid.to_owned(), String::new());
        self.status_of(Message::GlobalState { xid, extra }).await
    }

    async fn status_of(&self, message: Message) -> Result<GlobalStatus> {
        let answer = self.0.ask(message).await?;
        match answer.message() {
            Some(
                Message::GlobalEnded {
                    outcome, status, ..
                }
                | Message::GlobalStateIs { outcome, status },
            ) => {
                went_well(outcome.clone())?;
                Ok(*status)
            }
            _ => Err(Error::Unexpected(Box::new(answer))),
        }
    }

    /// What it stands on.
    #[must_use]
    pub fn client(&self) -> &Client<Seata> {
        &self.0.client
    }

    /// Requests that were sent so far, registrations and heartbeats not counted.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }
}

/// One's part in a transaction, which is to be committed or rolled back.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Which of the two.
    pub end: End,
    /// The id of the transaction.
    pub xid: String,
    /// The branch's id.
    pub id: i64,
    /// What it was registered with.
    pub data: String,
}

/// Takes part in transactions with one resource. Cheap to clone; clones share their connection.
#[derive(Clone, Debug)]
pub struct ResourceManager {
    coordinator: Coordinator,
    resource: Arc<str>,
}

impl ResourceManager {
    /// A manager of `resource` that talks to the coordinator at `address`. `finish` commits or rolls
    /// back a branch and says whether that is done; if it isn't the coordinator asks again.
    ///
    /// Nothing is connected yet, so [`connect`](Self::connect) it before transactions end.
    pub fn new<F, Fut>(address: &str, me: Registration, resource: &str, finish: F) -> Self
    where
        F: Fn(Branch) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let hello = Message::RegisterRm(me, resource.to_owned());
        let finish = Arc::new(finish);
        let handler = handler_fn(move |_cx: FrameContext<Seata>, packet: Packet| {
            let finish = Arc::clone(&finish);
            async move {
                let ended = finished(packet.message()?, &*finish).await?;
                Some(packet.answer(ended))
            }
        });
        let client = registered(Seata::default(), hello).handler(handler).build();
        Self {
            coordinator: Coordinator::new(client, address),
            resource: resource.into(),
        }
    }

    /// Connects and registers, unless that was done.
    ///
    /// # Errors
    ///
    /// [`Error::Remoting`].
    ///
    /// # Cancel safety
    ///
    /// Connecting goes on when the future is dropped.
    pub async fn connect(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        self.coordinator.connection(deadline).await.map(drop)
    }

    /// Takes part in a transaction by try, confirm and cancel; the branch's id.
    ///
    /// # Errors
    ///
    /// Any [`Error`].
    ///
    /// # Cancel safety
    ///
    /// The branch may have been registered when the future is dropped; it is ended with its
    /// transaction.
    pub async fn take_part(&self, xid: &str, data: &str) -> Result<i64> {
        let message = Message::BranchRegister {
            xid: xid.to_owned(),
            branch_type: BranchType::TCC,
            resource: self.resource.to_string(),
            lock_key: String::new(),
            data: data.to_owned(),
        };
        let answer = self.coordinator.ask(message).await?;
        match answer.message() {
            Some(Message::BranchRegistered { outcome, branch_id }) => {
                went_well(outcome.clone())?;
                Ok(*branch_id)
            }
            _ => Err(Error::Unexpected(Box::new(answer))),
        }
    }

    /// What it stands on.
    #[must_use]
    pub fn client(&self) -> &Client<Seata> {
        &self.coordinator.client
    }

    /// As [`TransactionManager::calls`].
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.coordinator.calls.load(Ordering::Relaxed)
    }
}

/// Has a branch finished, and says how that went.
async fn finished<Fut: Future<Output = bool>>(
    message: &Message,
    finish: &(impl Fn(Branch) -> Fut + ?Sized),
) -> Option<Message> {
    let Message::BranchEnd {
        end,
        xid,
        branch_id,
        data,
        ..
    } = message
    else {
        return None;
    };
    let branch = Branch {
        end: *end,
        xid: xid.clone(),
        id: *branch_id,
        data: data.clone(),
    };
    let status = match (end, finish(branch).await) {
        (End::Commit, true) => BranchStatus::COMMITTED,
        (End::Commit, false) => BranchStatus::COMMIT_LATER,
        (End::Rollback, true) => BranchStatus::ROLLED_BACK,
        (End::Rollback, false) => BranchStatus::ROLL_BACK_LATER,
    };
    Some(Message::BranchEnded {
        end: *end,
        outcome: Outcome::default(),
        xid: xid.clone(),
        branch_id: *branch_id,
        status,
    })
}

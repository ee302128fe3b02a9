//! The engine: one connection of any protocol.
//!
//! Four parts share a connection: callers (any task), the connection's own task ([`driver`]),
//! [`handling`] (handlers that wait, as tasks), and, between them, [`shared`] with its [`state`] behind
//! one short lock. What connections of one thread know of each other is in [`thread`] and [`relay`],
//! and what they lend each other in [`desk`].
//!
//! ```text
//! caller -> Connection::call -> Shared::queue_call (id, pending, outbox) ~wake~> Driver
//! Driver: Receiver (bytes -> frames) -> Dispatch -> handler | place of a call ~wake~> caller
//!         outbox -> writing -> socket;  Clock + Liveness: beats, deadlines
//! ```

mod bells;
mod clock;
pub(crate) mod connection;
mod desk;
mod dispatch;
pub(crate) mod driver;
pub(crate) mod handler;
mod handling;
mod inbound;
mod liveness;
pub(crate) mod load;
mod outbox;
mod pending;
mod places;
mod receiver;
mod relay;
pub(crate) mod response;
mod room;
pub(crate) mod shared;
mod state;
pub(crate) mod stats;
mod thread;
mod turn;
mod wakers;

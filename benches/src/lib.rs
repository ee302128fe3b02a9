//! What the load programs have in common: the options, the loops that make calls, the clock that
//! measures them and the report. The peers in `benches/peers` are measured by the same code.
//!
//! The programs are `load-server` and `load-client` (this library), `floor-epoll` and `floor-tokio`
//! (limits to measure against) and `compare`, which runs them all.

#![forbid(unsafe_code)]

pub mod load;

//! Load on a server, measured from outside: closed loop (so many calls outstanding, each that ends
//! starts the next) or open loop (so many calls a second, whatever becomes of earlier ones).
//!
//! ```no_run
//! use load::{Caller, LoadOptions};
//!
//! #[derive(Clone)]
//! struct Echo;
//!
//! impl Caller for Echo {
//!     async fn call(&self) -> Result<(), String> {
//!         tokio::task::yield_now().await;
//!         Ok(())
//!     }
//! }
//!
//! let args = ["127.0.0.1:12200", "--seconds", "1"].map(String::from);
//! let options = LoadOptions::parse(args, "usage: …", "nothing")?;
//! load::run(&options, async |_options| Ok(vec![Echo]))?;
//! # Ok::<(), String>(())
//! ```

#![forbid(unsafe_code)]

// Shared by its source: this crate depends on none of ours.
#[path = "../../../bolt-examples/src/options.rs"]
pub mod command_line;
mod drive;
mod options;
mod pacer;
mod process;
mod record;
mod report;
mod session;

pub use drive::{Caller, run};
pub use options::{Body, LoadOptions, Wire, listen_address, usage_of_client, usage_of_pair};
pub use process::Usage;
pub use record::{Record, Recorder};
pub use report::{IdleReport, Report, Window};
pub use session::measure;

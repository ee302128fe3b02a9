//! What the tests share: two small protocols, peers that speak by hand, and bounded waiting.

// Every test target compiles all of it and uses a part.
#![allow(dead_code)]

pub(crate) mod bolt;
#[cfg(feature = "tls")]
pub(crate) mod certificates;
pub(crate) mod faults;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod network;
pub(crate) mod peer;
#[cfg(feature = "tls")]
pub(crate) mod secure;
pub(crate) mod wire;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::{Protocol, Role};
use bolt_remoting::{Connection, ConnectionConfig, FrameHandler};
use tokio::time::Instant;

pub(crate) const SEC: Duration = Duration::from_secs(1);

/// Fails the test when `future` takes so long that it must be stuck: in real time, also when the
/// clock of the test is paused.
#[track_caller]
pub(crate) fn within<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let stuck = watchdog::bark();
        tokio::select! {
            biased;
            output = future => output,
            _ = stuck => panic!("still waiting at {caller}"),
        }
    }
}

mod watchdog {
    use std::sync::Mutex;
    use std::thread;
    use std::time::{Duration, Instant};

    use tokio::sync::oneshot::{self, Receiver, Sender};

    const PATIENCE: Duration = Duration::from_secs(30);

    type Watched = Vec<(Instant, Sender<()>)>;

    /// `None` until the first one waits.
    static WATCHED: Mutex<Option<Watched>> = Mutex::new(None);

    /// Ends when it has been too long.
    pub(super) fn bark() -> Receiver<()> {
        let (bark, barked) = oneshot::channel();
        let mut watched = WATCHED.lock().unwrap();
        let first = watched.is_none();
        watched
            .get_or_insert_default()
            .push((Instant::now() + PATIENCE, bark));
        if first {
            thread::spawn(watch);
        }
        barked
    }

    fn watch() {
        loop {
            thread::sleep(Duration::from_secs(1));
            let mut watched = WATCHED.lock().unwrap();
            for (end, bark) in watched.take().into_iter().flatten() {
                let kept = watched.get_or_insert_default();
                if end > Instant::now() {
                    if !bark.is_closed() {
                        kept.push((end, bark));
                    }
                } else {
                    let _ = bark.send(());
                }
            }
            watched.get_or_insert_default();
        }
    }
}

/// Lets all other tasks do what they can until `condition` holds.
#[track_caller]
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    within(async move {
        // Bounded also on a paused clock.
        for _ in 0..60_000 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        panic!("not even after a minute, at {caller}");
    })
}

/// A deadline that no test reaches.
pub(crate) fn far() -> Instant {
    Instant::now() + Duration::from_secs(7200)
}

/// Connections without any timers of their own.
pub(crate) fn untimed() -> ConnectionConfig {
    let mut config = ConnectionConfig::client();
    config.heartbeat = None;
    config.frame_timeout = None;
    config.write_stall_timeout = None;
    config
}

/// Two connections that talk to each other through memory: the client's end, the server's end.
pub(crate) fn pair<P: Protocol>(
    protocol: impl Fn() -> P,
    clients: impl FrameHandler<P>,
    servers: impl FrameHandler<P>,
    config: ConnectionConfig,
) -> (Connection<P>, Connection<P>) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let config = Arc::new(config);
    let client = Connection::over(
        near,
        Arc::new(protocol()),
        Role::Client,
        Arc::new(clients),
        Arc::clone(&config),
    );
    let server = Connection::over(
        far,
        Arc::new(protocol()),
        Role::Server,
        Arc::new(servers),
        config,
    );
    (client, server)
}

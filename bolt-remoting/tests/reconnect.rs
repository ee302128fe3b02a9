//! Peers that go and come back: each time they are found again, and nobody storms them.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bolt_codec::bolt::BoltVersion;
use bolt_remoting::client::PoolConfig;
use bolt_remoting::events::ConnectionEvent;
use bolt_remoting::rpc::{Body, RpcClient, RpcServer};
use bolt_remoting::{ErrorKind, Result};
use futures::future::join_all;
use support::bolt::{RAW, bolt, echo, heartbeat, processors};
use support::network::{Dial, Network};
use support::peer::bytes_of;
use support::{SEC, eventually, within};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

const ONE: &str = "peer:1";

fn reconnecting(network: &Network) -> RpcClient {
    let mut pools = PoolConfig::default();
    pools.reconnect = true;
    network.client().pools(pools).build().unwrap()
}

async fn call(client: &RpcClient, address: &str) -> Result<Body> {
    within(client.invoke_raw(RAW, address, &echo("x")).into_future()).await
}

fn live(client: &RpcClient) -> usize {
    client.pools().iter().map(|pool| pool.live).sum()
}

/// What a peer may say before anybody asks it for anything.
fn heard() -> Vec<u8> {
    bytes_of(&bolt(), heartbeat(BoltVersion::V1, 1))
}

async fn wait(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Java: `ReconnectManagerTest`.
mod in_the_background {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_is_made_again_if_that_was_asked_for() {
        let network = Network::with_server();
        let client = reconnecting(&network);
        call(&client, ONE).await.unwrap();
        network.restart();
        eventually(|| live(&client) == 0).await;
        eventually(|| live(&client) == 1).await;
        assert_eq!(network.dials(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn otherwise_it_waits_for_a_call() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        call(&client, ONE).await.unwrap();
        network.restart();
        wait(SEC * 3600).await;
        assert_eq!((live(&client), network.dials()), (0, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_with_warm_up_is_kept_full_always() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        let address = "peer:1?_CONNECTIONNUM=4&_CONNECTIONWARMUP=true";
        call(&client, address).await.unwrap();
        network.kill();
        wait(SEC * 60).await;
        network.restart();
        eventually(|| live(&client) == 4).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_address_is_left_alone() {
        let network = Network::with_server();
        let client = reconnecting(&network);
        call(&client, ONE).await.unwrap();
        network.kill();
        wait(SEC * 10).await;
        client.close(ONE, SEC).unwrap();
        let dials = network.dials();
        wait(SEC * 600).await;
        assert_eq!(network.dials(), dials);
        // And comes back as one that is kept, which it doesn't in Java.
        network.restart();
        call(&client, ONE).await.unwrap();
        network.restart();
        eventually(|| live(&client) == 0).await;
        eventually(|| live(&client) == 1).await;
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_on_a_dead_peer_become_rare_but_never_end() {
        let network = Network::with_server();
        let client = reconnecting(&network);
        call(&client, ONE).await.unwrap();
        let start = Instant::now();
        network.kill();
        wait(SEC * 3600).await;
        let times = network.dial_times();
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.max().unwrap() <= SEC * 30);
        // A random half of 30 s each, on average.
        let expected = 3600 / 15;
        assert!(
            (expected / 2..expected * 2).contains(&times.len()),
            "{}",
            times.len()
        );
        let in_the_first_second = times.iter().filter(|&&at| at < start + SEC).count();
        assert!(in_the_first_second <= 6, "{in_the_first_second}");
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_on_a_peer_that_accepts_says_something_and_closes_become_rare_too() {
        let dials = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&dials);
        let client = RpcClient::builder().connector(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            let (near, mut far) = tokio::io::duplex(64);
            tokio::spawn(async move {
                far.write_all(&heard()).await.unwrap();
                wait(SEC / 100).await;
            });
            async { Ok(near) }
        });
        let mut pools = PoolConfig::default();
        pools.reconnect = true;
        let client = client.pools(pools).build().unwrap();
        call(&client, ONE).await.unwrap_err();
        wait(SEC * 3600).await;
        let dials = dials.load(Ordering::Relaxed);
        assert!((120..=480).contains(&dials), "{dials}");
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_lose_their_peer_together_come_back_one_by_one() {
        let network = Network::with_server();
        let clients: Vec<RpcClient> = (0..100).map(|_| reconnecting(&network)).collect();
        for client in &clients {
            call(client, ONE).await.unwrap();
        }
        network.restart();
        wait(SEC).await;
        assert!(clients.iter().all(|client| live(client) == 1));
        let times = network.dial_times().split_off(100);
        let together = |at: &Instant| times.iter().filter(|&other| other == at).count();
        let most = times.iter().map(together).max().unwrap();
        assert!(most <= 10, "{most} of 100 within a millisecond");
    }
}

mod for_calls {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_does_not_wait_for_the_back_off() {
        let network = Network::with_server();
        let client = reconnecting(&network);
        call(&client, ONE).await.unwrap();
        network.kill();
        wait(SEC * 600).await;
        network.restart();
        let start = Instant::now();
        call(&client, ONE).await.unwrap();
        assert!(start.elapsed() < SEC / 100, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn ten_thousand_failing_callers_do_not_storm() {
        let network = Network::default();
        let client = network.client().build().unwrap();
        let start = Instant::now();
        let callers = (0..10_000).map(|_| async {
            for _ in 0..8 {
                let error = call(&client, ONE).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Connect);
            }
        });
        join_all(callers).await;
        let seconds = start.elapsed().as_secs() as usize;
        let dials = network.dials();
        assert!(dials >= 8 && dials <= 5 + seconds, "{dials} in {seconds} s");
        assert!(seconds <= 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_accepts_and_closes_is_not_stormed_either() {
        for said in [vec![], heard()] {
            let flapping = Arc::new(AtomicUsize::new(0));
            let dials = Arc::clone(&flapping);
            let client = RpcClient::builder().connector(move |_| {
                dials.fetch_add(1, Ordering::Relaxed);
                let (near, mut gone) = tokio::io::duplex(64);
                let said = said.clone();
                async move {
                    gone.write_all(&said).await?;
                    Ok(near)
                }
            });
            let mut pools = PoolConfig::default();
            pools.reconnect = true;
            let client = client.pools(pools).build().unwrap();
            let start = Instant::now();
            while start.elapsed() < SEC * 60 {
                call(&client, ONE).await.unwrap_err();
                wait(SEC / 100).await;
            }
            let dials = flapping.load(Ordering::Relaxed);
            assert!((50..=66).contains(&dials), "{dials}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dial_that_hangs_delays_no_other_address() {
        let network = Network::with_server();
        network.script([Dial::Hangs]);
        let client = network.client().build().unwrap();
        let start = Instant::now();
        let hanging = call(&client, "hangs:1");
        let others = async {
            tokio::task::yield_now().await;
            call(&client, "peer:2").await.unwrap();
            start.elapsed()
        };
        let (hung, other) = tokio::join!(hanging, others);
        assert_eq!(hung.unwrap_err().kind(), ErrorKind::Connect);
        assert!(other < SEC / 10);
    }
}

mod a_hundred_restarts {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn are_healed_in_the_background() {
        let network = Network::with_server();
        let client = reconnecting(&network);
        call(&client, ONE).await.unwrap();
        let mut dials = network.dials();
        for restart in 0..100 {
            // So that each of them lasts.
            wait(SEC * 10).await;
            network.kill();
            eventually(|| live(&client) == 0).await;
            wait(SEC * (restart % 5)).await;
            network.restart();
            let start = Instant::now();
            eventually(|| live(&client) == 1).await;
            assert!(start.elapsed() <= SEC * 30, "{:?}", start.elapsed());
            call(&client, ONE).await.unwrap();
            let used = network.dials() - dials;
            assert!(
                (1..=12).contains(&used),
                "{used} dials in restart {restart}"
            );
            dials += used;
        }
        assert!(dials <= 800, "{dials}");
    }

    #[tokio::test(start_paused = true)]
    async fn are_healed_by_calls_within_a_second() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        for restart in 0..100 {
            network.kill();
            eventually(|| live(&client) == 0).await;
            let down = Instant::now() + SEC * (restart % 4);
            while Instant::now() < down {
                call(&client, ONE).await.unwrap_err();
                wait(SEC / 10).await;
            }
            network.restart();
            let start = Instant::now();
            call(&client, ONE).await.unwrap();
            assert!(start.elapsed() <= SEC, "{:?}", start.elapsed());
        }
        // At most five at once and one a second for each time, and the one that succeeds.
        let dials = network.dials();
        assert!((100..=100 * 9).contains(&dials), "{dials}");
    }

    /// Somebody's outgoing connection may have the port for a moment: a dial of the client, even.
    async fn listen(address: SocketAddr) -> RpcServer {
        loop {
            let server = RpcServer::builder().processors(processors());
            match server.bind(address).await {
                Ok(server) => return server,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Bind),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn over_sockets_are_healed_and_the_dials_are_few() {
        let dials = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&dials);
        let mut pools = PoolConfig::default();
        pools.reconnect = true;
        let client = RpcClient::builder().pools(pools).timeout(SEC * 20);
        let client = client.on_connection_event(move |event| {
            use ConnectionEvent::{ConnectFailed, Connected};
            let dial = matches!(event, Connected(_) | ConnectFailed { .. });
            counted.fetch_add(usize::from(dial), Ordering::Relaxed);
        });
        let client = client.build().unwrap();
        let mut address: SocketAddr = ([127, 0, 0, 1], 0).into();
        for _ in 0..100 {
            let server = within(listen(address)).await;
            address = server.local_addr();
            let text = address.to_string();
            // Fails at most with the connection that it finds dying.
            within(async { while client.invoke_raw(RAW, &text, &echo("x")).await.is_err() {} })
                .await;
            // As a killed process does: no drain, no goodbye.
            drop(server);
            eventually(|| live(&client) == 0).await;
        }
        client.shutdown(Duration::ZERO).await;
        let dials = dials.load(Ordering::Relaxed);
        assert!((100..=1000).contains(&dials), "{dials}");
    }
}

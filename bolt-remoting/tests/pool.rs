//! The connections of an address: how many, which one a call takes, and what happens to those that
//! are lost, old or unused. Most of it on a paused clock, over a network in memory.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bolt_codec::bolt::Bolt;
use bolt_remoting::client::{IfAbsent, PoolConfig, PoolSnapshot, Random, RoundRobin, Select};
use bolt_remoting::rpc::{Body, RpcClient};
use bolt_remoting::{CloseReason, Connection, ErrorKind, Result};
use support::bolt::{ECHO, NEVER, RAW, body, echo};
use support::network::{Dial, Network};
use support::{SEC, eventually, within};

const ONE: &str = "peer:1";
const FOUR: &str = "peer:1?_CONNECTIONNUM=4";
const FOUR_WARM: &str = "peer:1?_CONNECTIONNUM=4&_CONNECTIONWARMUP=true";

fn pools(change: impl FnOnce(&mut PoolConfig)) -> PoolConfig {
    let mut config = PoolConfig::default();
    change(&mut config);
    config
}

async fn call(client: &RpcClient, address: &str) -> Result<Body> {
    within(client.invoke_raw(RAW, address, &echo("x")).into_future()).await
}

/// The connection that a call to `address` takes now.
async fn taken(client: &RpcClient, address: &str) -> Connection<Bolt> {
    within(client.connect(address))
        .await
        .unwrap()
        .engine()
        .clone()
}

/// A call that stays in flight on the connection that it takes.
async fn occupy(client: &RpcClient, address: &str) -> impl Sized {
    let call = client.invoke_raw(RAW, address, &body(NEVER, ""));
    within(call.timeout(SEC * 7200).future()).await.unwrap()
}

fn only(client: &RpcClient) -> PoolSnapshot {
    let mut pools = client.pools();
    assert_eq!(pools.len(), 1, "{pools:?}");
    pools.remove(0)
}

fn live(client: &RpcClient) -> usize {
    client.pools().iter().map(|pool| pool.live).sum()
}

async fn advance(seconds: u32) {
    tokio::time::sleep(SEC * seconds).await;
}

mod size {
    use super::*;

    /// Java: `AddressArgs_CONNECTIONNUM_Test`.
    #[tokio::test(start_paused = true)]
    async fn as_many_connections_as_the_address_says_are_kept() {
        for count in [1, 2, 10] {
            for warm in ["", "&_CONNECTIONWARMUP=true"] {
                let network = Network::with_server();
                let client = network.client().build().unwrap();
                let address = format!("peer:1?_CONNECTIONNUM={count}{warm}");
                call(&client, &address).await.unwrap();
                eventually(|| live(&client) == count).await;
                assert_eq!((only(&client).wanted, network.dials()), (count, count));
                advance(600).await;
                assert_eq!((live(&client), network.dials()), (count, count));
                client.close(&address, Duration::ZERO).unwrap();
                eventually(|| client.engine().connections().is_empty()).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_warm_up_the_first_call_needs_the_first_connection_only() {
        let network = Network::with_server();
        network.script([
            Dial::After(0),
            Dial::After(5),
            Dial::After(5),
            Dial::After(5),
        ]);
        let client = network.client().build().unwrap();
        let start = tokio::time::Instant::now();
        call(&client, FOUR).await.unwrap();
        assert!(start.elapsed() < SEC);
        assert_eq!(live(&client), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn with_warm_up_the_first_call_waits_for_all_connections() {
        let network = Network::with_server();
        network.script([
            Dial::After(0),
            Dial::After(0),
            Dial::After(3),
            Dial::After(0),
        ]);
        let client = network.client().connect_timeout(SEC * 5).build().unwrap();
        let start = tokio::time::Instant::now();
        call(&client, FOUR_WARM).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 3);
        assert_eq!(live(&client), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_warm_up_that_succeeds_in_part_lets_calls_out_and_is_completed_later() {
        let network = Network::with_server();
        network.script([Dial::After(0), Dial::Refused, Dial::Hangs, Dial::After(0)]);
        let client = network.client().build().unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        eventually(|| live(&client) == 4).await;
        assert_eq!(network.dials(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn texts_that_mean_the_same_share_their_connections_and_others_do_not() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        for text in ["peer:1", "PEER:1", "peer:1?_CONNECTIONNUM=1&_PROTOCOL=1"] {
            call(&client, text).await.unwrap();
        }
        assert_eq!(network.dials(), 1);
        for text in [
            "peer:1?_PROTOCOL=2",
            "peer:1?_PROTOCOL=2&_VERSION=2",
            "peer:2",
        ] {
            call(&client, text).await.unwrap();
        }
        assert_eq!((network.dials(), client.pools().len()), (4, 4));
    }
}

mod dialing {
    use super::*;

    /// Java: `ConcurrentCreateConnectionTest`.
    #[tokio::test(start_paused = true)]
    async fn many_callers_share_one_dial() {
        for (address, count) in [(ONE, 1), (FOUR_WARM, 4)] {
            let network = Network::with_server();
            network.script([Dial::After(1); 4]);
            let client = network.client().connect_timeout(SEC * 5).build().unwrap();
            let calls = (0..1000).map(|_| call(&client, address));
            for outcome in futures::future::join_all(calls).await {
                outcome.unwrap();
            }
            assert_eq!(network.dials(), count);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_by_all_who_wait_and_not_kept() {
        let network = Network::default();
        let client = network.client().build().unwrap();
        let calls = (0..1000).map(|_| call(&client, ONE));
        for outcome in futures::future::join_all(calls).await {
            let error = outcome.unwrap_err();
            assert_eq!(
                (error.kind(), error.was_sent()),
                (ErrorKind::Connect, false)
            );
        }
        assert_eq!(network.dials(), 1);
        network.restart();
        call(&client, ONE).await.unwrap();
        assert_eq!(network.dials(), 2);
    }

    /// Java: `ConnectionCreatingTest`.
    #[tokio::test(start_paused = true)]
    async fn connecting_counts_towards_the_deadline_of_the_call() {
        let network = Network::with_server();
        network.script([Dial::After(3)]);
        let client = network.client().connect_timeout(SEC * 5).build().unwrap();
        let start = tokio::time::Instant::now();
        let early = client.invoke_raw(RAW, ONE, &echo("")).timeout(SEC);
        let error = within(early.into_future()).await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, SEC));
        // The dial goes on, and the next call has the use of it.
        call(&client, ONE).await.unwrap();
        assert_eq!((network.dials(), start.elapsed().as_secs()), (1, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dial_that_hangs_ends_with_the_connect_timeout_of_the_address() {
        let network = Network::with_server();
        network.script([Dial::Hangs, Dial::Hangs]);
        let client = network.client().build().unwrap();
        for (address, millis) in [(ONE, 1000), ("peer:1?_CONNECTTIMEOUT=250", 250)] {
            let start = tokio::time::Instant::now();
            let error = call(&client, address).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert_eq!(start.elapsed().as_millis(), millis, "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_of_the_connector_fails_that_dial_only() {
        let first = std::sync::atomic::AtomicBool::new(true);
        let network = Network::with_server();
        let server = network.server();
        let client = RpcClient::builder().connector(move |_| {
            assert!(
                !first.swap(false, std::sync::atomic::Ordering::Relaxed),
                "no"
            );
            let (near, far) = tokio::io::duplex(1024);
            server.attach(far);
            async { Ok(near) }
        });
        let client = client.build().unwrap();
        let error = call(&client, ONE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        call(&client, ONE).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_told_when_the_deadline_ends_the_waiting() {
        let network = Network::default();
        let client = network.client().build().unwrap();
        for _ in 0..5 {
            call(&client, ONE).await.unwrap_err();
        }
        // The budget is spent: the next attempt is a second away.
        let start = tokio::time::Instant::now();
        let hasty = client.invoke_raw(RAW, ONE, &echo("")).timeout(SEC / 2);
        let error = within(hasty.into_future()).await.unwrap_err();
        assert_eq!(
            (error.kind(), start.elapsed()),
            (ErrorKind::Timeout, SEC / 2)
        );
        assert!(error.to_string().contains("refused"), "{error}");
        assert_eq!(network.dials(), 5);
    }
}

mod choice {
    use super::*;

    async fn with(select: impl Select<Bolt>) -> (Network, RpcClient) {
        let network = Network::with_server();
        let client = network.client().select(select).build().unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        (network, client)
    }

    #[tokio::test(start_paused = true)]
    async fn by_default_the_connection_with_the_fewest_pending_calls_is_taken() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        let mut in_flight = Vec::new();
        for round in 1..=5 {
            for _ in 0..4 {
                in_flight.push(occupy(&client, FOUR_WARM).await);
            }
            for connection in client.engine().connections() {
                assert_eq!(connection.calls_waiting(), round);
            }
        }
        let free = taken(&client, FOUR_WARM).await;
        assert_eq!(only(&client).calls_waiting, 20);
        drop(in_flight);
        assert_eq!(free.calls_waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn in_turns_every_connection_gets_every_fourth_call() {
        let (_network, client) = with(RoundRobin::default()).await;
        let mut numbers = Vec::new();
        for _ in 0..8 {
            numbers.push(taken(&client, FOUR_WARM).await.number());
        }
        assert_eq!(numbers[..4], numbers[4..]);
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn by_chance_every_connection_has_its_turn() {
        let (_network, client) = with(Random).await;
        let mut numbers = HashSet::new();
        for _ in 0..200 {
            numbers.insert(taken(&client, FOUR_WARM).await.number());
        }
        assert_eq!(numbers.len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_strategy_of_the_user_decides_also_with_numbers_that_are_too_large() {
        struct Last;
        impl Select<Bolt> for Last {
            fn select(&self, connections: &[Connection<Bolt>]) -> usize {
                2 * connections.len() - 1
            }
        }
        let (_network, client) = with(Last).await;
        let first = taken(&client, FOUR_WARM).await.number();
        for _ in 0..10 {
            assert_eq!(taken(&client, FOUR_WARM).await.number(), first);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_strategy_may_look_at_its_client() {
        struct Curious(Arc<OnceLock<RpcClient>>);
        impl Select<Bolt> for Curious {
            fn select(&self, connections: &[Connection<Bolt>]) -> usize {
                let client = self.0.get().unwrap();
                assert_eq!(only(client).wanted, connections.len());
                0
            }
        }
        let seen = Arc::new(OnceLock::new());
        let network = Network::with_server();
        let client = network.client().select(Curious(Arc::clone(&seen)));
        let client = client.build().unwrap();
        seen.set(client.clone()).unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        call(&client, FOUR_WARM).await.unwrap();
    }

    /// Java misses live connections among dead ones: its issue 308.
    #[tokio::test(start_paused = true)]
    async fn no_strategy_gets_a_dead_connection_while_another_one_lives() {
        struct First;
        impl Select<Bolt> for First {
            fn select(&self, _connections: &[Connection<Bolt>]) -> usize {
                0
            }
        }
        let (network, client) = with(First).await;
        network.script([Dial::Hangs; 50]);
        for left in (1..4).rev() {
            // Told by nobody but the connection itself.
            taken(&client, FOUR_WARM).await.close();
            assert!(taken(&client, FOUR_WARM).await.is_open());
            assert_eq!(live(&client), left);
        }
    }

    /// A call that waits in a pool that is closed just then looks for the next one.
    #[tokio::test(start_paused = true)]
    async fn an_address_that_is_closed_while_its_first_calls_are_served_is_opened_again() {
        #[derive(Clone, Default)]
        struct Spoiler(Arc<OnceLock<RpcClient>>, Arc<OnceLock<()>>);
        impl Select<Bolt> for Spoiler {
            fn select(&self, _connections: &[Connection<Bolt>]) -> usize {
                if self.1.set(()).is_ok() {
                    let client = self.0.get().unwrap();
                    client.close(FOUR_WARM, Duration::ZERO).unwrap();
                }
                0
            }
        }
        let spoiler = Spoiler::default();
        let network = Network::with_server();
        let client = network.client().select(spoiler.clone()).build().unwrap();
        spoiler.0.set(client.clone()).unwrap();
        let connection = within(client.connect(FOUR_WARM)).await.unwrap();
        assert!(connection.engine().is_open());
        assert_eq!(network.dials(), 8);
    }
}

mod upkeep {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_is_made_again_while_others_live() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        taken(&client, FOUR_WARM).await.close();
        assert_eq!(live(&client), 3);
        eventually(|| live(&client) == 4).await;
        assert_eq!(network.dials(), 5);
    }

    /// Java's pool yields nothing until somebody clears it away: its issue 210.
    #[tokio::test(start_paused = true)]
    async fn an_emptied_pool_is_dialed_again_by_the_next_call() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        call(&client, FOUR).await.unwrap();
        eventually(|| live(&client) == 4).await;
        network.restart();
        eventually(|| live(&client) == 0).await;
        advance(600).await;
        assert_eq!(network.dials(), 4, "nobody needs it");
        call(&client, FOUR).await.unwrap();
        eventually(|| live(&client) == 4).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_replaced_before_its_age_ends_it() {
        let network = Network::with_server();
        let config = pools(|pools| {
            pools.max_connection_age = Some(SEC * 100);
            pools.drain_grace = SEC;
        });
        let client = network.client().pools(config).build().unwrap();
        call(&client, ONE).await.unwrap();
        let old = taken(&client, ONE).await;
        let in_flight = occupy(&client, ONE).await;
        advance(79).await;
        assert_eq!(taken(&client, ONE).await.number(), old.number());
        advance(22).await;
        let new = taken(&client, ONE).await;
        assert_ne!(new.number(), old.number());
        assert_eq!(network.dials(), 2);
        // What is in flight may end on the old one, grace or not.
        eventually(|| !old.is_open()).await;
        advance(60).await;
        assert_eq!(old.calls_waiting(), 1);
        drop(in_flight);
        within(old.closed()).await;
        assert_eq!(old.close_reason(), Some(CloseReason::Local));
        assert!(new.is_open());
    }

    /// Java: `ScheduledDisconnectStrategyTest`.
    #[tokio::test(start_paused = true)]
    async fn aged_connections_go_one_by_one_and_never_without_a_successor() {
        let network = Network::with_server();
        let config = pools(|pools| {
            pools.max_connection_age = Some(SEC * 100);
            pools.drain_grace = SEC;
        });
        let client = network.client().pools(config).build().unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        for _ in 0..3000 {
            tokio::time::sleep(SEC / 10).await;
            assert!((4..=5).contains(&live(&client)), "{:?}", client.pools());
            call(&client, FOUR_WARM).await.unwrap();
        }
        let dials = network.dials();
        assert!((12..=20).contains(&dials), "{dials}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_aged_connection_stays_while_its_successor_cannot_be_made() {
        let network = Network::with_server();
        let config = pools(|pools| pools.max_connection_age = Some(SEC * 100));
        let client = network.client().pools(config).build().unwrap();
        call(&client, ONE).await.unwrap();
        network.script([Dial::Refused; 20]);
        advance(130).await;
        assert!(network.dials() > 2);
        call(&client, ONE).await.unwrap();
        assert_eq!(live(&client), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unused_address_is_let_go_and_comes_back_when_it_is_used() {
        let network = Network::with_server();
        let config = pools(|pools| pools.idle_timeout = Some(SEC * 60));
        let client = network.client().pools(config).build().unwrap();
        for _ in 0..10 {
            call(&client, ONE).await.unwrap();
            advance(50).await;
        }
        assert_eq!((network.dials(), client.pools().len()), (1, 1));
        let in_flight = occupy(&client, ONE).await;
        advance(600).await;
        assert_eq!(client.pools().len(), 1, "a call in flight is use");
        drop(in_flight);
        advance(76).await;
        assert!(client.pools().is_empty());
        eventually(|| client.engine().connections().is_empty()).await;
        call(&client, ONE).await.unwrap();
        assert_eq!(network.dials(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn above_the_most_addresses_the_one_unused_for_longest_is_let_go() {
        let network = Network::with_server();
        let config = pools(|pools| pools.max_addresses = 3);
        let client = network.client().pools(config).build().unwrap();
        let known = |client: &RpcClient| -> HashSet<u16> {
            client
                .pools()
                .iter()
                .map(|pool| pool.address.port())
                .collect()
        };
        for port in 1..=3 {
            call(&client, &format!("peer:{port}")).await.unwrap();
        }
        let in_flight = occupy(&client, "peer:2").await;
        // All have been used since: they lose their marks, and the first in is the first out.
        call(&client, "peer:4").await.unwrap();
        assert_eq!(known(&client), HashSet::from([2, 3, 4]));
        call(&client, "peer:3").await.unwrap();
        call(&client, "peer:5").await.unwrap();
        assert_eq!(known(&client), HashSet::from([3, 4, 5]));
        // What was in flight is not cut off.
        advance(5).await;
        drop(in_flight);
        eventually(|| client.engine().connections().len() == 3).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_addresses_and_spellings_stays_bounded() {
        let network = Network::with_server();
        let config = pools(|pools| {
            pools.max_addresses = 8;
            pools.drain_grace = Duration::ZERO;
        });
        let client = network.client().pools(config).build().unwrap();
        for round in 0..500 {
            let (port, spelling) = (1 + round % 50, round);
            let address = format!("peer:{port}?unknown={spelling}");
            call(&client, &address).await.unwrap();
            assert!(client.pools().len() <= 8);
        }
        eventually(|| client.engine().connections().len() == 8).await;
    }
}

mod by_hand {
    use super::*;

    /// Java: `ConnectionTest`, `RpcConnectionManagerTest`.
    #[tokio::test(start_paused = true)]
    async fn a_standalone_connection_belongs_to_no_pool() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        for round in 1..=3 {
            let alone = within(client.standalone(ONE)).await.unwrap();
            let answer = within(alone.invoke_raw(RAW, &echo("x")).into_future()).await;
            assert_eq!(answer.unwrap(), echo("x"));
            assert!(client.pools().is_empty() && network.dials() == round);
            alone.engine().close();
            assert!(!alone.engine().is_open());
            within(alone.engine().closed()).await;
        }
        let alone = within(client.standalone(ONE)).await.unwrap();
        call(&client, ONE).await.unwrap();
        assert_eq!(network.dials(), 5);
        assert_eq!(client.engine().connections().len(), 2);
        within(client.shutdown(SEC)).await;
        assert!(!alone.engine().is_open());
        let error = client.standalone(ONE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_address_drains_and_opens_again_with_the_next_call() {
        let network = Network::with_server();
        let config = pools(|pools| pools.reconnect = true);
        let client = network.client().pools(config).build().unwrap();
        call(&client, FOUR_WARM).await.unwrap();
        let in_flight = occupy(&client, FOUR_WARM).await;
        client.close(FOUR_WARM, SEC * 30).unwrap();
        assert!(client.pools().is_empty());
        advance(20).await;
        assert_eq!(client.engine().connections().len(), 1, "a call in flight");
        assert_eq!(network.dials(), 4, "nothing is made again");
        drop(in_flight);
        eventually(|| client.engine().connections().is_empty()).await;
        call(&client, FOUR_WARM).await.unwrap();
        assert_eq!((live(&client), network.dials()), (4, 8));
        client.close("nobody:1", SEC).unwrap();
        let error = client.close("nonsense", SEC).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidAddress);
    }

    #[tokio::test(start_paused = true)]
    async fn closing_an_address_cancels_its_dials_and_those_who_wait_dial_anew() {
        let network = Network::with_server();
        network.script([Dial::Hangs]);
        let client = network
            .client()
            .connect_timeout(SEC * 3600)
            .build()
            .unwrap();
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { call(&client, ONE).await }
        });
        eventually(|| network.dials() == 1).await;
        client.close(ONE, SEC).unwrap();
        within(waiting).await.unwrap().unwrap();
        assert_eq!(network.dials(), 2);
    }

    /// Java: `ClientConnectionTest`.
    #[tokio::test(start_paused = true)]
    async fn a_check_tells_whether_there_is_a_connection_and_may_make_one() {
        let network = Network::default();
        let client = network.client().build().unwrap();
        let check = async |if_absent| within(client.check(ONE, if_absent)).await.unwrap();
        assert!(!check(IfAbsent::Leave).await);
        assert_eq!((network.dials(), client.pools().len()), (0, 0));
        assert!(
            !check(IfAbsent::Connect).await,
            "nobody is there, which is no error"
        );
        assert_eq!(network.dials(), 1);
        network.restart();
        assert!(!check(IfAbsent::ConnectLater).await, "not yet");
        eventually(|| live(&client) == 1).await;
        assert!(check(IfAbsent::Leave).await);
        assert!(check(IfAbsent::ConnectLater).await);
        taken(&client, ONE).await.close();
        assert!(!check(IfAbsent::Leave).await);
        assert!(check(IfAbsent::Connect).await);
        assert!(client.check("", IfAbsent::Leave).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_snapshot_says_how_an_address_stands() {
        let network = Network::default();
        let config = pools(|pools| pools.reconnect = true);
        let client = network.client().pools(config).build().unwrap();
        call(&client, FOUR).await.unwrap_err();
        let bad = only(&client);
        assert_eq!((bad.wanted, bad.live, bad.calls_waiting), (4, 0, 0));
        assert_eq!(bad.last_error.as_ref().unwrap().kind(), ErrorKind::Connect);
        assert!(bad.backing_off.unwrap() <= SEC / 10);
        assert!(bad.to_string().contains("0 of 4 connections"), "{bad}");
        network.restart();
        let _in_flight = occupy(&client, FOUR).await;
        eventually(|| live(&client) == 4).await;
        let good = only(&client);
        assert_eq!((good.live, good.dialing, good.callers), (4, 0, 0));
        assert_eq!(good.calls_waiting, 1);
        assert!(good.last_error.is_none() && good.backing_off.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn settings_of_connections_may_differ_by_address() {
        let network = Network::with_server();
        let client = network.client().adjust_config(|address, config| {
            config.heartbeat = config.heartbeat.filter(|_| address.port() == 1);
        });
        let client = client.build().unwrap();
        assert!(taken(&client, "peer:1").await.config().heartbeat.is_some());
        assert!(taken(&client, "peer:2").await.config().heartbeat.is_none());
    }
}

mod end {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_shutdown_cancels_dials_and_back_off_and_ends_all_who_wait() {
        let network = Network::with_server();
        network.script([Dial::Hangs, Dial::Refused]);
        let config = pools(|pools| {
            pools.connect_timeout = SEC * 3600;
            pools.reconnect = true;
        });
        let client = network.client().pools(config).build().unwrap();
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { call(&client, ONE).await }
        });
        eventually(|| network.dials() == 1).await;
        call(&client, "peer:2").await.unwrap_err();
        let start = tokio::time::Instant::now();
        within(client.shutdown(SEC * 60)).await;
        assert!(start.elapsed() < SEC);
        let error = within(waiting).await.unwrap().unwrap_err();
        assert_eq!(error.close_reason(), Some(&CloseReason::Local));
        let error = call(&client, ONE).await.unwrap_err();
        assert_eq!(error.close_reason(), Some(&CloseReason::Local));
        advance(600).await;
        assert_eq!(network.dials(), 2);
    }

    /// Java: `ServerClientStopTest`.
    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_client_ends_all_its_connections_on_the_server_too() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        call(&client, "peer:1?_CONNECTIONNUM=8&_CONNECTIONWARMUP=true")
            .await
            .unwrap();
        assert_eq!(network.server().connections().len(), 8);
        within(client.shutdown(SEC)).await;
        eventually(|| network.server().connections().is_empty()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn dropping_the_last_clone_closes_everything() {
        let network = Network::with_server();
        let client = network.client().build().unwrap();
        let clone = client.clone();
        call(&client, FOUR_WARM).await.unwrap();
        drop(client);
        call(&clone, FOUR_WARM).await.unwrap();
        drop(clone);
        eventually(|| network.server().connections().is_empty()).await;
        advance(600).await;
        assert_eq!(network.dials(), 4);
    }
}

#[tokio::test]
async fn a_client_outlives_the_runtime_that_its_connections_lived_in() {
    let (_, address, client) = support::wire::both().await;
    let elsewhere = {
        let (client, address) = (client.clone(), address.clone());
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .unwrap()
                .block_on(async { call(&client, &address).await.is_err() })
        })
    };
    assert!(within(elsewhere).await.unwrap(), "that server is gone");
    let (_server, address) = support::wire::server_with(support::bolt::processors()).await;
    let elsewhere = {
        let (client, address) = (client.clone(), address.clone());
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .unwrap()
                .block_on(async { call(&client, &address).await.unwrap() })
        })
    };
    assert_eq!(within(elsewhere).await.unwrap().class, ECHO);
    call(&client, &address).await.unwrap();
}

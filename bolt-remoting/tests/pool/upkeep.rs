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
    advance(50).await;
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
async fn calls_on_a_connection_that_somebody_keeps_are_use_and_heartbeats_are_not() {
    let network = Network::with_server();
    let config = pools(|pools| pools.idle_timeout = Some(SEC * 60));
    let client = network.client().pools(config).build().unwrap();
    let kept = within(client.connect(ONE)).await.unwrap();
    for _ in 0..10 {
        let call = kept.invoke_raw(RAW, &echo("x"));
        within(call.into_future()).await.unwrap();
        advance(50).await;
    }
    assert!(kept.engine().is_open());
    advance(26).await;
    assert!(client.pools().is_empty());
    within(kept.engine().closed()).await;
    let beats = kept.engine().stats().heartbeats_sent;
    assert!(beats > 10, "{beats}");
}

#[tokio::test(start_paused = true)]
async fn what_the_peer_asks_for_is_use_while_it_runs_and_when_it_has_ended() {
    let network = Network::with_server();
    let config = pools(|pools| pools.idle_timeout = Some(SEC * 60));
    let client = network.client().pools(config).processors(processors());
    let client = client.build().unwrap();
    let kept = within(client.connect(ONE)).await.unwrap();
    let pushing = network.server().connections().remove(0);
    for _ in 0..10 {
        let push = pushing.oneway_with(&RAW, &echo("x"));
        within(push.into_future()).await.unwrap();
        advance(50).await;
    }
    let call = pushing.invoke_raw(RAW, &body(NEVER, "")).timeout(SEC * 600);
    let running = within(call.future()).await.unwrap();
    advance(590).await;
    assert!(kept.engine().is_open());
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn too_many_addresses_spare_the_one_whose_connection_somebody_calls_on() {
    let network = Network::with_server();
    let config = pools(|pools| pools.max_addresses = 3);
    let client = network.client().pools(config).build().unwrap();
    call(&client, "peer:2").await.unwrap();
    let kept = within(client.connect(ONE)).await.unwrap();
    call(&client, "peer:3").await.unwrap();
    // Now the first one goes, and the others have to be used again.
    call(&client, "peer:4").await.unwrap();
    let on_kept = kept.invoke_raw(RAW, &echo("x"));
    within(on_kept.into_future()).await.unwrap();
    call(&client, "peer:5").await.unwrap();
    assert!(kept.engine().is_open());
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

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
async fn the_connect_timeout_of_the_builder_beats_that_of_the_pools_in_any_order() {
    let network = Network::with_server();
    network.script([Dial::Hangs, Dial::Hangs]);
    let config = pools(|pools| pools.connect_timeout = SEC * 9);
    let last = network.client().connect_timeout(SEC * 2);
    let last = last.pools(config.clone());
    let first = network.client().pools(config).connect_timeout(SEC * 2);
    for client in [first, last] {
        let client = client.build().unwrap();
        let start = tokio::time::Instant::now();
        call(&client, ONE).await.unwrap_err();
        assert_eq!(start.elapsed(), SEC * 2);
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

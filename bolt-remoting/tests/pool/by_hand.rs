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

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

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

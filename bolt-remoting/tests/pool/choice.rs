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
async fn turns_are_counted_for_each_address() {
    let (_network, client) = with(RoundRobin::default()).await;
    let other = FOUR_WARM.replace("peer:1", "peer:2");
    let mut numbers = HashSet::new();
    for _ in 0..4 {
        for address in [FOUR_WARM, &other] {
            numbers.insert(taken(&client, address).await.number());
        }
    }
    assert_eq!(numbers.len(), 8);
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

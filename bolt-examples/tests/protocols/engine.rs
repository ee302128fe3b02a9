//! What the engine gives to each protocol.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use bolt_codec::{Protocol, Role};
use bolt_remoting::tls::{
    ClientTls, ClientTlsConfig, Roots, ServerTls, ServerTlsConfig, TlsIdentity,
};
use bolt_remoting::{
    Client, ClientBuilder, Connection, ConnectionConfig, ErrorKind, FrameContext, FrameHandler,
    HeartbeatConfig, NoHandler, Reply, Server,
};
use tokio::sync::Semaphore;

use crate::cases::Case;
use crate::{PATIENCE, far};

/// Answers each request once there is a permit.
pub(crate) struct Gate<P: Protocol> {
    permits: Arc<Semaphore>,
    answer: fn(&P::Frame) -> P::Frame,
}

impl<P: Protocol> FrameHandler<P> for Gate<P> {
    fn handle(&self, _cx: FrameContext<P>, frame: P::Frame, reply: &mut Reply<P>) {
        let (permits, answer) = (Arc::clone(&self.permits), (self.answer)(&frame));
        reply.later(async move {
            permits.acquire().await.ok()?.forget();
            Some(answer)
        });
    }
}

impl<P: Protocol> Case<P>
where
    P::Frame: Debug,
{
    /// A handler that lets so many requests pass.
    pub(crate) fn gate(&self, permits: usize) -> (Arc<Semaphore>, Gate<P>) {
        let permits = Arc::new(Semaphore::new(permits));
        let answer = self.answer;
        (Arc::clone(&permits), Gate { permits, answer })
    }

    pub(crate) fn client(&self) -> ClientBuilder<P> {
        let client = Client::builder((self.protocol)()).connect_timeout(PATIENCE);
        (self.settings)(client)
    }

    pub(crate) async fn has_everything(&self) {
        self.pools().await;
        self.deadlines().await;
        self.drains().await;
        self.speaks_tls().await;
    }

    async fn pools(&self) {
        let (_, gate) = self.gate(1000);
        let server = Server::builder((self.protocol)(), gate)
            .bind("127.0.0.1:0")
            .await;
        let server = server.unwrap();
        let address = format!(
            "{}?_CONNECTIONNUM=3&_CONNECTIONWARMUP=true",
            server.local_addr()
        );
        let client = self.client().build();
        for _ in 0..30 {
            let connection = client.connection(&address, far()).await.unwrap();
            connection.call((self.call)(), PATIENCE).await.unwrap();
        }
        assert_eq!(
            (client.connections().len(), server.connections().len()),
            (3, 3)
        );
        let lost = client.connections().pop().unwrap();
        server
            .connection(lost.local_addr().unwrap())
            .unwrap()
            .close();
        lost.closed().await;
        let connection = client.connection(&address, far()).await.unwrap();
        connection.call((self.call)(), PATIENCE).await.unwrap();
    }

    async fn deadlines(&self) {
        let (_permits, gate) = self.gate(1);
        let server = Server::builder((self.protocol)(), gate)
            .bind("127.0.0.1:0")
            .await;
        let server = server.unwrap();
        let client = self.client().build();
        let address = server.local_addr().to_string();
        let connection = client.connection(&address, far()).await.unwrap();
        // The permit may have gone to what clients do first.
        let short = Duration::from_millis(50);
        let calls = [(); 2].map(|()| connection.call((self.call)(), short));
        let outcomes = futures::future::join_all(calls).await;
        let late = outcomes.into_iter().filter_map(Result::err).next_back();
        assert_eq!(late.unwrap().kind(), ErrorKind::Timeout);
        assert!(connection.is_open());
        assert_eq!(connection.stats().calls_waiting, 0);
    }

    async fn drains(&self) {
        let (permits, gate) = self.gate(1);
        let server = Server::builder((self.protocol)(), gate)
            .bind("127.0.0.1:0")
            .await;
        let server = server.unwrap();
        let client = self.client().build();
        let address = server.local_addr().to_string();
        let connection = client.connection(&address, far()).await.unwrap();
        let mut calls = Vec::new();
        for _ in 0..10 {
            calls.push(connection.start_call((self.call)(), far()).await.unwrap());
        }
        while server.connections()[0].stats().requests_in_flight < 9 {
            tokio::task::yield_now().await;
        }
        let shutdown = server.shutdown(PATIENCE);
        let opening = async { permits.add_permits(10) };
        let (cut_off, ()) = tokio::join!(shutdown, opening);
        assert_eq!(cut_off, 0);
        for call in calls {
            call.await.unwrap();
        }
        connection.closed().await;
    }

    async fn speaks_tls(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let identity = TlsIdentity::from_pem(&cert, key).unwrap();
        let tls = ServerTls::new(ServerTlsConfig::new(identity)).unwrap();
        let (_, gate) = self.gate(100);
        let server = Server::builder((self.protocol)(), gate).tls(tls);
        let server = server.bind("127.0.0.1:0").await.unwrap();
        let trust = ClientTlsConfig::trusting(Roots::from_pem(&cert).unwrap());
        let trust = ClientTls::new(trust.server_name("localhost")).unwrap();
        let client = self.client().tls(trust).build();
        let address = server.local_addr().to_string();
        let connection = client.connection(&address, far()).await.unwrap();
        connection.call((self.call)(), PATIENCE).await.unwrap();
    }

    /// An hour of silence on a paused clock.
    pub(crate) async fn keeps_alive(&self) {
        let mut config = ConnectionConfig::client();
        config.heartbeat = Some(HeartbeatConfig::every(Duration::from_secs(15)));
        let config = Arc::new(config);
        let (near, far) = tokio::io::duplex(4096);
        let (_, gate) = self.gate(10_000);
        let protocol = || Arc::new((self.protocol)());
        let nobody = Arc::new(NoHandler);
        let config_of_server = Arc::new(ConnectionConfig::server());
        let client = Connection::over(near, protocol(), Role::Client, nobody, config);
        let gate = Arc::new(gate);
        let server = Connection::over(far, protocol(), Role::Server, gate, config_of_server);
        client.greeted().await.unwrap();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(client.is_open() && server.is_open());
        assert!(
            client.stats().heartbeats_acked >= 230,
            "{:?}",
            client.stats()
        );
        drop((client, server));
    }
}

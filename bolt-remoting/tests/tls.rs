//! TLS: who is trusted and who isn't, and what a failed handshake says.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use bolt_codec::Role;
use bolt_codec::bolt::{Bolt, BoltVersion, ResponseStatus};
use bolt_remoting::rpc::Body;
use bolt_remoting::tls::{
    ClientTls, ClientTlsConfig, Fingerprint, Roots, ServerTls, ServerTlsConfig, TlsIdentity,
};
use bolt_remoting::{
    CloseReason, Connection, ConnectionConfig, Error, ErrorKind, Result, RpcClient, RpcServer,
    handler_fn,
};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use support::bolt::{ECHO, NEVER, RAW, body, bolt, echo, processors, request, status};
use support::certificates::{Authority, Certificate};
use support::json::{Json, Message};
use support::peer::{self, Peer};
use support::secure::{LOCAL, call, client, serve};
use support::{eventually, within};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// The error has this text, and says that nothing was sent.
#[track_caller]
fn assert_refused(outcome: Result<Body>, text: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(!error.was_sent());
    assert!(error.to_string().contains(text), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

// ---- what works ----------------------------------------------------------------------------------

#[tokio::test]
async fn calls_of_any_size_travel_over_tls() {
    let authority = Authority::new("root");
    let identity = authority.issue(LOCAL).identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    for size in [0, 1, 16 * 1024, 10 << 20] {
        let content = vec![7; size];
        let answer = client.invoke_raw(RAW, &address, &echo(content.clone()));
        let answer = within(answer.timeout(support::SEC * 30).into_future())
            .await
            .unwrap();
        assert_eq!(answer, body(ECHO, content));
    }
    assert_eq!(client.engine().connections().len(), 1);
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let authority = Authority::new("root");
    let identity = authority.issue(LOCAL).identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut peer = by_hand(&address, &authority, version).await;
        let spoken = peer.io.get_ref().1.protocol_version();
        assert_eq!(spoken, Some(version.version));
        peer.send(request(BoltVersion::V1, 7, ECHO, "x")).await;
        let answer = peer.recv().await;
        assert_eq!((answer.id, status(&answer)), (7, ResponseStatus::SUCCESS));
    }
}

#[tokio::test]
async fn an_ordered_close_is_told_from_a_broken_connection() {
    let authority = Authority::new("root");
    let identity = authority.issue(LOCAL).identity();
    let (server, address) = serve(ServerTlsConfig::new(identity)).await;
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    let connection = client.connect(&address).await.unwrap();
    assert_eq!(within(server.shutdown(support::SEC)).await, 0);
    within(connection.engine().closed()).await;
    let reason = connection.engine().close_reason();
    assert_eq!(reason, Some(CloseReason::Peer));
}

#[tokio::test]
async fn the_name_to_check_can_be_another_than_the_address() {
    let authority = Authority::new("root");
    let identity = authority.issue(&["bolt.example"]).identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    let trust = ClientTlsConfig::trusting(authority.roots());
    call(&client(trust.server_name("bolt.example")), &address)
        .await
        .unwrap();
}

#[tokio::test]
async fn both_ends_may_show_certificates() {
    let authority = Authority::new("root");
    let identity = authority.issue(LOCAL).identity();
    let (_server, address) =
        serve(ServerTlsConfig::new(identity).client_roots(authority.roots())).await;
    let config = ClientTlsConfig::trusting(authority.roots())
        .identity(authority.issue(&["some client"]).identity());
    call(&client(config), &address).await.unwrap();
}

#[tokio::test]
async fn a_pinned_certificate_needs_no_name_no_issuer_and_no_time() {
    for certificate in [
        Certificate::self_signed("no names at all"),
        Authority::new("somebody").issue_expired(&["elsewhere.example"]),
    ] {
        let (_server, address) = serve(ServerTlsConfig::new(certificate.identity())).await;
        let pins = [Fingerprint::of(b"an older one"), certificate.fingerprint()];
        let client = client(ClientTlsConfig::pinning(pins));
        call(&client, &address).await.unwrap();
    }
}

#[tokio::test]
async fn a_self_signed_certificate_may_be_its_own_root() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let identity =
        TlsIdentity::from_der([made.cert.der().to_vec()], made.signing_key.serialize_der());
    let (_server, address) = serve(ServerTlsConfig::new(identity.unwrap())).await;
    let roots = Roots::from_der([made.cert.der().to_vec()]).unwrap();
    let client = client(ClientTlsConfig::trusting(roots));
    call(&client, &address).await.unwrap();
}

// ---- who is refused, and what is said of it -------------------------------------------------------

#[tokio::test]
async fn a_server_that_no_root_has_signed_is_refused() {
    let identity = Authority::new("another").issue(LOCAL).identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    let client = client(ClientTlsConfig::trusting(Authority::new("root").roots()));
    assert_refused(call(&client, &address).await, "no trusted root signed it");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new("root");
    let identity = authority.issue_expired(LOCAL).identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    assert_refused(call(&client, &address).await, "certificate expired");
}

#[tokio::test]
async fn a_certificate_with_another_name_is_refused() {
    let authority = Authority::new("root");
    let identity = authority.issue(&["bolt.example"]).identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    let text = "not valid for name \"127.0.0.1\"";
    assert_refused(call(&client, &address).await, text);
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused_and_named() {
    let certificate = Certificate::self_signed("new");
    let (_server, address) = serve(ServerTlsConfig::new(certificate.identity())).await;
    let pinned = Certificate::self_signed("old").fingerprint();
    let client = client(ClientTlsConfig::pinning([pinned]));
    let shown = certificate.fingerprint().to_string();
    assert_refused(call(&client, &address).await, &shown);
}

#[tokio::test]
async fn the_pinned_certificate_is_worth_nothing_without_its_key() {
    let stolen = Certificate::self_signed("stolen");
    let thief = Certificate::self_signed("thief");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let address = impostor(&stolen, &thief, version).await;
        let client = client(ClientTlsConfig::pinning([stolen.fingerprint()]));
        assert_refused(call(&client, &address).await, "BadSignature");
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_learns_that_it_needs_one() {
    let authority = Authority::new("root");
    let identity = authority.issue(LOCAL).identity();
    let (_server, address) =
        serve(ServerTlsConfig::new(identity).client_roots(authority.roots())).await;
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    let error = call(&client, &address).await.unwrap_err();
    assert_closed_by_tls(&error, "the peer wants a certificate");
}

#[tokio::test]
async fn a_client_that_no_root_has_signed_learns_that_it_is_not_trusted() {
    let authority = Authority::new("root");
    let identity = authority.issue(LOCAL).identity();
    let (_server, address) =
        serve(ServerTlsConfig::new(identity).client_roots(authority.roots())).await;
    let stranger = Authority::new("stranger").issue(&["client"]);
    let trust = ClientTlsConfig::trusting(authority.roots());
    let error = call(&client(trust.identity(stranger.identity())), &address)
        .await
        .unwrap_err();
    assert_closed_by_tls(&error, "trust this end's certificate");
}

#[tokio::test]
async fn a_plain_client_learns_that_the_server_speaks_tls() {
    let identity = Certificate::self_signed("server").identity();
    let (_server, address) = serve(ServerTlsConfig::new(identity)).await;
    let error = call(&RpcClient::new(), &address).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[tokio::test]
async fn a_tls_client_learns_that_the_server_does_not_speak_tls() {
    let server = RpcServer::builder().processors(processors());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let client = client(ClientTlsConfig::trusting(Authority::new("root").roots()));
    assert_refused(call(&client, &address).await, "does it speak TLS?");
    // A server that answers something else instead of closing.
    let (listener, address) = peer::listen().await;
    let answering = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad\r\n").await.unwrap();
        stream
    };
    let (outcome, _stream) = tokio::join!(call(&client, &address), answering);
    assert_refused(outcome, "does the peer speak TLS?");
}

#[test]
fn certificates_that_make_no_sense_are_explained() {
    let (one, other) = (Certificate::self_signed("a"), Certificate::self_signed("b"));
    let key = one.key.serialize_pem();
    let expect = |outcome: Result<()>, text: &str| {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(text), "{error}");
    };
    let from_pem = |cert: &str, key: &str| TlsIdentity::from_pem(cert, key).map(drop);
    expect(from_pem("", &key), "certificate: no CERTIFICATE part");
    expect(from_pem(&one.pem, &one.pem), "no unencrypted PRIVATE KEY");
    let from_der = TlsIdentity::from_der([one.der.clone()], *b"no key");
    expect(from_der.map(drop), "private key: ");
    expect(
        TlsIdentity::from_der([], one.key.serialize_der()).map(drop),
        "certificate: there is none",
    );
    let missing = TlsIdentity::from_pem_files("/nowhere/cert.pem", "/nowhere/key.pem");
    expect(missing.map(drop), "/nowhere/cert.pem: ");
    expect(Roots::from_pem("").map(drop), "trust roots: ");
    expect(
        Roots::from_pem_files::<&str>([]).map(drop),
        "there are none",
    );
    let mixed = TlsIdentity::from_pem(&one.pem, other.key.serialize_pem()).unwrap();
    let tls = ServerTls::new(ServerTlsConfig::new(mixed.clone()));
    expect(tls.map(drop), "server certificate: ");
    let config = ClientTlsConfig::pinning([one.fingerprint()]);
    let tls = ClientTls::new(config.clone().identity(mixed));
    expect(tls.map(drop), "client certificate: ");
    let tls = ClientTls::new(config.server_name("no name"));
    expect(tls.map(drop), "server name: \"no name\"");
    for text in ["", "abc", "zz", &"ab".repeat(31), &"ab".repeat(33)] {
        expect(text.parse::<Fingerprint>().map(drop), "no SHA-256 in hex");
    }
}

#[test]
fn a_key_is_never_shown() {
    let certificate = Certificate::self_signed("a");
    let shown = format!("{:?}", ServerTlsConfig::new(certificate.identity()));
    assert_eq!(
        shown,
        "ServerTlsConfig { identity: TlsIdentity { certificates: 1, .. }, client_roots: None }"
    );
}

// ---- what TLS holds -------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_is_closed_though_tls_holds_all_that_is_left() {
    let authority = Authority::new("root");
    let issued = authority.issue(LOCAL);
    let (near, far) = tokio::io::duplex(8 * 1024);
    let version = &rustls::version::TLS13;
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&issued, &issued, version)));
    let config = client_config(version).with_root_certificates(authority.store());
    let (client, server) = tokio::join!(connect(config, near), acceptor.accept(far));
    let answer_large =
        handler_fn(|_cx, frame: Message| async move { Some(frame.answer("x".repeat(30 * 1024))) });
    let config = Arc::new(ConnectionConfig::server());
    let (role, handler) = (Role::Server, Arc::new(answer_large));
    let server = Connection::over(server.unwrap(), Arc::new(Json), role, handler, config);
    let mut peer = Peer::new(Json, client);
    peer.send(Message::call("x").with_id(1)).await;
    within(server.closed()).await;
    assert_eq!(server.close_reason(), Some(CloseReason::WriteStalled));
}

// ---- new certificates while running ----------------------------------------------------------------

#[tokio::test]
async fn a_server_takes_a_new_certificate_and_keeps_its_connections() {
    let (old, new) = (
        Certificate::self_signed("old"),
        Certificate::self_signed("new"),
    );
    let tls = ServerTls::new(ServerTlsConfig::new(old.identity())).unwrap();
    let server = RpcServer::builder()
        .processors(processors())
        .tls(tls.clone());
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().to_string();
    let trusting =
        |certificate: &Certificate| client(ClientTlsConfig::pinning([certificate.fingerprint()]));
    let early = trusting(&old);
    let connection = early.connect(&address).await.unwrap();
    tls.reload(ServerTlsConfig::new(new.identity())).unwrap();
    call(&trusting(&new), &address).await.unwrap();
    assert_refused(call(&trusting(&old), &address).await, "another one");
    call(&early, &address).await.unwrap();
    assert!(connection.engine().is_open());
}

#[tokio::test]
async fn a_client_takes_new_roots_and_keeps_its_connections() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let (_first, first) = serve(ServerTlsConfig::new(old.issue(LOCAL).identity())).await;
    let (_second, second) = serve(ServerTlsConfig::new(new.issue(LOCAL).identity())).await;
    let tls = ClientTls::new(ClientTlsConfig::trusting(old.roots())).unwrap();
    let client = RpcClient::builder().tls(tls.clone()).build().unwrap();
    call(&client, &first).await.unwrap();
    assert_refused(call(&client, &second).await, "no trusted root");
    tls.reload(ClientTlsConfig::trusting(new.roots())).unwrap();
    call(&client, &second).await.unwrap();
    call(&client, &first).await.unwrap();
    assert_eq!(client.engine().connections().len(), 2);
}

#[tokio::test]
async fn a_configuration_that_makes_no_sense_changes_nothing() {
    let (one, other) = (Certificate::self_signed("a"), Certificate::self_signed("b"));
    let tls = ServerTls::new(ServerTlsConfig::new(one.identity())).unwrap();
    let mixed = TlsIdentity::from_pem(&one.pem, other.key.serialize_pem()).unwrap();
    tls.reload(ServerTlsConfig::new(mixed)).unwrap_err();
    let server = RpcServer::builder().processors(processors()).tls(tls);
    let server = server.bind("127.0.0.1:0").await.unwrap();
    let client = client(ClientTlsConfig::pinning([one.fingerprint()]));
    call(&client, &server.local_addr().to_string())
        .await
        .unwrap();
}

#[tokio::test]
async fn requests_in_flight_end_before_a_tls_server_does() {
    let authority = Authority::new("root");
    let (server, address) = serve(ServerTlsConfig::new(authority.issue(LOCAL).identity())).await;
    let client = client(ClientTlsConfig::trusting(authority.roots()));
    let call = client.invoke_raw(RAW, &address, &body(NEVER, ""));
    let call = call.future().await.unwrap();
    eventually(|| server.connections().len() == 1).await;
    let connection = server.connections().pop().unwrap();
    eventually(|| connection.engine().stats().requests_in_flight == 1).await;
    assert_eq!(within(server.shutdown(Duration::ZERO)).await, 1);
    assert_eq!(within(call).await.unwrap_err().kind(), ErrorKind::Closed);
}

// ---- peers by hand ---------------------------------------------------------------------------------

#[track_caller]
fn assert_closed_by_tls(error: &Error, text: &str) {
    assert_eq!(error.kind(), ErrorKind::Closed);
    let reason = error.close_reason();
    assert!(matches!(reason, Some(CloseReason::Tls(_))), "{reason:?}");
    assert!(error.to_string().contains(text), "{error}");
}

type Version = &'static rustls::SupportedProtocolVersion;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn client_config(
    version: Version,
) -> rustls::ConfigBuilder<rustls::ClientConfig, rustls::WantsVerifier> {
    rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
}

/// Shows one certificate with the key of `real`.
fn server_config(
    shown: &Certificate,
    real: &Certificate,
    version: Version,
) -> rustls::ServerConfig {
    let key = PrivateKeyDer::try_from(real.key.serialize_der()).unwrap();
    let key = provider().key_provider.load_private_key(key).unwrap();
    let certified = rustls::sign::CertifiedKey::new(vec![shown.der.clone().into()], key);
    rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
}

async fn connect<T: AsyncRead + AsyncWrite + Unpin>(
    config: rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert>,
    stream: T,
) -> TlsStream<T> {
    let connector = TlsConnector::from(Arc::new(config.with_no_client_auth()));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    within(connector.connect(name, stream)).await.unwrap()
}

async fn by_hand(
    address: &str,
    authority: &Authority,
    version: Version,
) -> Peer<Bolt, TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let config = client_config(version).with_root_certificates(authority.store());
    Peer::new(bolt(), connect(config, stream).await)
}

/// A server that shows a certificate whose key it doesn't have.
async fn impostor(shown: &Certificate, real: &Certificate, version: Version) -> String {
    let acceptor = TlsAcceptor::from(Arc::new(server_config(shown, real, version)));
    let (listener, address) = peer::listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.unwrap_err();
    });
    address
}

//! The client of SOFAJRaft groups against nodes that say what the test wants.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bolt_examples::contract::counter::{Add, GROUP, Value};
use bolt_examples::jraft::{
    ErrorResponse, GetLeaderRequest, GetLeaderResponse, JRaftError, PeerId, PingRequest, RaftCode,
    RaftGroup, TransferLeaderRequest,
};
use bolt_remoting::rpc::{Body, JavaClass, Processors};
use bolt_remoting::{ErrorKind, RpcClient, RpcServer};
use prost::Message;

const PATIENCE: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(300);

fn message<T: Message + JavaClass>(message: &T) -> Body {
    Body::new(T::NAME, message.encode_to_vec())
}

fn error(code: RaftCode, text: &str) -> Body {
    message(&ErrorResponse {
        error_code: code.0,
        error_msg: Some(text.into()),
    })
}

async fn node(processors: Processors) -> (RpcServer, PeerId) {
    let server = RpcServer::builder().processors(processors);
    let server = server.bind("127.0.0.1:0").await.expect("a port");
    let peer = server.local_addr().to_string().parse();
    (server, peer.expect("a peer id"))
}

/// A node that takes `leader` for the leader.
fn naming(leader: &str) -> Processors {
    let leader_id = leader.to_owned();
    Processors::new().handle_raw(GetLeaderRequest::NAME, move |_cx, _body| {
        let leader_id = leader_id.clone();
        async move { Ok(message(&GetLeaderResponse { leader_id })) }
    })
}

/// A node that answers all adds so, and how many there were.
fn adding(answer: Body) -> (Processors, Arc<AtomicUsize>) {
    let adds = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&adds);
    let processors = Processors::new().handle_raw(Add::NAME, move |_cx, _body| {
        count.fetch_add(1, Ordering::Relaxed);
        let answer = answer.clone();
        async move { Ok(answer) }
    });
    (processors, adds)
}

fn group(peers: impl IntoIterator<Item = PeerId>) -> RaftGroup {
    let peers: Vec<PeerId> = peers.into_iter().collect();
    RaftGroup::new(&RpcClient::new(), GROUP, peers)
}

async fn add(group: &RaftGroup, timeout: Duration) -> Result<i64, JRaftError> {
    let value: Value = group.call(&Add { delta: 1 }, timeout).await?;
    Ok(value.value)
}

fn nobody() -> PeerId {
    "127.0.0.1:1".parse().expect("a peer id")
}

#[tokio::test]
async fn requests_have_the_bytes_of_java() {
    let processors = Processors::new()
        .handle_raw(PingRequest::NAME, |cx, body: Body| async move {
            let class = "com.alipay.sofa.jraft.rpc.RpcRequests$PingRequest";
            assert_eq!(body.class_name(), class);
            assert_eq!(body.content[0], 0x08);
            assert_eq!((cx.timeout_millis(), &body.header[..]), (5000, &b""[..]));
            Ok(Body::new(
                ErrorResponse::NAME,
                b"\x08\0\x12\x02OK".as_slice(),
            ))
        })
        .handle_raw(TransferLeaderRequest::NAME, |_cx, body: Body| async move {
            assert!(
                body.content
                    .starts_with(b"\x0a\x07counter\x12\x0f127.0.0.1:")
            );
            Ok(Body::new(ErrorResponse::NAME, b"\x08\0".as_slice()))
        })
        .handle_raw(GetLeaderRequest::NAME, |cx, body: Body| async move {
            assert!(body.content.starts_with(b"\x0a\x07counter\x12"));
            let leader_id = cx.local_addr().expect("an address").to_string();
            Ok(message(&GetLeaderResponse { leader_id }))
        });
    let (_server, peer) = node(processors).await;
    let group = group([peer.clone()]);
    group.ping(&peer, PATIENCE).await.expect("a ping");
    group
        .transfer_leader(&nobody(), PATIENCE)
        .await
        .expect("agreed");
    assert_eq!(group.leader(PATIENCE).await.expect("a leader"), peer);
}

#[tokio::test]
async fn the_leader_is_asked_of_one_node_after_the_other() {
    let unknown = |_cx, _body| async { Ok(error(RaftCode::TRY_AGAIN, "Unknown leader")) };
    let unsure = Processors::new().handle_raw(GetLeaderRequest::NAME, unknown);
    let (_unsure, first) = node(unsure).await;
    let (_sure, second) = node(naming("127.0.0.1:7")).await;
    let leader = group([nobody(), first, second]).leader(PATIENCE).await;
    assert_eq!(leader.expect("a leader").as_str(), "127.0.0.1:7");
}

#[tokio::test]
async fn without_a_leader_a_call_ends_in_time_and_tells_the_last_reason() {
    let unknown = |_cx, _body| async { Ok(error(RaftCode::TRY_AGAIN, "Unknown leader")) };
    let unsure = Processors::new().handle_raw(GetLeaderRequest::NAME, unknown);
    let (_unsure, peer) = node(unsure).await;
    for (peers, reason) in [(vec![peer], "Unknown leader"), (vec![nobody()], "refused")] {
        let start = Instant::now();
        let error = add(&group(peers), SHORT).await.expect_err("no leader");
        assert!(matches!(error, JRaftError::NoLeader(Some(_))), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(start.elapsed() < PATIENCE);
    }
    let error = add(&group([]), SHORT).await.expect_err("no nodes");
    assert!(matches!(error, JRaftError::NoLeader(None)), "{error:?}");
}

#[tokio::test]
async fn a_silent_node_does_not_keep_others_from_being_asked() {
    let silent = Processors::new().handle_raw(GetLeaderRequest::NAME, |_cx, _body| async {
        std::future::pending().await
    });
    let (_silent, first) = node(silent).await;
    let (_sure, second) = node(naming("127.0.0.1:7")).await;
    let leader = group([first, second]).leader(PATIENCE).await;
    assert_eq!(leader.expect("a leader").as_str(), "127.0.0.1:7");
}

#[tokio::test]
async fn a_request_follows_the_leader() {
    let (answers, adds) = adding(message(&Value { value: 7 }));
    let (_leader, leader) = node(answers).await;
    // A node that led until now, and knows who leads now.
    let (refusals, refused) = adding(error(RaftCode::NOT_LEADER, "not any more"));
    let (_old, old) = node(refusals.merge(naming(leader.as_str()))).await;
    // Nodes that were slow to notice.
    let asked = Arc::new(AtomicUsize::new(0));
    let names = [old.clone(), old.clone(), leader];
    let slow = Processors::new().handle_raw(GetLeaderRequest::NAME, move |_cx, _body| {
        let time = asked.fetch_add(1, Ordering::Relaxed);
        let leader_id = names[time.min(names.len() - 1)].to_string();
        async move { Ok(message(&GetLeaderResponse { leader_id })) }
    });
    let (_slow, slow) = node(slow).await;
    let group = group([slow, old]);
    assert_eq!(add(&group, PATIENCE).await.expect("added"), 7);
    assert_eq!(refused.load(Ordering::Relaxed), 2);
    // From now on it is known.
    assert_eq!(add(&group, PATIENCE).await.expect("added"), 7);
    assert_eq!(adds.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_repeated() {
    let (answers, adds) = adding(error(RaftCode::INTERNAL, "who knows"));
    let (_server, peer) = node(answers).await;
    let (_namer, namer) = node(naming(peer.as_str())).await;
    let failed = add(&group([namer.clone()]), PATIENCE).await;
    assert_eq!(
        failed.expect_err("an error").code(),
        Some(RaftCode::INTERNAL)
    );
    assert_eq!(adds.load(Ordering::Relaxed), 1);

    let cut = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&cut);
    let cutting = Processors::new().handle_raw(Add::NAME, move |cx, _body| {
        count.fetch_add(1, Ordering::Relaxed);
        cx.connection().engine().close();
        std::future::pending()
    });
    let (_server, peer) = node(cutting).await;
    let (_namer, namer) = node(naming(peer.as_str())).await;
    match add(&group([namer]), PATIENCE).await {
        Err(JRaftError::Call(error)) => assert_eq!(error.kind(), ErrorKind::Closed),
        other => panic!("{other:?}"),
    }
    assert_eq!(cut.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn answers_that_cannot_be_read_fail_their_call_only() {
    let answers = [
        Body::default(),
        Body::new(Value::NAME, b"\xff\xff".as_slice()),
        Body::new(Value::NAME, b"\x0a\x7fx".as_slice()),
        Body::new(ErrorResponse::NAME, b"\x08".as_slice()),
        Body::new(ErrorResponse::NAME, b"\x12\x02\xff\xfe".as_slice()),
        // No error, but no value either.
        Body::new(ErrorResponse::NAME, b"\x08\0".as_slice()),
        Body::new(GetLeaderResponse::NAME, b"".as_slice()),
        Body::new("", b"\x08\x07".as_slice()),
        Body::new(b"\xff\xfe".as_slice(), b"\x08\x07".as_slice()),
    ];
    let client = RpcClient::new();
    let place = Arc::new(AtomicUsize::new(0));
    let (at, all) = (Arc::clone(&place), answers.clone());
    let processors = Processors::new().handle_raw(Add::NAME, move |_cx, _body| {
        let answer = all.get(at.load(Ordering::Relaxed)).cloned();
        async move { Ok(answer.unwrap_or_else(|| message(&Value { value: 7 }))) }
    });
    let (_server, peer) = node(processors).await;
    let group = RaftGroup::new(&client, GROUP, [peer.clone()]);
    let add = Add { delta: 1 };
    let before = client.connect(peer.address()).await.expect("connected");
    for (number, answer) in answers.iter().enumerate() {
        place.store(number, Ordering::Relaxed);
        match group.invoke::<_, Value>(&peer, &add, PATIENCE).await {
            Err(JRaftError::Call(error)) => {
                assert_eq!(error.kind(), ErrorKind::Deserialize, "{answer:?}");
            }
            other => panic!("{answer:?}: {other:?}"),
        }
    }
    place.store(answers.len(), Ordering::Relaxed);
    let value: Value = group.invoke(&peer, &add, PATIENCE).await.expect("unharmed");
    let after = client.connect(peer.address()).await.expect("connected");
    assert_eq!(value.value, 7);
    assert_eq!(after.engine().number(), before.engine().number());
}

#[tokio::test]
async fn a_leader_without_an_address_is_no_leader() {
    for name in ["", "nowhere", "0.0.0.0", "x:y"] {
        let (_server, peer) = node(naming(name)).await;
        match group([peer]).leader(SHORT).await {
            Err(JRaftError::NoLeader(Some(last))) => {
                assert!(
                    matches!(*last, JRaftError::BadPeerId(_)),
                    "{name}: {last:?}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

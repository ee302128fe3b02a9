//! What a SOFABolt server does on the wire, judged by a peer that speaks by hand.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;

use bolt_codec::bolt::{BoltFrame, BoltVersion, CommandCode, Head, ResponseStatus, SerializerCode};
use bolt_remoting::rpc::{Processors, RpcServer};
use bytes::Bytes;
use support::bolt::{
    ECHO, RAW, VERSIONS, bolt, echo, heartbeat, oneway, processors, request, status,
};
use support::peer::{self, bytes_of};
use support::wire::{FAILING, answers, end_of, serve, server_and_peer};
use support::within;
use tokio::sync::mpsc;

#[tokio::test]
async fn an_answer_has_version_id_codec_and_switch_of_its_request() {
    let (_server, mut peer) = server_and_peer().await;
    for version in VERSIONS {
        for switch in [0x00, 0x01, 0x40, 0x41] {
            for codec in [1, 2, 200] {
                let mut sent = request(version, 0x8000_0001, ECHO, "content");
                sent.switch = if version == BoltVersion::V1 {
                    0
                } else {
                    switch
                };
                sent.codec = SerializerCode(codec);
                sent.header = "header".into();
                sent.ver2 = 9;
                peer.send(sent.clone()).await;
                let head = Head::Response {
                    status: ResponseStatus::SUCCESS,
                };
                let expected = BoltFrame {
                    head,
                    command: CommandCode::RESPONSE,
                    ver2: 1,
                    ..sent
                };
                assert_eq!(peer.recv().await, expected);
            }
        }
    }
}

#[tokio::test]
async fn heartbeats_are_acknowledged_in_their_version_also_when_sent_oneway() {
    let (server, mut peer) = server_and_peer().await;
    for version in VERSIONS {
        for oneway in [false, true] {
            let mut beat = heartbeat(version, 0xffff_ffff);
            beat.head = Head::Request {
                oneway,
                timeout: -1,
            };
            beat.switch = if version == BoltVersion::V1 { 0 } else { 1 };
            peer.send(beat.clone()).await;
            assert_eq!(peer.recv().await, beat.acknowledge());
            assert_eq!(beat.acknowledge().switch, 0);
        }
    }
    let stats = end_of(&server, &peer).await.stats();
    assert_eq!(stats.heartbeats_received, 6);
}

#[tokio::test]
async fn an_unknown_command_is_dropped_and_counted_and_the_connection_stays() {
    let (server, mut peer) = server_and_peer().await;
    for version in VERSIONS {
        let mut unknown = request(version, 1, ECHO, "x");
        unknown.command = CommandCode(77);
        peer.send(unknown).await;
    }
    assert_eq!(answers(&mut peer).await, []);
    assert_eq!(end_of(&server, &peer).await.stats().unknown_frames, 3);
}

#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_dropped_and_counted() {
    let (server, mut peer) = server_and_peer().await;
    let stray = request(BoltVersion::V1, 12345, ECHO, "").respond("", "");
    peer.send(stray).await;
    assert_eq!(answers(&mut peer).await, []);
    assert_eq!(end_of(&server, &peer).await.stats().late_answers, 1);
}

#[tokio::test]
async fn oneway_requests_are_never_answered() {
    let (_server, mut peer) = server_and_peer().await;
    for class in [ECHO, FAILING, "com.example.Nobody"] {
        for version in VERSIONS {
            peer.send(oneway(version, 7, class)).await;
        }
    }
    assert_eq!(answers(&mut peer).await, []);
}

#[tokio::test]
async fn requests_that_the_server_starts_have_the_version_of_the_first_frame_received() {
    let (server, address) = serve(processors()).await;
    let call = |peer: SocketAddr| {
        let connection = server.connection(peer).unwrap();
        async move {
            let call = connection.invoke_raw(RAW, &echo("x")).future().await;
            drop(call.unwrap());
        }
    };
    let mut silent = peer::dial(bolt(), address).await;
    end_of(&server, &silent).await;
    call(silent.addr()).await;
    assert_eq!(silent.recv().await.version, BoltVersion::V2_1);
    for (first, second) in [
        (BoltVersion::V1, BoltVersion::V2_2),
        (BoltVersion::V2_1, BoltVersion::V1),
        (BoltVersion::V2_2, BoltVersion::V1),
    ] {
        let mut peer = peer::dial(bolt(), address).await;
        peer.send(heartbeat(first, 1)).await;
        peer.send(heartbeat(second, 2)).await;
        assert_eq!((peer.recv().await.id, peer.recv().await.id), (1, 2));
        call(peer.addr()).await;
        assert_eq!(peer.recv().await.version, first);
    }
}

#[tokio::test]
async fn the_version_of_what_the_server_starts_can_be_pinned() {
    let server = RpcServer::builder()
        .version(BoltVersion::V1)
        .bind("127.0.0.1:0");
    let server = server.await.unwrap();
    let mut peer = peer::dial(bolt(), server.local_addr()).await;
    peer.send(heartbeat(BoltVersion::V2_2, 1)).await;
    assert_eq!(peer.recv().await.version, BoltVersion::V2_2);
    let back = server.connection(peer.addr()).unwrap();
    let call = back.invoke_raw(RAW, &echo("x")).future();
    drop(call.await.unwrap());
    assert_eq!(peer.recv().await.version, BoltVersion::V1);
}

#[tokio::test]
async fn a_request_may_be_split_at_any_byte() {
    let (_server, mut peer) = server_and_peer().await;
    for version in VERSIONS {
        let bytes = bytes_of(&bolt(), request(version, 3, ECHO, "split"));
        for at in 0..bytes.len() {
            peer.send_bytes(&bytes[..at]).await;
            tokio::task::yield_now().await;
            peer.send_bytes(&bytes[at..]).await;
            assert_eq!(peer.recv().await.content, "split", "at {at}");
        }
    }
}

#[tokio::test]
async fn many_requests_may_come_in_one_write() {
    let (_server, mut peer) = server_and_peer().await;
    let frames = (0..300).map(|id| {
        let version = VERSIONS[id as usize % 3];
        bytes_of(&bolt(), request(version, id, ECHO, id.to_string()))
    });
    peer.send_bytes(&frames.collect::<Vec<_>>().concat()).await;
    for id in 0..300u32 {
        let answer = peer.recv().await;
        assert_eq!(
            (answer.id, answer.content),
            (id, Bytes::from(id.to_string()))
        );
        assert_eq!(answer.version, VERSIONS[id as usize % 3]);
    }
}

#[tokio::test]
async fn a_timeout_of_zero_or_less_is_no_deadline() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (_server, address) = serve(Processors::new().handle_raw(ECHO, move |cx, body| {
        tell.send((cx.client_timeout(), cx.remaining())).unwrap();
        async { Ok(body) }
    }))
    .await;
    let mut peer = peer::dial(bolt(), address).await;
    for (field, millis) in [
        (-1, None),
        (0, None),
        (i32::MIN, None),
        (1500, Some(1500)),
        (i32::MAX, Some(i32::MAX as u64)),
    ] {
        let mut sent = request(BoltVersion::V1, 1, ECHO, "");
        sent.head = Head::Request {
            oneway: false,
            timeout: field,
        };
        peer.send(sent).await;
        assert_eq!(status(&peer.recv().await), ResponseStatus::SUCCESS);
        let (timeout, remaining) = within(told.recv()).await.unwrap();
        assert_eq!(timeout, millis.map(std::time::Duration::from_millis));
        assert!(remaining <= timeout);
    }
}

//! What a caller gets to know about a call beside its outcome.

#![allow(clippy::unwrap_used)]

mod support;

use bolt_codec::bolt::BoltVersion;
use bolt_remoting::rpc::{Body, CallContext, Processors};
use support::bolt::{ECHO, NEVER, RAW, body, echo, processors};
use support::wire::{both, patient, server_with, setting};
use support::{SEC, within};

#[tokio::test]
async fn it_tells_connection_request_id_and_phases() {
    let (server, address, client) = both().await;
    let context = CallContext::new();
    let call = client
        .invoke_raw(RAW, &address, &echo("x"))
        .context(&context);
    within(call.into_future()).await.unwrap();
    let peer = context.local_addr().unwrap();
    assert_eq!(context.peer_addr(), Some(server.local_addr()));
    assert!(server.connection(peer).is_some());
    assert_eq!(context.request_id(), Some(1));
    let phases = [
        context.connected_after(),
        context.queued_after(),
        context.answered_after(),
    ];
    assert!(
        phases.iter().all(Option::is_some) && phases.is_sorted(),
        "{phases:?}"
    );
}

#[tokio::test]
async fn it_tells_class_and_header_of_the_answer() {
    let handlers = Processors::new().handle_raw(ECHO, |_cx, _body| async {
        Ok(Body {
            header: "head".into(),
            ..body("com.example.Answer", "")
        })
    });
    let (_server, address) = server_with(handlers).await;
    let client = patient();
    let context = CallContext::new();
    let call = client
        .invoke_raw(RAW, &address, &echo("x"))
        .context(&context);
    within(call.into_future()).await.unwrap();
    assert_eq!(context.response_class(), "com.example.Answer");
    assert_eq!(context.response_header(), "head");
}

#[tokio::test]
async fn of_a_call_that_failed_it_tells_how_far_it_came() {
    let client = patient();
    let context = CallContext::new();
    let refused = client
        .invoke_raw(RAW, "127.0.0.1:1", &echo("x"))
        .context(&context);
    within(refused.into_future()).await.unwrap_err();
    assert_eq!(context.connected_after(), None);
    let (_server, address) = server_with(processors()).await;
    let late = client
        .invoke_raw(RAW, &address, &body(NEVER, ""))
        .context(&context);
    let late = late.timeout(std::time::Duration::from_millis(20));
    within(late.into_future()).await.unwrap_err();
    assert!(context.queued_after().is_some());
    assert_eq!(context.answered_after(), None);
}

#[tokio::test]
async fn another_call_begins_anew_and_keeps_what_was_inserted() {
    let (_server, address, client) = both().await;
    let context = CallContext::new();
    context.insert(7_u8);
    for id in 1..4 {
        let call = client
            .invoke_raw(RAW, &address, &echo("x"))
            .context(&context);
        within(call.into_future()).await.unwrap();
        assert_eq!(context.request_id(), Some(id));
    }
    assert_eq!(context.get::<u8>().as_deref(), Some(&7));
    context.clear();
    assert_eq!((context.get::<u8>(), context.request_id()), (None, None));
}

#[tokio::test]
async fn oneway_calls_and_calls_on_a_connection_have_one_too() {
    let setting = setting(BoltVersion::V1).await;
    let context = CallContext::new();
    let oneway = setting.connection.oneway_with(&RAW, &echo("x"));
    within(oneway.context(&context).into_future())
        .await
        .unwrap();
    assert_eq!(
        context.connection().unwrap().number(),
        setting.connection.engine().number()
    );
    assert!(context.queued_after().is_some());
    let call = setting.connection.invoke_raw(RAW, &echo("x"));
    let call = call.timeout(SEC).context(&context).future();
    let answer = within(call).await.unwrap();
    assert_eq!(context.request_id(), answer.request_id());
}

//! The protocols, and what the tests have to know of each.

use bolt_codec::Protocol;
use bolt_examples::json::{Json, Message as JsonMessage};
use bolt_examples::mail::{Command as MailCommand, Line, Mail, Reply as MailReply, introduce};
use bolt_examples::resp::{Command as RespCommand, Frame as RespFrame, Resp, Value};
use bolt_examples::seata::{GlobalStatus, Message, Outcome, Packet, Registration, Seata};
use bolt_remoting::ClientBuilder;

/// What the tests have to know of a protocol.
pub(crate) struct Case<P: Protocol> {
    pub(crate) protocol: fn() -> P,
    /// A request.
    pub(crate) call: fn() -> P::Frame,
    /// Its answer.
    pub(crate) answer: fn(&P::Frame) -> P::Frame,
    /// What clients do first.
    pub(crate) settings: fn(ClientBuilder<P>) -> ClientBuilder<P>,
    /// What a server is told before it listens to anything else.
    pub(crate) hello: fn() -> Option<P::Frame>,
    /// Bytes that are the beginning of a frame above 64 MiB, for the server.
    pub(crate) too_much: &'static [u8],
}

pub(crate) fn json() -> Case<Json> {
    Case {
        protocol: || Json,
        call: || JsonMessage::call("a body"),
        answer: |call| call.answer(call.body.clone()),
        settings: |client| client,
        hello: || None,
        too_much: b"\x7f\xff\xff\xff{",
    }
}

pub(crate) fn resp() -> Case<Resp> {
    Case {
        protocol: || Resp,
        call: || RespFrame::Command(RespCommand::new("GET").arg("a key")),
        answer: |_| {
            RespFrame::Answer(Value::Array(vec![
                Value::Bulk("a value".into()),
                Value::Nil,
            ]))
        },
        settings: |client| client,
        hello: || None,
        too_much: b"*2\r\n$3\r\nGET\r\n$999999999999\r\n",
    }
}

pub(crate) fn mail() -> Case<Mail> {
    Case {
        protocol: || Mail::named("a server"),
        call: || Line::Command(MailCommand::new("VRFY", "ada")),
        answer: |_| {
            let lines = vec!["ada".to_owned(), "countess".to_owned()];
            Line::Reply(MailReply { code: 250, lines })
        },
        settings: |client| client.prepare(|connection| introduce(connection, "me")),
        hello: || None,
        // No line is that long.
        too_much: &[b'x'; 70_000],
    }
}

pub(crate) fn seata() -> Case<Seata> {
    Case {
        protocol: Seata::merging,
        call: || {
            let (xid, extra) = ("127.0.0.1:8091:1".to_owned(), String::new());
            Packet::request(Message::GlobalState { xid, extra })
        },
        answer: |call| {
            call.answer(Message::GlobalStateIs {
                outcome: Outcome::default(),
                status: GlobalStatus::BEGUN,
            })
        },
        settings: |client| client,
        hello: || {
            Some(Packet::oneway(Message::RegisterTm(Registration::new(
                "a", "b",
            ))))
        },
        too_much: b"\xda\xda\x01\x7f\xff\xff\xff\x00\x10\x00\x01\x00\x00\x00\x00\x07",
    }
}

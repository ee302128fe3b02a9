//! A protocol whose frames carry several messages each, in both directions: a two-byte magic, a
//! count, and so many messages with ids of 32 bits.
//!
//! ```text
//! da 7a | count | count x ( kind, id (4), length (2), text )
//! ```

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::VecDeque;
use std::sync::Arc;

use bolt_codec::{
    CodecError, Correlation, EncodeBuf, Frame, FrameDecoder, FrameEncoder, FrameKind, Limits,
    Protocol, Recognition, Role,
};
use bolt_remoting::{
    CloseReason, Connection, ConnectionConfig, ErrorKind, FrameHandler, NoHandler, Port, Server,
    handler_fn,
};
use bytes::{Buf, BytesMut};
use support::{SEC, eventually, far, pair, untimed, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;

const MAGIC: [u8; 2] = [0xda, 0x7a];
const MOST: usize = 255;

#[derive(Clone, Debug, PartialEq)]
struct Note {
    kind: u8,
    id: u32,
    text: String,
}

impl Note {
    fn call(text: impl Into<String>) -> Self {
        Self {
            kind: b'?',
            id: 0,
            text: text.into(),
        }
    }

    fn answer(self) -> Self {
        Self { kind: b'=', ..self }
    }
}

impl Frame for Note {
    fn kind(&self) -> FrameKind {
        match self.kind {
            b'?' => FrameKind::Request,
            b'=' => FrameKind::Response,
            _ => FrameKind::Unknown,
        }
    }

    fn id(&self) -> u64 {
        self.id.into()
    }

    fn set_id(&mut self, id: u64) {
        self.id = id as u32;
    }

    fn encoded_len(&self) -> usize {
        7 + self.text.len()
    }
}

/// Gives the messages of a frame one by one.
#[derive(Debug, Default)]
struct Opener {
    opened: VecDeque<Note>,
}

impl FrameDecoder for Opener {
    type Frame = Note;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Note>, CodecError> {
        if self.opened.is_empty() {
            self.opened = open_frame(src)?;
        }
        Ok(self.opened.pop_front())
    }
}

/// The messages of the first frame, if it is whole.
fn open_frame(src: &mut BytesMut) -> Result<VecDeque<Note>, CodecError> {
    if !MAGIC.starts_with(&src[..src.len().min(2)]) {
        return Err(CodecError::malformed("wrong magic"));
    }
    let mut rest = &src[..];
    let mut notes = VecDeque::new();
    let Some(&count) = rest.get(2) else {
        return Ok(notes);
    };
    rest.advance(3);
    for _ in 0..count {
        if rest.len() < 7 {
            return Ok(VecDeque::new());
        }
        let (kind, id, len) = (rest.get_u8(), rest.get_u32(), rest.get_u16() as usize);
        if rest.len() < len {
            return Ok(VecDeque::new());
        }
        let text = String::from_utf8_lossy(&rest[..len]).into_owned();
        rest.advance(len);
        notes.push_back(Note { kind, id, text });
    }
    let taken = src.len() - rest.len();
    src.advance(taken);
    Ok(notes)
}

/// Gathers messages until they are to be written.
#[derive(Debug, Default)]
struct Gatherer {
    notes: Vec<Note>,
    bytes: usize,
}

impl FrameEncoder for Gatherer {
    type Frame = Note;

    fn encode(&mut self, note: Note, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        if note.text.len() > u16::MAX as usize {
            return Err(CodecError::malformed("too long"));
        }
        self.bytes += note.encoded_len();
        self.notes.push(note);
        if self.notes.len() == MOST {
            self.write_gathered(dst)?;
        }
        Ok(())
    }

    fn gathered(&self) -> usize {
        self.bytes
    }

    fn write_gathered(&mut self, dst: &mut EncodeBuf) -> Result<(), CodecError> {
        self.bytes = 0;
        if self.notes.iter().any(|note| note.text == "unspeakable") {
            dst.put_slice(b"half a frame");
            return Err(CodecError::malformed("as asked"));
        }
        dst.put_slice(&MAGIC);
        dst.put_slice(&[self.notes.len() as u8]);
        for note in self.notes.drain(..) {
            dst.put_slice(&[note.kind]);
            dst.put_slice(&note.id.to_be_bytes());
            dst.put_slice(&(note.text.len() as u16).to_be_bytes());
            dst.put_slice(note.text.as_bytes());
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Notes;

impl Protocol for Notes {
    type Frame = Note;
    type Decoder = Opener;
    type Encoder = Gatherer;
    type Session = ();

    const NAME: &'static str = "notes";
    const CORRELATION: Correlation = Correlation::ById {
        max: u32::MAX as u64,
    };

    fn open(&self, _role: Role, _limits: &Limits) -> (Opener, Gatherer, ()) {
        (Opener::default(), Gatherer::default(), ())
    }

    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        match first_bytes {
            [0xda, 0x7a, ..] => Recognition::Yes,
            [0xda] => Recognition::Unsure,
            _ => Recognition::No,
        }
    }
}

fn echo() -> impl FrameHandler<Notes> {
    handler_fn(|_cx, note: Note| async move { Some(note.answer()) })
}

/// A client, and the server's end of its stream.
fn client(config: ConnectionConfig, capacity: usize) -> (Connection<Notes>, DuplexStream) {
    let (near, far) = tokio::io::duplex(capacity);
    let config = Arc::new(config);
    let handler = Arc::new(NoHandler);
    let client = Connection::over(near, Arc::new(Notes), Role::Client, handler, config);
    (client, far)
}

async fn read_frame(io: &mut DuplexStream) -> Vec<Note> {
    let mut received = BytesMut::new();
    loop {
        let notes = open_frame(&mut received).unwrap();
        if !notes.is_empty() {
            assert!(received.is_empty(), "more than a frame");
            return notes.into();
        }
        assert_ne!(within(io.read_buf(&mut received)).await.unwrap(), 0);
    }
}

fn merged(notes: Vec<Note>) -> bytes::Bytes {
    let (mut gatherer, mut out) = (Gatherer::default(), EncodeBuf::new());
    for note in notes {
        gatherer.encode(note, &mut out).unwrap();
    }
    gatherer.write_gathered(&mut out).unwrap();
    out.into_bytes()
}

#[tokio::test]
async fn calls_made_together_travel_in_one_frame_and_one_frame_answers_them() {
    let (client, mut server) = client(untimed(), 4096);
    let mut calls = Vec::new();
    for text in ["a", "b", "c"] {
        calls.push(client.start_call(Note::call(text), far()).await.unwrap());
    }
    let notes = read_frame(&mut server).await;
    let texts: Vec<_> = notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(texts, ["a", "b", "c"]);
    let answers = notes.into_iter().rev().map(Note::answer).collect();
    server.write_all(&merged(answers)).await.unwrap();
    for (call, text) in calls.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(within(call).await.unwrap().text, text);
    }
    assert_eq!(client.stats().calls_waiting, 0);
    assert_eq!(client.stats().late_answers, 0);
}

#[tokio::test]
async fn a_single_call_waits_for_no_other() {
    let (client, _server) = pair(|| Notes, NoHandler, echo(), untimed());
    for n in 0..100 {
        let answer = within(client.call(Note::call(n.to_string()), SEC * 30)).await;
        assert_eq!(answer.unwrap().text, n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_get_their_own_answers_out_of_merged_frames() {
    let (client, server) = pair(|| Notes, echo(), echo(), untimed());
    let calls = (0..200).map(|task| {
        let connection = if task % 2 == 0 { &client } else { &server };
        let connection = connection.clone();
        tokio::spawn(async move {
            for n in 0..20 {
                let text = format!("{task} {n}");
                let answer = connection.call(Note::call(&text), SEC * 30).await;
                assert_eq!(answer.unwrap().text, text);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        within(call).await.unwrap();
    }
    assert_eq!(client.stats().late_answers + server.stats().late_answers, 0);
}

#[tokio::test]
async fn what_is_gathered_counts_as_queued() {
    let mut config = untimed();
    config.outbox_limit = 1000;
    // The peer takes nothing, so the first frame fills its window and the rest is gathered.
    let (client, _server) = client(config, 1);
    let call = |len| client.try_call(Note::call("x".repeat(len)), far());
    let first = call(93).unwrap();
    eventually(|| client.stats().bytes_written > 0).await;
    assert_eq!(client.stats().bytes_queued, 103);
    let others: Vec<_> = (0..8).map(|_| call(93).unwrap()).collect();
    assert_eq!(client.stats().bytes_queued, 903);
    assert_eq!(call(93).unwrap_err().kind(), ErrorKind::Overflow);
    drop((first, others));
}

#[tokio::test]
async fn a_message_that_cannot_be_encoded_fails_alone() {
    let (client, _server) = pair(|| Notes, NoHandler, echo(), untimed());
    let before = client.start_call(Note::call("a"), far()).await.unwrap();
    let error = client.call(Note::call("x".repeat(70_000)), SEC).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Send);
    assert_eq!(within(before).await.unwrap().text, "a");
}

#[tokio::test]
async fn a_gathered_frame_that_cannot_be_written_ends_the_connection_and_leaves_no_half() {
    let (client, mut server) = client(untimed(), 4096);
    let good = client.start_call(Note::call("good"), far()).await.unwrap();
    let bad = Note::call("unspeakable");
    let bad = client.start_call(bad, far()).await.unwrap();
    for call in [good, bad] {
        let error = within(call).await.unwrap_err();
        let reason = CloseReason::Codec(CodecError::malformed("as asked"));
        assert_eq!(error.close_reason(), Some(&reason));
    }
    let mut received = Vec::new();
    within(server.read_to_end(&mut received)).await.unwrap();
    assert_eq!(received, b"");
}

#[tokio::test]
async fn answers_that_are_gathered_go_out_before_a_drain_ends() {
    // Too few to fill a frame: none is written before all are gathered.
    const CALLS: usize = 100;
    let (go, wait) = watch::channel(false);
    let waits = handler_fn(move |_cx, note: Note| {
        let mut wait = wait.clone();
        async move {
            wait.wait_for(|go| *go).await.unwrap();
            Some(note.answer())
        }
    });
    let (client, server) = pair(|| Notes, NoHandler, waits, untimed());
    let mut calls = Vec::new();
    for n in 0..CALLS {
        let call = Note::call(n.to_string());
        calls.push(client.start_call(call, far()).await.unwrap());
    }
    eventually(|| server.stats().requests_in_flight == CALLS).await;
    client.drain(SEC * 30);
    server.drain(SEC * 30);
    go.send_replace(true);
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(within(call).await.unwrap().text, n.to_string());
    }
    within(server.closed()).await;
}

#[tokio::test]
async fn a_magic_of_two_bytes_is_recognized_on_a_shared_port_byte_by_byte() {
    let port = Port::builder().bind("127.0.0.1:0").await.unwrap();
    let _server = Server::builder(Notes, echo()).serve_on(&port).unwrap();
    port.open();
    let stream = tokio::net::TcpStream::connect(port.local_addr());
    let mut stream = within(stream).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let call = merged(vec![Note {
        id: 7,
        ..Note::call("hi")
    }]);
    for byte in &call[..] {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = vec![0; call.len()];
    within(stream.read_exact(&mut answer)).await.unwrap();
    let note = Note {
        id: 7,
        ..Note::call("hi")
    };
    assert_eq!(answer, merged(vec![note.answer()]));
}

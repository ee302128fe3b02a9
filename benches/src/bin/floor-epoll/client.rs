//! Keeps a number of requests outstanding.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use load::{Body, LoadOptions, Record, Recorder, Report, Wire, measure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::frames::{Frame, request};
use crate::link::{Buffer, Link};

/// How soon the end of the window is noticed without traffic.
const GLANCE: Duration = Duration::from_millis(100);

pub(crate) fn run(args: impl Iterator<Item = String>, usage: &str) -> Result<(), String> {
    let options = LoadOptions::parse(args, usage, "floor-epoll")?;
    let plain = options.body == Body::Raw && options.wire == Wire::V1;
    if !plain || options.rate.is_some() || options.idle {
        return Err("only raw mode, version 1 and the closed loop are built".to_owned());
    }
    let record = Arc::new(Record::default());
    let mut client = Client::connect(&options, record.recorder()).map_err(|why| why.to_string())?;
    let thread = thread::spawn(move || client.drive());
    let window = measure(&options, &record);
    let end = thread
        .join()
        .map_err(|_| "the client panicked".to_owned())?;
    end.map_err(|why| why.to_string())?;
    Report::new(&options, &record, window).print(options.json);
    Ok(())
}

struct Client {
    poll: Poll,
    links: Vec<Link>,
    calls: Calls,
}

/// The outstanding calls of all links, by request id.
struct Calls {
    content: Vec<u8>,
    began: Vec<Instant>,
    recorder: Recorder,
}

impl Client {
    fn connect(options: &LoadOptions, recorder: Recorder) -> io::Result<Self> {
        let address: SocketAddr = options.address.parse().map_err(io::Error::other)?;
        let poll = Poll::new()?;
        let mut links = Vec::new();
        for place in 0..options.connections {
            let stream = std::net::TcpStream::connect(address)?;
            stream.set_nonblocking(true)?;
            let mut link = Link::new(TcpStream::from_std(stream))?;
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(link.stream(), Token(place), interest)?;
            links.push(link);
        }
        let calls = Calls {
            content: vec![b'x'; options.payload],
            began: vec![Instant::now(); options.concurrency],
            recorder,
        };
        Ok(Self { poll, links, calls })
    }

    fn drive(&mut self) -> io::Result<()> {
        let mut buffer = Buffer::new();
        let mut events = Events::with_capacity(1024);
        let links = self.links.len();
        for id in 0..self.calls.began.len() {
            let link = &mut self.links[id % links];
            request(id as u32, &self.calls.content, &mut link.out);
        }
        for link in &mut self.links {
            link.write()?;
        }
        while !self.calls.recorder.record().is_over() {
            self.poll.poll(&mut events, Some(GLANCE))?;
            for event in &events {
                let link = &mut self.links[event.token().0];
                let now = Instant::now();
                let counts = self.calls.recorder.record().in_window();
                link.read(&mut buffer, |frame, out| {
                    self.calls.answered(frame, now, counts, out);
                })?;
                link.write()?;
            }
        }
        Ok(())
    }
}

impl Calls {
    /// Records the call and makes the next one in its place.
    fn answered(&mut self, frame: &Frame<'_>, now: Instant, counts: bool, out: &mut Vec<u8>) {
        let Some(began) = self.began.get_mut(frame.id as usize) else {
            let why = format!("an answer to nothing: {}", frame.id);
            return self.recorder.failure(counts, why);
        };
        if frame.status != 0 || frame.content != self.content.len() {
            let why = format!("status {}, {} bytes", frame.status, frame.content);
            self.recorder.failure(counts, why);
        } else if counts {
            self.recorder.success(now - *began);
        }
        *began = now;
        request(frame.id, &self.content, out);
    }
}

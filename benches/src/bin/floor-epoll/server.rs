//! Echoes frames.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::link::{Buffer, Link};

const LISTENER: Token = Token(0);

/// Serves until the process is ended.
pub(crate) fn serve(address: SocketAddr) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind(address)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);
    let mut buffer = Buffer::new();
    // The place of a link is one below its token; places are used again.
    let mut links: Vec<Option<Link>> = Vec::new();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&poll, &listener, &mut links)?;
                continue;
            }
            let place = event.token().0 - 1;
            let Some(link) = &mut links[place] else {
                continue;
            };
            let echoed = link.read(&mut buffer, |frame, out| {
                if frame.is_request {
                    frame.echo(out);
                }
            });
            if echoed.and_then(|()| link.write()).is_err() {
                links[place] = None;
            }
        }
    }
}

fn accept(poll: &Poll, listener: &TcpListener, links: &mut Vec<Option<Link>>) -> io::Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(why) => return Err(why),
        };
        let mut link = Link::new(stream)?;
        let free = links.iter().position(Option::is_none);
        let place = free.unwrap_or(links.len());
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(link.stream(), Token(place + 1), interest)?;
        match free {
            Some(place) => links[place] = Some(link),
            None => links.push(Some(link)),
        }
    }
}

//! The least that calls cost whose callers are tasks of tokio: a table of outcomes and a buffer of frames
//! behind one lock, and a task for the connection. No deadlines, no cancellation, no limits, no
//! allocation per call; whatever is wrong ends the connection.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use load::{Body, Caller, LoadOptions, Wire};
use tokio::net::TcpStream;
use tokio::task::yield_now;

use crate::BUFFER;
use crate::frames::{Front, front, request};

/// So many callers are woken before what they have written goes out: with fewer there are more writes,
/// with more the peer waits for the next ones.
const PART: usize = 32;

pub(crate) fn run(args: impl Iterator<Item = String>, usage: &str) -> Result<(), String> {
    let options = LoadOptions::parse(args, usage, "tokio-calls")?;
    if options.body != Body::Raw || options.wire != Wire::V1 {
        return Err("only raw mode and version 1 are built".to_owned());
    }
    let content: &'static [u8] = Vec::leak(vec![b'x'; options.payload]);
    load::run(&options, async move |options: &LoadOptions| {
        let mut links = Vec::with_capacity(options.connections);
        for _ in 0..options.connections {
            let link = Link::connect(&options.address, content).await;
            links.push(link.map_err(|why| why.to_string())?);
        }
        Ok(links)
    })
}

#[derive(Clone)]
struct Link {
    shared: Arc<Mutex<Shared>>,
    content: &'static [u8],
}

#[derive(Default)]
struct Shared {
    /// Frames that wait to be written.
    out: Vec<u8>,
    /// By the ids of the requests.
    places: Vec<Place>,
    free: Vec<u32>,
    /// The connection's task, while it sleeps.
    asleep: Option<Waker>,
    broken: Option<String>,
}

#[derive(Default)]
struct Place {
    caller: Option<Waker>,
    /// How many bytes came.
    answer: Option<Result<usize, u16>>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Link {
    async fn connect(address: &str, content: &'static [u8]) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let shared = Arc::<Mutex<Shared>>::default();
        let driven = Arc::clone(&shared);
        tokio::spawn(async move {
            let Err(why) = drive(&stream, &driven).await;
            let mut shared = lock(&driven);
            shared.broken = Some(why.to_string());
            let callers = shared.places.iter_mut();
            let callers: Vec<_> = callers.filter_map(|place| place.caller.take()).collect();
            drop(shared);
            callers.into_iter().for_each(Waker::wake);
        });
        Ok(Self { shared, content })
    }
}

impl Caller for Link {
    fn call(&self) -> impl Future<Output = Result<(), String>> + Send {
        Call {
            link: self,
            id: None,
        }
    }
}

struct Call<'a> {
    link: &'a Link,
    id: Option<u32>,
}

impl Future for Call<'_> {
    type Output = Result<(), String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut guard = lock(&self.link.shared);
        let shared = &mut *guard;
        if let Some(why) = &shared.broken {
            return Poll::Ready(Err(why.clone()));
        }
        let Some(id) = self.id else {
            let id = shared.free.pop().unwrap_or_else(|| {
                shared.places.push(Place::default());
                (shared.places.len() - 1) as u32
            });
            shared.places[id as usize].caller = Some(cx.waker().clone());
            request(id, self.link.content, &mut shared.out);
            let asleep = shared.asleep.take();
            drop(guard);
            self.id = Some(id);
            asleep.into_iter().for_each(Waker::wake);
            return Poll::Pending;
        };
        let place = &mut shared.places[id as usize];
        let Some(answer) = place.answer.take() else {
            place.caller = Some(cx.waker().clone());
            return Poll::Pending;
        };
        shared.free.push(id);
        Poll::Ready(match answer {
            Ok(len) if len == self.link.content.len() => Ok(()),
            other => Err(format!("not what was sent came back: {other:?}")),
        })
    }
}

/// Until the peer ends the connection, which is an error.
async fn drive(stream: &TcpStream, shared: &Mutex<Shared>) -> io::Result<std::convert::Infallible> {
    let mut read = vec![0; BUFFER];
    let mut came = 0..0;
    let (mut out, mut part) = (Vec::new(), Vec::with_capacity(PART));
    loop {
        std::mem::swap(&mut lock(shared).out, &mut out);
        write_all(stream, &out).await?;
        out.clear();
        came.start += settle(&read[came.clone()], &mut lock(shared), &mut part)?;
        if !part.is_empty() {
            part.drain(..).for_each(Waker::wake);
            // Behind them.
            yield_now().await;
            continue;
        }
        read.copy_within(came.clone(), 0);
        came = 0..came.len();
        match stream.try_read(&mut read[came.end..]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(more) => came.end += more,
            Err(why) if why.kind() == ErrorKind::WouldBlock => sleep(stream, shared).await?,
            Err(why) => return Err(why),
        }
    }
}

async fn write_all(stream: &TcpStream, mut left: &[u8]) -> io::Result<()> {
    while !left.is_empty() {
        match stream.try_write(left) {
            Ok(written) => left = &left[written..],
            Err(why) if why.kind() == ErrorKind::WouldBlock => stream.writable().await?,
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

/// Leaves the next answers in their places; who waits for them goes into `part`. How many bytes they
/// took.
fn settle(read: &[u8], shared: &mut Shared, part: &mut Vec<Waker>) -> io::Result<usize> {
    let mut left = read;
    while part.len() < PART
        && let Front::Whole(frame) = front(left)
    {
        let place = shared.places.get_mut(frame.id as usize);
        let place = place.ok_or(ErrorKind::InvalidData)?;
        place.answer = Some(match frame.status {
            0 => Ok(frame.content),
            status => Err(status),
        });
        part.extend(place.caller.take());
        left = &left[frame.len()..];
    }
    Ok(read.len() - left.len())
}

/// Until there is something to read or to write.
async fn sleep(stream: &TcpStream, shared: &Mutex<Shared>) -> io::Result<()> {
    let mut readable = pin!(stream.readable());
    let woken = poll_fn(|cx| {
        if readable.as_mut().poll(cx)?.is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut shared = lock(shared);
        if !shared.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        shared.asleep = Some(cx.waker().clone());
        Poll::Pending
    });
    let woken = woken.await;
    lock(shared).asleep = None;
    woken
}

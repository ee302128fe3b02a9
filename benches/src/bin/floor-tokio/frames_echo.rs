//! Echoes SOFABolt's frames: one task a connection, and nothing else of a library.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use crate::BUFFER;
use crate::frames::{Front, front};

/// What all connections of a thread read into and write from.
struct Buffers {
    read: Vec<u8>,
    out: Vec<u8>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers {
        read: vec![0; BUFFER],
        out: Vec::new(),
    });
}

/// Until the peer ends the connection, which is an error.
pub(crate) async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut rest = Vec::new();
    loop {
        let turn =
            poll_fn(|cx| BUFFERS.with_borrow_mut(|all| turn(&mut stream, &mut rest, all, cx)));
        let left = turn.await?;
        stream.write_all(&left).await?;
    }
}

/// One read and one write; what could not be written. `rest` is the beginning of a frame whose end
/// has not come yet.
fn turn(
    stream: &mut TcpStream,
    rest: &mut Vec<u8>,
    buffers: &mut Buffers,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Vec<u8>>> {
    let Buffers { read, out } = buffers;
    let mut read = ReadBuf::new(read);
    read.put_slice(rest);
    ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
    let mut came = read.filled();
    if came.len() == rest.len() {
        // The end of the stream, or of the buffer.
        return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
    }
    out.clear();
    while let Front::Whole(frame) = front(came) {
        frame.echo(out);
        came = &came[frame.len()..];
    }
    rest.clear();
    rest.extend_from_slice(came);
    if out.is_empty() {
        return Poll::Ready(Ok(Vec::new()));
    }
    let written = match Pin::new(stream).poll_write(cx, out)? {
        Poll::Ready(written) => written,
        Poll::Pending => 0,
    };
    Poll::Ready(Ok(out[written..].to_vec()))
}

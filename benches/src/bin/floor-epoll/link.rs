//! One socket and what waits on either side of it.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

use crate::frames::{Frame, Front, front};

const BUFFER: usize = 256 * 1024;

/// Where reads of all links go, so that a silent link holds no memory.
pub(crate) struct Buffer(Vec<u8>);

impl Buffer {
    pub(crate) fn new() -> Self {
        Self(vec![0; BUFFER])
    }
}

pub(crate) struct Link {
    stream: TcpStream,
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
    pub(crate) out: Vec<u8>,
    written: usize,
}

impl Link {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            rest: Vec::new(),
            out: Vec::new(),
            written: 0,
        })
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Reads, and gives all whole frames to `each` together with the bytes to be written. Reads
    /// again only after a read that filled the buffer: the wake-ups are edges.
    ///
    /// # Errors
    ///
    /// The end of the stream among them.
    pub(crate) fn read(
        &mut self,
        buffer: &mut Buffer,
        mut each: impl FnMut(&Frame<'_>, &mut Vec<u8>),
    ) -> io::Result<()> {
        let buffer = &mut buffer.0;
        loop {
            let held = self.rest.len();
            buffer[..held].copy_from_slice(&self.rest);
            let free = buffer.len() - held;
            let came = match self.stream.read(&mut buffer[held..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(came) => came,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why),
            };
            let all = &buffer[..held + came];
            let mut used = 0;
            let wanted = loop {
                match front(&all[used..]) {
                    Front::Whole(frame) => {
                        each(&frame, &mut self.out);
                        used += frame.len();
                    }
                    Front::Wants(wanted) => break wanted,
                }
            };
            self.rest.clear();
            self.rest.extend_from_slice(&all[used..]);
            if wanted >= buffer.len() {
                // Twice, so that there is room behind what is held.
                buffer.resize(2 * wanted, 0);
            } else if came < free {
                return Ok(());
            }
        }
    }

    /// Writes what waits, as far as the kernel takes it.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(taken) => self.written += taken,
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(why),
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }
}

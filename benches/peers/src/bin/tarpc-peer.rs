//! An echo over tarpc with bincode: `tarpc-peer server --listen ADDR`, `tarpc-peer client ADDR
//! [OPTION]...` with the options of `load-client`. Defaults of tarpc, but `TCP_NODELAY` is set and
//! more requests may be in flight.

use anyhow::{Result, bail};
use futures::StreamExt;
use load::{Caller, LoadOptions};
use serde_bytes::ByteBuf;
use tarpc::serde_transport::{self, Transport};
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, context, server};
use tokio::net::{TcpListener, TcpStream};

const MOST_IN_FLIGHT: usize = 8192;

#[tarpc::service]
trait Echo {
    async fn echo(content: ByteBuf) -> ByteBuf;
}

fn main() -> Result<()> {
    let usage = load::usage_of_pair("tarpc-peer");
    load::command_line::help(&usage);
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("server") => serve(args, &usage),
        Some("client") => {
            let options = LoadOptions::parse(args, &usage, "tarpc").map_err(anyhow::Error::msg)?;
            load::run(&options, connect).map_err(anyhow::Error::msg)
        }
        _ => bail!(usage),
    }
}

fn framed<Item, Sink>(
    stream: TcpStream,
) -> Result<Transport<TcpStream, Item, Sink, Bincode<Item, Sink>>>
where
    Item: for<'de> serde::Deserialize<'de>,
    Sink: serde::Serialize,
{
    stream.set_nodelay(true)?;
    let framed = LengthDelimitedCodec::builder().new_framed(stream);
    Ok(serde_transport::new(framed, Bincode::default()))
}

#[derive(Clone)]
struct Echoing;

impl Echo for Echoing {
    async fn echo(self, _: context::Context, content: ByteBuf) -> ByteBuf {
        content
    }
}

#[tokio::main]
async fn serve(args: impl Iterator<Item = String>, usage: &str) -> Result<()> {
    let address = load::listen_address(args, usage).map_err(anyhow::Error::msg)?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let config = server::Config {
        pending_response_buffer: MOST_IN_FLIGHT,
    };
    loop {
        let (stream, _) = listener.accept().await?;
        let requests = BaseChannel::new(config.clone(), framed(stream)?).execute(Echoing.serve());
        tokio::spawn(requests.for_each(|request| async {
            tokio::spawn(request);
        }));
    }
}

#[derive(Clone)]
struct TarpcCall {
    client: EchoClient,
    content: ByteBuf,
}

async fn connect(options: &LoadOptions) -> Result<Vec<TarpcCall>, String> {
    let mut callers = Vec::new();
    for _ in 0..options.connections {
        let stream = TcpStream::connect(&options.address).await;
        let stream = stream.map_err(|why| why.to_string())?;
        let mut config = client::Config::default();
        config.max_in_flight_requests = MOST_IN_FLIGHT;
        config.pending_request_buffer = MOST_IN_FLIGHT;
        let transport = framed(stream).map_err(|why| why.to_string())?;
        callers.push(TarpcCall {
            client: EchoClient::new(config, transport).spawn(),
            content: ByteBuf::from(vec![b'x'; options.payload]),
        });
    }
    Ok(callers)
}

impl Caller for TarpcCall {
    async fn call(&self) -> Result<(), String> {
        let answer = self.client.echo(context::current(), self.content.clone());
        let came = answer.await.map_err(|why| why.to_string())?.len();
        match came == self.content.len() {
            true => Ok(()),
            false => Err(format!("{came} bytes came back")),
        }
    }
}

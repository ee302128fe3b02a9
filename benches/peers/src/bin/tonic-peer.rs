//! An echo over tonic: `tonic-peer server --listen ADDR`, `tonic-peer client ADDR [OPTION]...` with
//! the options of `load-client`. Defaults of tonic.

use anyhow::{Result, bail};
use bytes::Bytes;
use load::{Caller, LoadOptions};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};

mod echo {
    include!(concat!(env!("OUT_DIR"), "/perf.Echo.rs"));
}

use echo::echo_client::EchoClient;
use echo::echo_server::{Echo, EchoServer};

/// One `bytes` field, as `google.protobuf.BytesValue`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RawBody {
    #[prost(bytes = "bytes", tag = "1")]
    content: Bytes,
}

fn main() -> Result<()> {
    let usage = load::usage_of_pair("tonic-peer");
    load::command_line::help(&usage);
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("server") => serve(args, &usage),
        Some("client") => {
            let options = LoadOptions::parse(args, &usage, "tonic").map_err(anyhow::Error::msg)?;
            load::run(&options, connect).map_err(anyhow::Error::msg)
        }
        _ => bail!(usage),
    }
}

struct Echoing;

#[tonic::async_trait]
impl Echo for Echoing {
    async fn echo(&self, request: Request<RawBody>) -> Result<Response<RawBody>, Status> {
        Ok(Response::new(request.into_inner()))
    }
}

#[tokio::main]
async fn serve(args: impl Iterator<Item = String>, usage: &str) -> Result<()> {
    let address = load::listen_address(args, usage).map_err(anyhow::Error::msg)?;
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .add_service(EchoServer::new(Echoing))
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}

#[derive(Clone)]
struct TonicCall {
    client: EchoClient<Channel>,
    content: Bytes,
}

async fn connect(options: &LoadOptions) -> Result<Vec<TonicCall>, String> {
    let mut callers = Vec::new();
    for _ in 0..options.connections {
        let client = EchoClient::connect(format!("http://{}", options.address)).await;
        callers.push(TonicCall {
            client: client.map_err(|why| why.to_string())?,
            content: vec![b'x'; options.payload].into(),
        });
    }
    Ok(callers)
}

impl Caller for TonicCall {
    async fn call(&self) -> Result<(), String> {
        let content = self.content.clone();
        let answer = self.client.clone().echo(RawBody { content }).await;
        let came = answer
            .map_err(|why| why.to_string())?
            .into_inner()
            .content
            .len();
        match came == self.content.len() {
            true => Ok(()),
            false => Err(format!("{came} bytes came back")),
        }
    }
}

//! Puts a SOFABolt server under load and reports what that costs; see `benches/README.md`.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use bolt_codec::bolt::SerializerCode;
use bolt_remoting::RpcClient;
use bolt_remoting::rpc::{Body, Raw, RpcConnection};
use load::{Body as Content, Caller, LoadOptions};

/// Thousands at once can overrun a server's backlog: enough for the kernel to try again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let usage = load::usage_of_client("load-client");
    load::command_line::help(&usage);
    let options = LoadOptions::parse(std::env::args().skip(1), &usage, "sofabolt-rust");
    let done = options.and_then(|options| match options.body {
        Content::Raw => {
            let body = raw_body(options.payload);
            let call = |link| RawCall {
                link,
                body: body.clone(),
            };
            load::run(&options, connect(call))
        }
        Content::Hessian => {
            let text = "x".repeat(options.payload);
            let call = |link| TextCall {
                link,
                text: text.clone(),
            };
            load::run(&options, connect(call))
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("load-client: {why}");
            ExitCode::from(2)
        }
    }
}

/// Connections of no pool, so that calls are spread evenly whatever one would choose.
fn connect<C>(
    make: impl Fn(Link) -> C,
) -> impl AsyncFnOnce(&LoadOptions) -> Result<Vec<C>, String> {
    async move |options: &LoadOptions| {
        let address = options.bolt_address();
        let client = RpcClient::builder().connect_timeout(CONNECT_TIMEOUT);
        let client = client.build().map_err(|why| why.to_string())?;
        let mut callers = Vec::with_capacity(options.connections);
        for _ in 0..options.connections {
            let connection = client.standalone(&address).await;
            let link = Link {
                connection: connection.map_err(|why| why.to_string())?,
                _client: client.clone(),
            };
            callers.push(make(link));
        }
        Ok(callers)
    }
}

#[derive(Clone)]
struct Link {
    connection: RpcConnection,
    /// Closes its connections when it is dropped.
    _client: RpcClient,
}

/// Bytes as they are.
#[derive(Clone)]
struct RawCall {
    link: Link,
    body: Body,
}

/// As long-lived as the process: otherwise all threads would count its owners in one place.
fn raw_body(payload: usize) -> Body {
    let content: &'static [u8] = Vec::leak(vec![b'x'; payload]);
    Body::new("perf.RawBody", content)
}

impl Caller for RawCall {
    async fn call(&self) -> Result<(), String> {
        let raw = Raw {
            code: SerializerCode::HESSIAN,
        };
        let answer = self.link.connection.invoke_raw(raw, &self.body).await;
        let answer = answer.map_err(|why| why.to_string())?;
        check(answer.content.len(), self.body.content.len())
    }
}

/// A string in Hessian.
#[derive(Clone)]
struct TextCall {
    link: Link,
    text: String,
}

impl Caller for TextCall {
    async fn call(&self) -> Result<(), String> {
        let answer: Result<String, _> = self.link.connection.invoke(&self.text).await;
        let answer = answer.map_err(|why| why.to_string())?;
        check(answer.len(), self.text.len())
    }
}

fn check(came: usize, wanted: usize) -> Result<(), String> {
    match came == wanted {
        true => Ok(()),
        false => Err(format!("{came} bytes came back, not {wanted}")),
    }
}

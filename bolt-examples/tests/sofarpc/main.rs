//! SOFARPC consumers and providers of ours: what they make of each other, and of bytes that nobody
//! should send.

#![forbid(unsafe_code)]

mod calls;
mod hostile;

use bolt_codec::bolt::SerializerCode;
use bolt_examples::sofarpc::{Consumer, HeaderMap, Provider, REQUEST_CLASS, Service, ServiceName};
use bolt_hessian::{Serializer, Value};
use bolt_remoting::rpc::{Body, Processors, Raw};
use bolt_remoting::{ErrorKind, RpcClient, RpcServer};

const ECHO: &str = "com.example.Echo";

/// A server and a client of it, with one connection.
struct Pair {
    server: RpcServer,
    client: RpcClient,
}

impl Pair {
    async fn new(processors: Processors) -> Self {
        let server = RpcServer::builder().processors(processors);
        Self {
            server: server.bind("127.0.0.1:0").await.expect("a port"),
            client: RpcClient::new(),
        }
    }

    async fn provider(services: impl IntoIterator<Item = Service>) -> Self {
        let mut provider = Provider::new();
        for service in services {
            provider = provider.service(service).expect("different names");
        }
        Self::new(provider.into_processors()).await
    }

    fn address(&self) -> String {
        self.server.local_addr().to_string()
    }

    fn consumer(&self, service: impl Into<ServiceName>) -> Consumer {
        Consumer::new(&self.client, &self.address(), service)
    }

    async fn raw(&self, code: SerializerCode, header: &[u8], content: &[u8]) -> Answered {
        let mut body = Body::new(REQUEST_CLASS, content.to_vec());
        body.header = header.to_vec().into();
        let answer = self.client.invoke_raw(Raw { code }, self.address(), &body);
        answer.await.map_err(|error| error.kind())
    }

    /// Which connection is in use.
    async fn connection(&self) -> u64 {
        let connection = self.client.connect(self.address()).await;
        connection.expect("connected").engine().number()
    }
}

type Answered = Result<Body, ErrorKind>;

fn echo() -> Service {
    Service::new(ECHO)
        .method("echo", |_cx, (text,): (String,)| async move { Ok(text) })
        .method("panic", |_cx, ()| async move {
            if true {
                panic!("on purpose");
            }
            Ok(())
        })
}

fn header(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut header = HeaderMap::default();
    for (key, value) in entries {
        header.insert(*key, *value);
    }
    header.encode().to_vec()
}

fn echo_header() -> Vec<u8> {
    header(&[("service", "com.example.Echo:1.0")])
}

/// The head of a call of `com.example.Echo` with parameters of these types.
fn head(types: &[&str]) -> Value {
    let types = types.iter().map(|&name| name.into());
    Value::object(
        REQUEST_CLASS,
        [
            ("methodName", "echo".into()),
            ("targetServiceUniqueName", "com.example.Echo:1.0".into()),
            ("methodArgSigs", Value::typed_list("[string", types)),
        ],
    )
}

fn stream(values: &[Value]) -> Vec<u8> {
    let mut stream = Serializer::default();
    for value in values {
        stream.write(value).expect("it can be written");
    }
    stream.into_vec()
}

fn echo_call() -> Vec<u8> {
    stream(&[head(&["java.lang.String"]), "x".into()])
}

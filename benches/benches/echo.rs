//! Calls within one process over a loopback socket: connections × callers × payload; and calls on a
//! connection where many others wait, which is what the pending table and the deadlines cost.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bolt_codec::bolt::SerializerCode;
use bolt_remoting::rpc::{Body, Raw, RpcConnection};
use bolt_remoting::{RpcClient, RpcServer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const RAW: Raw = Raw {
    code: SerializerCode::HESSIAN,
};
const LONG: Duration = Duration::from_secs(600);

/// A server and its clients, one per connection.
struct Setup {
    runtime: Runtime,
    clients: Vec<RpcClient>,
    connections: Vec<RpcConnection>,
    _server: RpcServer,
}

fn setup(connections: usize) -> Setup {
    let runtime = Runtime::new().expect("a runtime");
    let (server, clients, connections) = runtime.block_on(async {
        let server = RpcServer::builder()
            .handle_raw("perf.RawBody", |_cx, body: Body| async move { Ok(body) })
            .handle_raw("perf.Never", |_cx, _body: Body| std::future::pending())
            .bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = server.local_addr().to_string();
        let (mut clients, mut made) = (Vec::new(), Vec::new());
        for _ in 0..connections {
            let client = RpcClient::new();
            made.push(client.connect(&address).await.expect("a connection"));
            clients.push(client);
        }
        (server, clients, made)
    });
    Setup {
        runtime,
        clients,
        connections,
        _server: server,
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        // Clients close their connections when they are dropped, within the runtime.
        let _inside = self.runtime.enter();
        self.clients.clear();
    }
}

async fn call(connection: &RpcConnection, body: &Body) {
    let answer = connection.invoke_raw(RAW, body).await.expect("an answer");
    assert_eq!(answer.content.len(), body.content.len());
}

/// How long `calls` calls of so many callers take.
async fn all(connections: &[RpcConnection], callers: u64, payload: usize, calls: u64) -> Duration {
    let began = Instant::now();
    let tasks = (0..callers).map(|caller| {
        let connection = connections[caller as usize % connections.len()].clone();
        let body = Body::new("perf.RawBody", vec![7; payload]);
        let share = calls / callers + u64::from(caller < calls % callers);
        tokio::spawn(async move {
            for _ in 0..share {
                call(&connection, &body).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
    began.elapsed()
}

fn echo(c: &mut Criterion) {
    for payload in [64, 1024, 16 * 1024] {
        let mut group = c.benchmark_group(format!("echo of {payload} B"));
        group.throughput(Throughput::Elements(1));
        for (connections, callers) in [(1, 1), (1, 64), (1, 256), (4, 64), (4, 1024)] {
            let name = format!("{connections} connections, {callers} callers");
            let setup = setup(connections);
            group.bench_function(BenchmarkId::from_parameter(name), |b| {
                b.iter_custom(|calls| {
                    let calls = all(&setup.connections, callers, payload, calls);
                    setup.runtime.block_on(calls)
                });
            });
        }
    }
}

fn pending(c: &mut Criterion) {
    let mut group = c.benchmark_group("on a connection where others wait");
    for waiting in [0, 1_000, 10_000] {
        let setup = setup(1);
        let connection = &setup.connections[0];
        let never = Body::new("perf.Never", &b""[..]);
        let kept = setup.runtime.block_on(async {
            let mut kept = Vec::with_capacity(waiting);
            for _ in 0..waiting {
                let waits = connection.invoke_raw(RAW, &never).timeout(LONG).future();
                kept.push(waits.await.expect("room"));
            }
            kept
        });
        let body = Body::new("perf.RawBody", vec![7; 1024]);
        group.bench_function(BenchmarkId::new("a call", waiting), |b| {
            b.iter_custom(|calls| {
                setup.runtime.block_on(async {
                    let began = Instant::now();
                    for _ in 0..calls {
                        call(connection, &body).await;
                    }
                    began.elapsed()
                })
            });
        });
        black_box(kept);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).sample_size(30);
    targets = echo, pending
}
criterion_main!(benches);

//! Calls within one process over a loopback socket: connections × callers × payload; and what the
//! pending table and its deadlines cost where many calls wait.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bolt_codec::bolt::SerializerCode;
use bolt_remoting::rpc::{Answer, Body, Raw, RpcConnection};
use bolt_remoting::{ErrorKind, RpcClient, RpcServer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const RAW: Raw = Raw {
    code: SerializerCode::HESSIAN,
};
const LONG: Duration = Duration::from_secs(600);
const EARLY: Duration = Duration::from_millis(5);
const LATE: Duration = Duration::from_millis(10);

/// A server and its clients, one per connection.
struct Setup {
    runtime: Runtime,
    clients: Vec<RpcClient>,
    connections: Vec<RpcConnection>,
    _server: RpcServer,
}

fn setup(runtime: Runtime, connections: usize) -> Setup {
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

fn threads() -> Runtime {
    Runtime::new().expect("a runtime")
}

/// So many calls that wait for longer than the bench takes.
async fn wait(connection: &RpcConnection, calls: usize) -> Vec<Answer<Body>> {
    begin(connection, calls, LONG).await
}

/// Calls that are never answered.
async fn begin(connection: &RpcConnection, calls: usize, timeout: Duration) -> Vec<Answer<Body>> {
    let never = Body::new("perf.Never", &b""[..]);
    let mut begun = Vec::with_capacity(calls);
    for _ in 0..calls {
        let call = connection.invoke_raw(RAW, &never).timeout(timeout);
        begun.push(call.future().await.expect("room"));
    }
    begun
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
            let setup = setup(threads(), connections);
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
        let setup = setup(threads(), 1);
        let connection = &setup.connections[0];
        let kept = setup.runtime.block_on(wait(connection, waiting));
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

/// From a late look at the clock until all know whose deadlines have passed.
fn deadlines(c: &mut Criterion) {
    let mut group = c.benchmark_group("deadlines");
    for (expiring, waiting) in [(1, 0), (1, 10_000), (1_000, 0), (1_000, 10_000)] {
        let one_thread = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let setup = setup(one_thread.expect("a runtime"), 1);
        let connection = &setup.connections[0];
        let kept = setup.runtime.block_on(wait(connection, waiting));
        let name = format!("{expiring} expire, {waiting} wait on");
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    spent += setup.runtime.block_on(async {
                        let calls = begin(connection, expiring, EARLY).await;
                        // With it the connection's task, which has only this thread.
                        std::thread::sleep(LATE);
                        let began = Instant::now();
                        for call in calls {
                            assert_eq!(
                                call.await.map_err(|why| why.kind()),
                                Err(ErrorKind::Timeout)
                            );
                        }
                        began.elapsed()
                    });
                }
                spent
            });
        });
        black_box(kept);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).sample_size(30);
    targets = echo, pending, deadlines
}
criterion_main!(benches);

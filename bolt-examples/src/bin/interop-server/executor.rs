//! A runtime of one thread with a name. Java: a single-threaded `ExecutorService`.

use bolt_remoting::rpc::Execution;
use tokio::runtime::{Builder, Runtime};

/// The thread ends with the executor.
pub(crate) struct Executor(Option<Runtime>);

impl Executor {
    pub(crate) fn start(name: &str) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(name)
            .enable_all()
            .build()
            .expect("a machine that can't start two threads can't run the server either");
        Self(Some(runtime))
    }

    /// Handlers on this thread.
    pub(crate) fn execution(&self) -> Execution {
        match &self.0 {
            Some(runtime) => Execution::on(runtime.handle().clone()),
            None => Execution::default(),
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // Waiting for the thread would block whoever drops this, maybe another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

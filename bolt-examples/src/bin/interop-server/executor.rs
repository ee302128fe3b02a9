//! A thread with a name that runs jobs in order. Java: a single-threaded `ExecutorService`.

use std::sync::mpsc;
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Executor(mpsc::Sender<Job>);

impl Executor {
    /// The thread ends with the executor.
    pub(crate) fn start(name: &str) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || queue.into_iter().for_each(|job| job()))
            .expect("a machine that can't start two threads can't run the server either");
        Self(jobs)
    }

    /// Runs `job` on the thread; gives what it returns, or `None` if it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, outcome) = tokio::sync::oneshot::channel();
        let job = Box::new(move || {
            // The caller may be gone, which is its own business.
            let _ = done.send(job());
        });
        self.0.send(job).ok()?;
        outcome.await.ok()
    }
}

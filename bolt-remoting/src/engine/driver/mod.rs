//! The task of one connection: reads, dispatches, writes, and keeps its times.
//!
//! One task does all of it, so that a batch of requests that are answered at once costs one read,
//! one write and no wake-up. Reading never waits for writing: what can't be written is bounded by
//! refusing, not by stopping to read, so two peers that send at the same time can't block each
//! other.

mod life;
mod reading;
mod writing;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bolt_codec::{Protocol, Role};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

use self::life::Life;
use self::writing::Writer;
use super::clock::Clock;
use super::dispatch::Dispatch;
use super::handler::FrameHandler;
use super::receiver::Receiver;
use super::shared::{Reader, Shared};
use super::thread::{Stint, Thread, Waited, wake_in_turn};
use super::wakers::Woken;
use crate::Error;
use crate::error::CloseReason;

/// Ends once the connection has, and all requests of the peer with it.
pub(crate) struct Driver<P: Protocol, T> {
    shared: Arc<Shared<P>>,
    io: T,
    /// Who is woken for what there is to read, where it isn't the task itself.
    reader: Option<Arc<Reader<P>>>,
    receiver: Receiver<P::Decoder>,
    dispatch: Dispatch<P>,
    writer: Writer,
    clock: Clock,
    alarm: Pin<Box<Sleep>>,
    /// When the alarm wakes the task, if it does.
    armed: Option<Instant>,
    /// If the next turn is put off behind callers: how many, and when the last turn ended.
    put_off: Option<(usize, Instant)>,
    /// How many callers this turn was put off for, if it has woken none itself.
    ran: usize,
    /// What had come by then has been dispatched, unless more came than one turn reads.
    caught_up: Instant,
    life: Life,
}

/// What is to be done after a look at the shared state.
enum Next {
    /// There is something to write, or things have changed.
    Again,
    /// Others get a turn to queue more first.
    Yield,
    /// All is written: the FIN goes out, until this time at most.
    SendFin(Instant),
    /// Nothing before this time, if ever, unless somebody wakes the task.
    Sleep(Option<Instant>),
    Over,
}

impl<P, T> Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    pub(crate) fn new(
        shared: Arc<Shared<P>>,
        handler: Arc<dyn FrameHandler<P>>,
        io: T,
        decoder: P::Decoder,
        began: Instant,
    ) -> Self {
        let now = Instant::now();
        let can_beat = shared.protocol.heartbeat(&shared.session).is_some();
        let clock = Clock::new(Arc::clone(&shared.config), can_beat, began, now);
        Self {
            io,
            reader: Reader::of(&shared),
            receiver: Receiver::new(decoder),
            dispatch: Dispatch::new(Arc::clone(&shared), handler),
            writer: Writer::new(),
            clock: match shared.role {
                Role::Client => clock.greeting(now),
                Role::Server => clock,
            },
            alarm: Box::pin(tokio::time::sleep_until(now)),
            armed: None,
            put_off: None,
            ran: 0,
            caught_up: now,
            life: Life::Running,
            shared,
        }
    }

    /// Passes the relay on, if there is one, before anything that may take long.
    fn begin_stint(&self, cx: &Context<'_>, now: Instant) -> Stint {
        let relay = self.shared.lock().begin_turn(cx.waker());
        if let Some(relay) = relay {
            relay.pass();
        }
        Stint(now)
    }

    /// Writes, keeps its times and looks at what is asked for, until there is nothing to do. `woken`:
    /// the task has its next turn anyhow; `put_off`: it has it once callers have had theirs, if nobody
    /// wakes it before.
    fn go_on(
        &mut self,
        cx: &mut Context<'_>,
        mut now: Instant,
        woken: bool,
        put_off: bool,
    ) -> Poll<()> {
        loop {
            self.poll_writes(cx, now);
            let next_due = self.keep_times(now);
            match self.look(cx, now, next_due, woken) {
                Next::Again => {}
                Next::Yield => {
                    if !woken && !put_off {
                        wake_in_turn(cx.waker());
                    }
                    return Poll::Pending;
                }
                Next::SendFin(until) => {
                    if self.poll_fin(cx, now).is_pending() {
                        if !self.rings(until, now, cx) {
                            return Poll::Pending;
                        }
                        now = Instant::now();
                    }
                }
                Next::Sleep(None) => return Poll::Pending,
                Next::Sleep(Some(at)) => {
                    if !self.rings(at, now, cx) {
                        return Poll::Pending;
                    }
                    now = Instant::now();
                }
                Next::Over => return Poll::Ready(()),
            }
        }
    }

    /// Whether the alarm has rung; if not, it wakes the task at `at` or before.
    fn rings(&mut self, at: Instant, now: Instant, cx: &mut Context<'_>) -> bool {
        if self.armed.is_some_and(|armed| now < armed && armed <= at) {
            return false;
        }
        // Moving the alarm costs more than letting it ring early now and then.
        if self.alarm.is_elapsed() || at < self.alarm.deadline() {
            self.alarm.as_mut().reset(at);
        }
        // Not within the task's budget: when that is spent nothing would be set.
        let alarm = tokio::task::unconstrained(self.alarm.as_mut());
        let rings = pin!(alarm).poll(cx).is_ready();
        self.armed = (!rings).then(|| self.alarm.deadline());
        rings
    }
}

/// Nothing in it is pinned but what has its own box.
impl<P: Protocol, T> Unpin for Driver<P, T> {}

impl<P, T> Future for Driver<P, T>
where
    P: Protocol,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let now = Instant::now();
        let waited = this.put_off.take();
        let waited = waited.map(|(callers, since)| Waited {
            callers,
            time: now.saturating_duration_since(since),
        });
        let thread = Thread::enter(this.shared.number, now, waited);
        let _stint = this.reader.is_some().then(|| this.begin_stint(cx, now));
        let more_to_read = this.poll_reads(cx, now);
        let unanswered = this.shared.waiting.get();
        let wakers = &mut this.dispatch.wakers;
        let callers = wakers.wake_callers(thread, cx.waker(), unanswered);
        this.ran = match (callers, waited) {
            (Woken::Nobody, Some(waited)) => waited.callers,
            _ => 0,
        };
        let put_off = matches!(callers, Woken::InTurn(_));
        let mut woken = matches!(callers, Woken::AtOnce(_));
        if more_to_read && !put_off && !woken {
            wake_in_turn(cx.waker());
            woken = true;
        }
        // Put off behind callers that are woken when this turn is over, its own may be long in coming:
        // whoever calls may wake it at once, unless it has something to write that waits for others.
        let ended = this.go_on(cx, now, woken, put_off);
        this.put_off = match callers {
            Woken::AtOnce(callers) | Woken::InTurn(callers) => Some((callers, Instant::now())),
            Woken::Nobody | Woken::All => None,
        };
        ended
    }
}

impl<P: Protocol, T> Drop for Driver<P, T> {
    /// Whatever ends the task, no caller is left waiting, and handles that are kept for longer
    /// keep nothing of what could not be written.
    fn drop(&mut self) {
        let relay = self.shared.lock().end();
        if let Some(relay) = relay {
            relay.pass();
        }
        self.shared.close(Error::closed(CloseReason::Local));
        self.shared.lock().discard();
        self.shared.ended.cancel();
    }
}

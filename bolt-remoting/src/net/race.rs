//! Which of the answers of a name service to connect to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::timeout;

/// How long one answer has for itself before the next one is tried too (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// IPv6 and IPv4 in turns, in the order that they came, so that a network without one of them
/// costs one head start only.
pub(super) fn in_turns(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (six, four): (Vec<_>, Vec<_>) = found.partition(|at| matches!(at.ip(), IpAddr::V6(_)));
    let longest = six.len().max(four.len());
    (0..longest)
        .flat_map(|place| [six.get(place), four.get(place)])
        .flatten()
        .copied()
        .collect()
}

/// Tries all candidates, each as soon as the one before has failed or has had its head start; the
/// first that succeeds wins.
pub(super) async fn first_of<T, Fut: Future<Output = io::Result<T>>>(
    candidates: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> Fut,
) -> io::Result<T> {
    let mut candidates = candidates.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        let next = candidates.next();
        let more = next.is_some();
        attempts.extend(next.map(&connect));
        let outcome = if more {
            match timeout(HEAD_START, attempts.next()).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            }
        } else {
            attempts.next().await
        };
        match outcome {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => last = error,
            None => return Err(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn candidates(count: u8) -> Vec<SocketAddr> {
        let number = |last| SocketAddr::from(([10, 0, 0, last], 80));
        (0..count).map(number).collect()
    }

    /// Which candidate wins and after how many milliseconds; `None` in the list stays silent, the
    /// others refuse or accept after some time.
    async fn race(behaviours: &'static [Option<(u64, bool)>]) -> (Option<u8>, u128) {
        let start = Instant::now();
        let connect = |at: SocketAddr| async move {
            let IpAddr::V4(ip) = at.ip() else {
                unreachable!()
            };
            let place = ip.octets()[3];
            match behaviours[place as usize] {
                None => std::future::pending().await,
                Some((millis, accepts)) => {
                    tokio::time::sleep(MILLI * millis as u32).await;
                    let refused = || io::ErrorKind::ConnectionRefused.into();
                    accepts.then_some(place).ok_or_else(refused)
                }
            }
        };
        let winner = first_of(candidates(behaviours.len() as u8), connect).await;
        (winner.ok(), start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_answer_of_the_name_service_costs_its_head_start_only() {
        assert_eq!(race(&[None, Some((10, true))]).await, (Some(1), 260));
        assert_eq!(race(&[None, None, Some((10, true))]).await, (Some(2), 510));
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_answer_follows_a_refusal_at_once() {
        let outcome = race(&[Some((5, false)), Some((5, false)), Some((10, true))]).await;
        assert_eq!(outcome, (Some(2), 20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_may_still_win() {
        assert_eq!(race(&[Some((300, true)), None]).await, (Some(0), 300));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_refusal_is_told_when_all_refuse() {
        let outcome = race(&[Some((5, false)), Some((500, false))]).await;
        assert_eq!(outcome, (None, 505));
        assert_eq!(race(&[]).await, (None, 0));
    }

    #[test]
    fn the_families_take_turns() {
        let four = candidates(3);
        let six: SocketAddr = "[::1]:80".parse().expect("an address");
        let found = [four[0], four[1], six, four[2]];
        let expected = [six, four[0], four[1], four[2]];
        assert_eq!(in_turns(found.into_iter()), expected);
    }
}

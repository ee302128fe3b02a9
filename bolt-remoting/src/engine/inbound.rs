//! Requests of the peer that are being handled.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use bolt_codec::Correlation;

/// How many requests are in flight and, for protocols that answer in order, whose turn it is.
#[derive(Debug)]
pub(crate) struct Inbound<F> {
    running: usize,
    /// What the requests took when they were received.
    bytes: usize,
    /// Answers that are there and wait for their turn.
    held: usize,
    held_bytes: usize,
    /// `None` for protocols that answer by id.
    order: Option<Order<F>>,
}

#[derive(Debug)]
struct Order<F> {
    /// Ticket number of the first entry of `answers`.
    first: u64,
    /// `None` for requests that have no answer yet, or never get one; with about how many bytes it
    /// takes.
    answers: VecDeque<Option<(F, usize)>>,
}

/// Stands for one request in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    /// Where answers go in order, and there is to be one.
    place: Option<NonZeroU64>,
    bytes: usize,
}

impl Ticket {
    /// For a request of so many bytes that is not counted yet.
    pub(crate) fn of(bytes: usize) -> Self {
        Self { place: None, bytes }
    }
}

/// A request has ended without the answer that it should have had, and answers go in order: none
/// after it may be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gap;

impl<F> Inbound<F> {
    pub(crate) fn new(correlation: Correlation) -> Self {
        let in_order = correlation == Correlation::InOrder;
        let order = in_order.then(|| Order {
            first: 1,
            answers: VecDeque::new(),
        });
        Self {
            running: 0,
            bytes: 0,
            held: 0,
            held_bytes: 0,
            order,
        }
    }

    /// Requests that have no answer yet.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// How many bytes they took when they were received.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets the answers that wait for their turn: nothing is going to be sent any more.
    pub(crate) fn discard(&mut self) {
        (self.held, self.held_bytes) = (0, 0);
        if let Some(order) = &mut self.order {
            order.answers = VecDeque::new();
        }
    }

    /// Answers that wait for their turn.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// About how many bytes they take.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// A request comes in, which wants an answer or doesn't: it gets its place.
    pub(crate) fn begin(&mut self, ticket: &mut Ticket, wants_answer: bool) {
        self.running += 1;
        self.bytes += ticket.bytes;
        if let Some(order) = self.order.as_mut().filter(|_| wants_answer) {
            ticket.place = NonZeroU64::new(order.first + order.answers.len() as u64);
            order.answers.push_back(None);
        }
    }

    /// A request has ended, with an answer of about `len` bytes; gives the first of the answers that
    /// can be sent now. The others are [`next_in_turn`](Self::next_in_turn).
    pub(crate) fn finish(
        &mut self,
        ticket: Ticket,
        answer: Option<F>,
        len: usize,
    ) -> Result<Option<F>, Gap> {
        self.running -= 1;
        self.bytes -= ticket.bytes;
        let (Some(order), Some(place)) = (&mut self.order, ticket.place) else {
            return Ok(answer);
        };
        let answer = answer.ok_or(Gap)?;
        // All places are gone once nothing is sent any more.
        let place = place.get().checked_sub(order.first);
        if let Some(entry) = place.and_then(|place| order.answers.get_mut(place as usize)) {
            *entry = Some((answer, len));
            self.held += 1;
            self.held_bytes += len;
        }
        Ok(self.next_in_turn())
    }

    /// The next answer, if it is there and its turn has come.
    pub(crate) fn next_in_turn(&mut self) -> Option<F> {
        let order = self.order.as_mut()?;
        order.answers.front()?.as_ref()?;
        let (answer, len) = order.answers.pop_front()??;
        order.first += 1;
        self.held -= 1;
        self.held_bytes -= len;
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(inbound: &mut Inbound<char>, wants_answer: bool) -> Ticket {
        let mut ticket = Ticket::of(100);
        inbound.begin(&mut ticket, wants_answer);
        ticket
    }

    /// Ends a request; returns what can be sent then.
    fn finish(
        inbound: &mut Inbound<char>,
        ticket: Ticket,
        answer: Option<char>,
    ) -> Result<String, Gap> {
        let mut ready = inbound.finish(ticket, answer, 10)?;
        let mut sent = String::new();
        while let Some(answer) = ready {
            sent.push(answer);
            ready = inbound.next_in_turn();
        }
        Ok(sent)
    }

    #[test]
    fn answers_by_id_go_out_as_they_come() {
        let mut inbound = Inbound::new(Correlation::ById { max: 9 });
        let (a, b) = (begin(&mut inbound, true), begin(&mut inbound, true));
        assert_eq!(inbound.bytes(), 200);
        assert_eq!(finish(&mut inbound, b, Some('b')), Ok("b".into()));
        assert_eq!((inbound.running(), inbound.held()), (1, 0));
        assert_eq!(inbound.bytes(), 100);
        assert_eq!(finish(&mut inbound, a, Some('a')), Ok("a".into()));
    }

    #[test]
    fn answers_in_order_wait_for_their_turn() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let tickets =
            [true, true, false, true].map(|wants_answer| begin(&mut inbound, wants_answer));
        let mut end = |place: usize, answer| {
            let sent = finish(&mut inbound, tickets[place], Some(answer)).unwrap_or_default();
            (
                sent,
                inbound.running(),
                inbound.held(),
                inbound.held_bytes(),
            )
        };
        assert_eq!(end(3, 'd'), (String::new(), 3, 1, 10));
        assert_eq!(end(1, 'b'), (String::new(), 2, 2, 20));
        assert_eq!(end(0, 'a'), ("abd".into(), 1, 0, 0));
    }

    #[test]
    fn nothing_is_sent_after_a_missing_answer() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let [a, b, c] = [true; 3].map(|wants_answer| begin(&mut inbound, wants_answer));
        assert_eq!(finish(&mut inbound, a, Some('a')), Ok("a".into()));
        assert_eq!(finish(&mut inbound, b, None), Err(Gap));
        assert_eq!(finish(&mut inbound, c, Some('c')), Ok(String::new()));
    }

    #[test]
    fn a_oneway_request_has_no_place_in_the_order() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let (oneway, asked) = (begin(&mut inbound, false), begin(&mut inbound, true));
        assert_eq!(finish(&mut inbound, asked, Some('a')), Ok("a".into()));
        assert_eq!(finish(&mut inbound, oneway, None), Ok(String::new()));
        assert_eq!(inbound.running(), 0);
    }
}

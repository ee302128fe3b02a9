//! Requests of the peer that are being handled.

use std::collections::VecDeque;

use bolt_codec::Correlation;

/// How many requests are in flight and, for protocols that answer in order, whose turn it is.
#[derive(Debug)]
pub(crate) struct Inbound<F> {
    running: usize,
    /// Answers that are there and wait for their turn.
    held: usize,
    /// `None` for protocols that answer by id.
    order: Option<Order<F>>,
}

#[derive(Debug)]
struct Order<F> {
    /// Ticket number of the first entry of `answers`.
    first: u64,
    /// `None` for requests that have no answer yet, or never get one.
    answers: VecDeque<Option<F>>,
}

/// Stands for one request in flight; holds its place where answers go in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket(Option<u64>);

/// A request has ended without the answer that it should have had, and answers go in order: none
/// after it may be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gap;

impl<F> Inbound<F> {
    pub(crate) fn new(correlation: Correlation) -> Self {
        let in_order = correlation == Correlation::InOrder;
        let order = in_order.then(|| Order {
            first: 0,
            answers: VecDeque::new(),
        });
        Self {
            running: 0,
            held: 0,
            order,
        }
    }

    /// Requests that have no answer yet.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// Forgets the answers that wait for their turn: nothing is going to be sent any more.
    pub(crate) fn discard(&mut self) {
        self.held = 0;
        if let Some(order) = &mut self.order {
            order.answers = VecDeque::new();
        }
    }

    /// Answers that wait for their turn.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// A request comes in, which wants an answer or doesn't.
    pub(crate) fn begin(&mut self, wants_answer: bool) -> Ticket {
        self.running += 1;
        let order = self.order.as_mut().filter(|_| wants_answer);
        Ticket(order.map(|order| {
            order.answers.push_back(None);
            order.first + order.answers.len() as u64 - 1
        }))
    }

    /// A request has ended; gives `send` what can be sent now, in the right order.
    pub(crate) fn finish(
        &mut self,
        ticket: Ticket,
        answer: Option<F>,
        mut send: impl FnMut(F),
    ) -> Result<(), Gap> {
        self.running -= 1;
        let (Some(order), Some(place)) = (&mut self.order, ticket.0) else {
            answer.into_iter().for_each(send);
            return Ok(());
        };
        if answer.is_none() {
            return Err(Gap);
        }
        let entry = order.answers.get_mut((place - order.first) as usize);
        if let Some(entry) = entry {
            *entry = answer;
            self.held += 1;
        }
        while let Some(Some(_)) = order.answers.front() {
            order
                .answers
                .pop_front()
                .flatten()
                .into_iter()
                .for_each(&mut send);
            order.first += 1;
            self.held -= 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_by_id_go_out_as_they_come() {
        let mut inbound = Inbound::new(Correlation::ById { max: 9 });
        let (a, b) = (inbound.begin(true), inbound.begin(true));
        let mut sent = Vec::new();
        inbound
            .finish(b, Some('b'), |answer| sent.push(answer))
            .unwrap();
        assert_eq!((inbound.running(), inbound.held()), (1, 0));
        inbound
            .finish(a, Some('a'), |answer| sent.push(answer))
            .unwrap();
        assert_eq!(sent, ['b', 'a']);
    }

    #[test]
    fn answers_in_order_wait_for_their_turn() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let tickets: Vec<Ticket> = [true, true, false, true]
            .map(|wants_answer| inbound.begin(wants_answer))
            .into();
        let mut sent = Vec::new();
        let mut finish = |place: usize, answer| {
            let outcome = inbound.finish(tickets[place], Some(answer), |answer| sent.push(answer));
            outcome.unwrap();
            (sent.clone(), inbound.running(), inbound.held())
        };
        assert_eq!(finish(3, 'd'), (vec![], 3, 1));
        assert_eq!(finish(1, 'b'), (vec![], 2, 2));
        assert_eq!(finish(0, 'a'), (vec!['a', 'b', 'd'], 1, 0));
    }

    #[test]
    fn nothing_is_sent_after_a_missing_answer() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let tickets: Vec<Ticket> = (0..3).map(|_| inbound.begin(true)).collect();
        let mut sent = Vec::new();
        for (ticket, answer, outcome) in [
            (tickets[0], Some('a'), Ok(())),
            (tickets[1], None, Err(Gap)),
            (tickets[2], Some('c'), Ok(())),
        ] {
            assert_eq!(
                inbound.finish(ticket, answer, |answer| sent.push(answer)),
                outcome
            );
        }
        assert_eq!(sent, ['a']);
    }

    #[test]
    fn a_oneway_request_has_no_place_in_the_order() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let (oneway, asked) = (inbound.begin(false), inbound.begin(true));
        let mut sent = Vec::new();
        let mut send = |answer| sent.push(answer);
        assert_eq!(inbound.finish(asked, Some('a'), &mut send), Ok(()));
        assert_eq!(inbound.finish(oneway, None, &mut send), Ok(()));
        assert_eq!((sent, inbound.running()), (vec!['a'], 0));
    }
}

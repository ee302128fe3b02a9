//! Requests of the peer that are being handled.

use std::collections::VecDeque;

use bolt_codec::Correlation;

/// How many requests are in flight and, for protocols that answer in order, whose turn it is.
#[derive(Debug)]
pub(crate) struct Inbound<F> {
    running: usize,
    /// `None` for protocols that answer by id.
    order: Option<Order<F>>,
}

#[derive(Debug)]
struct Order<F> {
    /// Ticket number of the first entry of `answers`.
    first: u64,
    /// `None` for requests that are still running; finished ones may have no answer.
    answers: VecDeque<Option<Option<F>>>,
}

/// Stands for one request in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket(u64);

impl<F> Inbound<F> {
    pub(crate) fn new(correlation: Correlation) -> Self {
        let in_order = correlation == Correlation::InOrder;
        let order = in_order.then(|| Order {
            first: 0,
            answers: VecDeque::new(),
        });
        Self { running: 0, order }
    }

    /// Requests that have no answer yet.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// A request that will be answered comes in.
    pub(crate) fn begin(&mut self) -> Ticket {
        self.running += 1;
        let Some(order) = &mut self.order else {
            return Ticket(0);
        };
        order.answers.push_back(None);
        Ticket(order.first + order.answers.len() as u64 - 1)
    }

    /// A request has ended; gives `send` what can be sent now, in the right order.
    pub(crate) fn finish(&mut self, ticket: Ticket, answer: Option<F>, mut send: impl FnMut(F)) {
        self.running -= 1;
        let Some(order) = &mut self.order else {
            answer.into_iter().for_each(send);
            return;
        };
        if let Some(entry) = order.answers.get_mut((ticket.0 - order.first) as usize) {
            *entry = Some(answer);
        }
        while let Some(Some(_)) = order.answers.front() {
            order
                .answers
                .pop_front()
                .flatten()
                .flatten()
                .into_iter()
                .for_each(&mut send);
            order.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_by_id_go_out_as_they_come() {
        let mut inbound = Inbound::new(Correlation::ById { max: 9 });
        let (a, b) = (inbound.begin(), inbound.begin());
        let mut sent = Vec::new();
        inbound.finish(b, Some('b'), |answer| sent.push(answer));
        assert_eq!(inbound.running(), 1);
        inbound.finish(a, Some('a'), |answer| sent.push(answer));
        assert_eq!(sent, ['b', 'a']);
    }

    #[test]
    fn answers_in_order_wait_for_their_turn() {
        let mut inbound = Inbound::new(Correlation::InOrder);
        let tickets: Vec<Ticket> = (0..4).map(|_| inbound.begin()).collect();
        let mut sent = Vec::new();
        inbound.finish(tickets[2], Some('c'), |answer| sent.push(answer));
        inbound.finish(tickets[1], None, |answer| sent.push(answer));
        assert!(sent.is_empty());
        inbound.finish(tickets[0], Some('a'), |answer| sent.push(answer));
        assert_eq!(sent, ['a', 'c']);
        inbound.finish(tickets[3], Some('d'), |answer| sent.push(answer));
        assert_eq!((sent, inbound.running()), (vec!['a', 'c', 'd'], 0));
    }
}

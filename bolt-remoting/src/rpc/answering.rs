use bolt_codec::bolt::{Bolt, BoltFrame, Head, MAX_NAME_LEN};
use bytes::Bytes;

use super::body::Body;
use super::failure::{ErrorDetails, Failure, HandlerError};
use super::interceptor::Response;
use super::settings::Settings;
use crate::Connection;

/// Makes the answer of one request.
#[derive(Clone)]
pub(super) struct Answering {
    /// The successful answer without a body.
    answer: BoltFrame,
    details: ErrorDetails,
    max_frame: usize,
}

impl Answering {
    pub(super) fn new(
        request: &BoltFrame,
        settings: &Settings,
        connection: &Connection<Bolt>,
    ) -> Self {
        Self {
            answer: request.respond(Bytes::new(), Bytes::new()),
            details: settings.error_details,
            max_frame: connection.config().limits.max_frame,
        }
    }

    pub(super) fn ok(mut self, body: Body) -> BoltFrame {
        self.answer.class = body.class;
        self.answer.header = body.header;
        self.answer.content = body.content;
        match self.excess() {
            Some(why) => {
                let failure = Failure::serialize(&why, self.answer.id);
                self.failed(failure)
            }
            None => self.answer,
        }
    }

    /// What interceptors have made of the answer.
    pub(super) fn response(mut self, response: Response) -> BoltFrame {
        if !response.is_success() {
            self.answer = self.answer.respond_status(response.status);
        }
        self.answer.head = Head::Response {
            status: response.status,
        };
        self.answer.codec = response.code;
        self.ok(response.body)
    }

    /// What keeps the answer from being a frame.
    fn excess(&self) -> Option<String> {
        let answer = &self.answer;
        let sizes = [
            ("class name", answer.class.len(), MAX_NAME_LEN),
            ("header", answer.header.len(), MAX_NAME_LEN),
            ("frame", answer.encoded_len(), self.max_frame),
        ];
        let (what, len, most) = sizes.into_iter().find(|&(_, len, most)| len > most)?;
        Some(format!("its {what} takes {len} bytes, {most} are allowed"))
    }

    /// The answer to a request whose handler has failed; `None` where there is to be none at all.
    pub(super) fn handler_failed(self, error: &HandlerError) -> Option<BoltFrame> {
        let failure = Failure::of_handler(error, self.answer.id)?;
        Some(self.failed(failure))
    }

    pub(super) fn failed(self, failure: Failure) -> BoltFrame {
        let answer = self.answer.respond_status(failure.status);
        let mut answer = failure.into_frame(answer, self.details);
        if answer.encoded_len() > self.max_frame {
            // Better a status alone than silence.
            answer.class = Bytes::new();
            answer.content = Bytes::new();
        }
        answer
    }
}

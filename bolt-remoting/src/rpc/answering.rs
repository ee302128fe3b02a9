use bolt_codec::bolt::{
    Bolt, BoltFrame, BoltVersion, CommandCode, Head, MAX_NAME_LEN, ResponseStatus, SerializerCode,
};
use bytes::Bytes;

use super::body::Body;
use super::failure::{ErrorBodies, ErrorDetails, Failure, HandlerError};
use super::interceptor::Response;
use super::settings::Settings;
use crate::Connection;

/// Makes the answer of one request.
#[derive(Clone, Copy)]
pub(super) struct Answering {
    version: BoltVersion,
    id: u32,
    codec: SerializerCode,
    switch: u8,
    details: ErrorDetails,
    error_bodies: ErrorBodies,
    max_frame: usize,
}

impl Answering {
    pub(super) fn new(
        request: &BoltFrame,
        settings: &Settings,
        connection: &Connection<Bolt>,
    ) -> Self {
        Self {
            version: request.version,
            id: request.id,
            codec: request.codec,
            switch: request.switch,
            details: settings.error_details,
            error_bodies: settings.error_bodies(),
            max_frame: connection.config().limits.max_frame,
        }
    }

    /// A successful answer.
    pub(super) fn ok(self, body: Body) -> BoltFrame {
        self.with_body(ResponseStatus::SUCCESS, self.codec, self.switch, body)
    }

    /// What interceptors have made of the answer.
    pub(super) fn response(self, response: Response) -> BoltFrame {
        let switch = if response.is_success() {
            self.switch
        } else {
            0
        };
        self.with_body(response.status, response.code, switch, response.body)
    }

    fn with_body(
        self,
        status: ResponseStatus,
        codec: SerializerCode,
        switch: u8,
        body: Body,
    ) -> BoltFrame {
        let frame = BoltFrame {
            version: self.version,
            head: Head::Response { status },
            command: CommandCode::RESPONSE,
            ver2: 1,
            id: self.id,
            codec,
            switch,
            class: body.class,
            header: body.header,
            content: body.content,
        };
        match self.excess(&frame) {
            Some(why) => self.failed(Failure::serialize(&why, self.id)),
            None => frame,
        }
    }

    /// What keeps `answer` from being a frame.
    fn excess(&self, answer: &BoltFrame) -> Option<String> {
        let too_long = |what: &str, len: usize, most: usize| {
            (len > most).then(|| format!("its {what} takes {len} bytes, {most} are allowed"))
        };
        too_long("class name", answer.class.len(), MAX_NAME_LEN)
            .or_else(|| too_long("header", answer.header.len(), MAX_NAME_LEN))
            .or_else(|| too_long("frame", answer.encoded_len(), self.max_frame))
    }

    /// The answer to a request whose handler has failed; `None` where there is to be none at all.
    pub(super) fn handler_failed(self, error: &HandlerError) -> Option<BoltFrame> {
        let failure = Failure::of_handler(error, self.id)?;
        Some(self.failed(failure))
    }

    pub(super) fn failed(self, failure: Failure) -> BoltFrame {
        let answer = BoltFrame::response(self.version, self.id, failure.status);
        let mut answer = failure.into_frame(answer, self.details, self.error_bodies);
        if answer.encoded_len() > self.max_frame {
            // Better a status alone than silence.
            answer.class = Bytes::new();
            answer.content = Bytes::new();
        }
        answer
    }
}

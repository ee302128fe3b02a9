//! From a received request to its handler and back to an answer.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bolt_codec::bolt::{Bolt, BoltFrame, MAX_NAME_LEN, SerializerCode};
use bytes::Bytes;
use futures::FutureExt;
use rustc_hash::FxHashMap;

use super::body::{Body, DecodeBody, EncodeBody};
use super::connection::RpcConnection;
use super::context::RequestContext;
use super::failure::{Failure, HandlerError, HandlerResult};
use super::settings::Settings;
use crate::engine::handler::{FrameContext, FrameHandler, Reply};

/// Gives each SOFABolt request to the handler of its class.
pub(super) struct RpcHandler {
    pub(super) by_class: FxHashMap<Bytes, Arc<dyn Start>>,
    pub(super) settings: Arc<Settings>,
}

impl FrameHandler<Bolt> for RpcHandler {
    fn handle(&self, cx: FrameContext<Bolt>, frame: BoltFrame, reply: &mut Reply<Bolt>) {
        let connection = cx.connection().clone();
        let answering = Answering {
            answer: frame.respond(Bytes::new(), Bytes::new()),
            error_details: self.settings.error_details,
            max_frame: connection.config().limits.max_frame,
        };
        let Some(processor) = self.by_class.get(&frame.class) else {
            let class = match String::from_utf8_lossy(&frame.class) {
                class if class.is_empty() => "null".into(),
                class => class,
            };
            reply.now(Some(answering.failed(Failure::no_processor(&class))));
            return;
        };
        let connection = RpcConnection::new(connection, Arc::clone(&self.settings));
        let context = RequestContext::new(connection, cx.arrived(), &frame);
        let body = Body {
            class: frame.class,
            header: frame.header,
            content: frame.content,
        };
        let incoming = Incoming {
            code: frame.codec,
            body,
            answering,
        };
        Arc::clone(processor).start(context, incoming, reply);
    }
}

/// A handler whose types are forgotten.
pub(super) trait Start: Send + Sync {
    fn start(self: Arc<Self>, cx: RequestContext, incoming: Incoming, reply: &mut Reply<Bolt>);
}

/// A request on its way to its handler.
pub(super) struct Incoming {
    code: SerializerCode,
    body: Body,
    answering: Answering,
}

/// Makes the answer of one request.
struct Answering {
    /// The successful answer without a body.
    answer: BoltFrame,
    error_details: bool,
    max_frame: usize,
}

impl Answering {
    fn ok(mut self, body: Body) -> BoltFrame {
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

    fn failed(self, failure: Failure) -> BoltFrame {
        let answer = self.answer.respond_status(failure.status);
        let mut answer = failure.into_frame(answer, self.error_details);
        if answer.encoded_len() > self.max_frame {
            // Better a status alone than silence.
            answer.class = Bytes::new();
            answer.content = Bytes::new();
        }
        answer
    }
}

pub(super) struct Typed<F, S, Req, Resp> {
    handler: F,
    serializer: Arc<S>,
    types: PhantomData<fn(Req) -> Resp>,
}

impl<F, S, Req, Resp> Typed<F, S, Req, Resp> {
    pub(super) fn new(handler: F, serializer: Arc<S>) -> Self {
        Self {
            handler,
            serializer,
            types: PhantomData,
        }
    }
}

impl<F, Fut, S, Req, Resp> Start for Typed<F, S, Req, Resp>
where
    F: Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = HandlerResult<Resp>> + Send + 'static,
    Req: Send + 'static,
    Resp: Send + 'static,
    S: DecodeBody<Req> + EncodeBody<Resp>,
{
    fn start(self: Arc<Self>, cx: RequestContext, incoming: Incoming, reply: &mut Reply<Bolt>) {
        let Incoming {
            code,
            body,
            answering,
        } = incoming;
        reply.later(async move {
            let id = answering.answer.id;
            // Serializers and the closure itself may panic too, so all of it is inside.
            let handling = async {
                let request = self.serializer.decode(code, body);
                let request = request.map_err(|why| Some(Failure::deserialize(&why, id)))?;
                let handled = (self.handler)(cx, request).await;
                let response = handled.map_err(|error| Failure::of_handler(&error, id))?;
                let body = self.serializer.encode(&response);
                body.map_err(|why| Some(Failure::serialize(&why, id)))
            };
            let result = match AssertUnwindSafe(handling).catch_unwind().await {
                Ok(result) => result,
                Err(panic) => Err(Failure::of_handler(&HandlerError::panicked(&*panic), id)),
            };
            match result {
                Ok(body) => Some(answering.ok(body)),
                Err(failure) => failure.map(|failure| answering.failed(failure)),
            }
        });
    }
}

use bolt_codec::{Frame, FrameKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Message {
    kind: Kind,
    id: u64,
    body: Value,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Kind {
    Call,
    Tell,
    Answer,
    Failure,
    Ping,
    Pong,
}

impl Frame for Message {
    fn kind(&self) -> FrameKind {
        match self.kind {
            Kind::Call => FrameKind::Request,
            Kind::Tell => FrameKind::Oneway,
            Kind::Answer | Kind::Failure => FrameKind::Response,
            Kind::Ping => FrameKind::Heartbeat,
            Kind::Pong => FrameKind::HeartbeatAck,
        }
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn set_id(&mut self, id: u64) {
        self.id = id;
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::{BoltDecoder, BoltEncoder, BoltFrame, BoltVersion, ResponseStatus};
use crate::{Correlation, Limits, Protocol, Recognition, Refusal, Role};

/// The SOFABolt protocol for an engine.
///
/// ```
/// use bolt_codec::bolt::{Bolt, BoltVersion};
/// use bolt_codec::{Limits, Protocol, Role};
///
/// let (_decoder, _encoder, session) = Bolt::new(BoltVersion::V2_2).open(Role::Client, &Limits::default());
/// assert_eq!(session.version(), BoltVersion::V2_2);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Bolt {
    version: Option<BoltVersion>,
}

impl Bolt {
    /// Frames that this end starts are of `version`, whatever the peer sends. Answers are always
    /// of their request's version.
    #[must_use]
    pub fn new(version: BoltVersion) -> Self {
        Self {
            version: Some(version),
        }
    }

    /// Frames that this end starts take the version of the first frame received, version 2.1
    /// before there was one. This is what Java's server does, and the default.
    #[must_use]
    pub fn following_peer() -> Self {
        Self { version: None }
    }
}

/// Which version the frames have that one end of a connection starts.
#[derive(Clone, Debug)]
pub struct BoltSession(Arc<AtomicU8>);

const UNDECIDED: u8 = 0;

impl BoltSession {
    fn new(pinned: Option<BoltVersion>) -> Self {
        Self(Arc::new(AtomicU8::new(pinned.map_or(UNDECIDED, to_byte))))
    }

    /// The version for a frame that starts now. Java: the channel attributes `PROTOCOL` and
    /// `VERSION`.
    #[must_use]
    pub fn version(&self) -> BoltVersion {
        match self.0.load(Ordering::Relaxed) {
            1 => BoltVersion::V1,
            3 => BoltVersion::V2_2,
            _ => BoltVersion::V2_1,
        }
    }

    /// Takes note of a received frame's version; only the first one counts.
    pub(super) fn received(&self, version: BoltVersion) {
        if self.0.load(Ordering::Relaxed) == UNDECIDED {
            self.0.store(to_byte(version), Ordering::Relaxed);
        }
    }
}

fn to_byte(version: BoltVersion) -> u8 {
    match version {
        BoltVersion::V1 => 1,
        BoltVersion::V2_1 => 2,
        BoltVersion::V2_2 => 3,
    }
}

impl Protocol for Bolt {
    type Frame = BoltFrame;
    type Decoder = BoltDecoder;
    type Encoder = BoltEncoder;
    type Session = BoltSession;

    const NAME: &'static str = "bolt";
    const CORRELATION: Correlation = Correlation::ById {
        max: u32::MAX as u64,
    };

    fn open(&self, _role: Role, limits: &Limits) -> (BoltDecoder, BoltEncoder, BoltSession) {
        let session = BoltSession::new(self.version);
        let decoder = BoltDecoder::with_session(*limits, session.clone());
        (decoder, BoltEncoder::new(*limits), session)
    }

    fn heartbeat(&self, session: &BoltSession) -> Option<BoltFrame> {
        Some(BoltFrame::heartbeat(session.version()))
    }

    fn heartbeat_ack(&self, beat: &BoltFrame) -> Option<BoltFrame> {
        Some(beat.acknowledge())
    }

    fn go_away(&self, session: &BoltSession) -> Option<BoltFrame> {
        Some(BoltFrame::go_away(session.version()))
    }

    fn refuse(&self, request: &BoltFrame, why: Refusal) -> Option<BoltFrame> {
        let status = match why {
            Refusal::Busy | Refusal::ShuttingDown => ResponseStatus::SERVER_THREADPOOL_BUSY,
            Refusal::NoHandler | Refusal::HandlerFailed => ResponseStatus::SERVER_EXCEPTION,
        };
        Some(request.respond_status(status))
    }

    fn recognize(&self, first_bytes: &[u8]) -> Recognition {
        match first_bytes {
            [] => Recognition::Unsure,
            [1 | 2, ..] => Recognition::Yes,
            _ => Recognition::No,
        }
    }
}

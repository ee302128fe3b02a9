use std::sync::Arc;
use std::time::Duration;

use super::body::{Body, DecodeBody, Decoder, EncodeBody, Raw};
use super::call::{Call, OnewayCall};
use super::failure::ErrorDetails;
#[cfg(feature = "hessian")]
use super::hessian::Hessian;
use super::interceptor::Chain;
use super::outgoing::{Draft, Outgoing, Target};
use crate::{Error, ErrorKind, Result};

/// What one client or server does with all its calls and answers.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) timeout: Duration,
    pub(super) crc: bool,
    /// How much error answers say of what went wrong.
    pub(super) error_details: ErrorDetails,
    /// Around the calls made here.
    pub(super) interceptors: Chain,
    #[cfg(feature = "hessian")]
    pub(super) hessian: Arc<Hessian>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            crc: true,
            error_details: ErrorDetails::default(),
            interceptors: Chain::default(),
            #[cfg(feature = "hessian")]
            hessian: Arc::default(),
        }
    }
}

impl Settings {
    fn request<T: ?Sized>(
        &self,
        target: Result<Target>,
        value: &T,
        encoder: &(impl EncodeBody<T> + ?Sized),
    ) -> Result<Outgoing> {
        let target = target?;
        let body = encoder.encode(value).map_err(|why| {
            Error::new(
                ErrorKind::Serialize,
                format!("the request can't be written: {why}"),
            )
            .with_source(why)
        })?;
        let draft = Draft {
            body,
            code: encoder.code(),
            timeout: self.timeout,
            crc: self.crc,
            waits: true,
            interceptors: self.interceptors.clone(),
            context: None,
            trace: None,
        };
        Ok(Outgoing { target, draft })
    }

    pub(super) fn call<T: ?Sized, R: Send + 'static, S>(
        &self,
        target: Result<Target>,
        value: &T,
        serializer: &Arc<S>,
    ) -> Call<R>
    where
        S: EncodeBody<T> + DecodeBody<R>,
    {
        let decoder = Decoder::Shared(Arc::clone(serializer) as _);
        Call::new(self.request(target, value, &**serializer), decoder)
    }

    pub(super) fn oneway<T: ?Sized>(
        &self,
        target: Result<Target>,
        value: &T,
        serializer: &impl EncodeBody<T>,
    ) -> OnewayCall {
        OnewayCall(self.request(target, value, serializer))
    }

    pub(super) fn call_raw(&self, target: Result<Target>, raw: Raw, body: &Body) -> Call<Body> {
        Call::new(
            self.request(target, body, &raw),
            Decoder::Plain(|body| body),
        )
    }
}

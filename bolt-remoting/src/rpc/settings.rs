use std::sync::Arc;
use std::time::Duration;

use super::body::{Body, DecodeBody, Decoder, EncodeBody, Raw, ValueDecoder};
use super::call::{Call, OnewayCall};
use super::failure::{ErrorBodies, ErrorDetails};
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
        let value_decoder = ValueDecoder::Shared(Arc::clone(serializer) as _);
        self.two_way(self.request(target, value, &**serializer), value_decoder)
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
        let request = self.request(target, body, &raw);
        self.two_way(request, ValueDecoder::Plain(|body| body))
    }

    fn two_way<R: Send + 'static>(
        &self,
        request: Result<Outgoing>,
        value: ValueDecoder<R>,
    ) -> Call<R> {
        let errors = self.error_bodies();
        Call::new(request, Decoder { value, errors })
    }

    pub(super) fn error_bodies(&self) -> ErrorBodies {
        ErrorBodies {
            #[cfg(feature = "hessian")]
            dialect: self.hessian.dialect(),
        }
    }
}

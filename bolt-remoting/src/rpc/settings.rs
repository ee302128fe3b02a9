use std::sync::Arc;
use std::time::Duration;

use bolt_codec::bolt::SerializerCode;

use super::body::{Body, DecodeBody, EncodeBody, Raw};
use super::call::{Call, OnewayCall};
use super::failure::ErrorDetails;
#[cfg(feature = "hessian")]
use super::hessian::Hessian;
use super::interceptor::Chain;
use super::outgoing::{Outgoing, Target};
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
    /// Reads the answers of raw calls, whatever their code.
    raw: Arc<Raw>,
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
            raw: Arc::new(Raw {
                code: SerializerCode::HESSIAN,
            }),
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
        Ok(Outgoing {
            target,
            body,
            code: encoder.code(),
            timeout: self.timeout,
            crc: self.crc,
            waits: true,
            interceptors: self.interceptors.clone(),
            context: None,
            trace: None,
        })
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
        let decoder: Arc<dyn DecodeBody<R>> = Arc::clone(serializer) as _;
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
        let decoder: Arc<dyn DecodeBody<Body>> = Arc::clone(&self.raw) as _;
        Call::new(self.request(target, body, &raw), decoder)
    }
}

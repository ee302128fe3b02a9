//! Serializers of the contract's classes that are not plain Hessian. Java:
//! `CustomSerializer`.

use bolt_codec::bolt::SerializerCode;
use bolt_hessian::ByteArray;
use bolt_remoting::rpc::{Body, DecodeBody, EncodeBody, Hessian, SerializerError};
use bytes::Bytes;

use crate::contract::{CustomRequest, CustomResponse, SelectorRequest, Text};

/// Header: the text as UTF-8. Content: the body as it is.
#[derive(Clone, Copy, Debug)]
pub struct CustomCodec;

impl CustomCodec {
    fn body(class: &'static str, header: &Text, content: &ByteArray) -> Body {
        Body {
            class: class.into(),
            header: header_of(header),
            content: content.0.clone(),
        }
    }
}

impl EncodeBody<CustomRequest> for CustomCodec {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, value: &CustomRequest) -> Result<Body, SerializerError> {
        let class = "peer.bolt.CustomRequest";
        Ok(Self::body(class, &value.header_text, &value.body))
    }
}

impl DecodeBody<CustomRequest> for CustomCodec {
    fn decode(&self, _code: SerializerCode, body: Body) -> Result<CustomRequest, SerializerError> {
        Ok(CustomRequest {
            header_text: text_of(&body.header)?,
            body: body.content.into(),
        })
    }
}

impl EncodeBody<CustomResponse> for CustomCodec {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, value: &CustomResponse) -> Result<Body, SerializerError> {
        let class = "peer.bolt.CustomResponse";
        Ok(Self::body(class, &value.header_text, &value.body))
    }
}

impl DecodeBody<CustomResponse> for CustomCodec {
    fn decode(&self, _code: SerializerCode, body: Body) -> Result<CustomResponse, SerializerError> {
        Ok(CustomResponse {
            header_text: text_of(&body.header)?,
            body: body.content.into(),
        })
    }
}

/// Header: the text as UTF-8. Content: Hessian.
#[derive(Clone, Debug, Default)]
pub struct SelectorCodec(Hessian);

impl EncodeBody<SelectorRequest> for SelectorCodec {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, value: &SelectorRequest) -> Result<Body, SerializerError> {
        let mut body = self.0.encode(value)?;
        body.header = header_of(&value.header_text);
        Ok(body)
    }
}

impl DecodeBody<SelectorRequest> for SelectorCodec {
    fn decode(&self, code: SerializerCode, body: Body) -> Result<SelectorRequest, SerializerError> {
        let header_text = text_of(&body.header)?;
        let request: SelectorRequest = self.0.decode(code, body)?;
        Ok(SelectorRequest {
            header_text,
            ..request
        })
    }
}

impl EncodeBody<String> for SelectorCodec {
    fn code(&self) -> SerializerCode {
        SerializerCode::HESSIAN
    }

    fn encode(&self, value: &String) -> Result<Body, SerializerError> {
        self.0.encode(value)
    }
}

impl DecodeBody<String> for SelectorCodec {
    fn decode(&self, code: SerializerCode, body: Body) -> Result<String, SerializerError> {
        self.0.decode(code, body)
    }
}

fn header_of(text: &Text) -> Bytes {
    text.clone().map_or_else(Bytes::new, Bytes::from)
}

fn text_of(header: &Bytes) -> Result<Text, SerializerError> {
    if header.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8(header.to_vec())?))
}

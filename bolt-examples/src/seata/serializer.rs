//! How Seata's own serializer writes messages: a type code, then the fields one after the other.

use bolt_codec::CodecError;
use bytes::Buf;

use super::{
    BranchStatus, BranchType, End, GlobalStatus, Message, Outcome, Registered, Registration,
};

impl Message {
    /// Appends type code and fields.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.extend(self.type_code().to_be_bytes());
        match self {
            Self::RegisterTm(it) => it.write(out),
            Self::RegisterRm(it, resources) => {
                it.write(out)?;
                put_long_text(out, resources)
            }
            Self::TmRegistered(it) | Self::RmRegistered(it) => {
                out.push(it.accepted.into());
                put_text(out, &it.version)
            }
            Self::GlobalBegin { timeout_ms, name } => {
                out.extend(timeout_ms.to_be_bytes());
                put_text(out, name)
            }
            Self::GlobalBegun {
                outcome,
                xid,
                extra,
            } => {
                outcome.write(out)?;
                put_text(out, xid)?;
                put_text(out, extra)
            }
            Self::GlobalEnd { xid, extra, .. } | Self::GlobalState { xid, extra } => {
                put_text(out, xid)?;
                put_text(out, extra)
            }
            Self::GlobalEnded {
                outcome, status, ..
            }
            | Self::GlobalStateIs { outcome, status } => {
                outcome.write(out)?;
                out.push(status.0);
                Ok(())
            }
            Self::BranchRegister {
                xid,
                branch_type,
                resource,
                lock_key,
                data,
            } => {
                put_text(out, xid)?;
                out.push(branch_type.0);
                put_text(out, resource)?;
                put_long_text(out, lock_key)?;
                put_long_text(out, data)
            }
            Self::BranchRegistered { outcome, branch_id } => {
                outcome.write(out)?;
                out.extend(branch_id.to_be_bytes());
                Ok(())
            }
            Self::BranchEnd {
                xid,
                branch_id,
                branch_type,
                resource,
                data,
                ..
            } => {
                put_text(out, xid)?;
                out.extend(branch_id.to_be_bytes());
                out.push(branch_type.0);
                put_text(out, resource)?;
                put_long_text(out, data)
            }
            Self::BranchEnded {
                outcome,
                xid,
                branch_id,
                status,
                ..
            } => {
                outcome.write(out)?;
                put_text(out, xid)?;
                out.extend(branch_id.to_be_bytes());
                out.push(status.0);
                Ok(())
            }
        }
    }

    /// Takes type code and fields.
    pub(super) fn read(src: &mut impl Buf) -> Result<Self, CodecError> {
        let code = u16_of(src)?;
        let end = match code {
            5 | 6 | 9 | 10 => End::Rollback,
            _ => End::Commit,
        };
        Ok(match code {
            1 => Self::GlobalBegin {
                timeout_ms: i32_of(src)?,
                name: text_of(src)?,
            },
            2 => Self::GlobalBegun {
                outcome: Outcome::read(src)?,
                xid: text_of(src)?,
                extra: text_of(src)?,
            },
            3 | 5 => Self::BranchEnd {
                end,
                xid: text_of(src)?,
                branch_id: i64_of(src)?,
                branch_type: BranchType(u8_of(src)?),
                resource: text_of(src)?,
                data: long_text_of(src)?,
            },
            4 | 6 => Self::BranchEnded {
                end,
                outcome: Outcome::read(src)?,
                xid: text_of(src)?,
                branch_id: i64_of(src)?,
                status: BranchStatus(u8_of(src)?),
            },
            7 | 9 => Self::GlobalEnd {
                end,
                xid: text_of(src)?,
                extra: text_of(src)?,
            },
            8 | 10 => Self::GlobalEnded {
                end,
                outcome: Outcome::read(src)?,
                status: GlobalStatus(u8_of(src)?),
            },
            11 => Self::BranchRegister {
                xid: text_of(src)?,
                branch_type: BranchType(u8_of(src)?),
                resource: text_of(src)?,
                lock_key: long_text_of(src)?,
                data: long_text_of(src)?,
            },
            12 => Self::BranchRegistered {
                outcome: Outcome::read(src)?,
                branch_id: i64_of(src)?,
            },
            15 => Self::GlobalState {
                xid: text_of(src)?,
                extra: text_of(src)?,
            },
            16 => Self::GlobalStateIs {
                outcome: Outcome::read(src)?,
                status: GlobalStatus(u8_of(src)?),
            },
            101 => Self::RegisterTm(Registration::read(src)?),
            102 => Self::TmRegistered(Registered::read(src)?),
            103 => Self::RegisterRm(Registration::read(src)?, long_text_of(src)?),
            104 => Self::RmRegistered(Registered::read(src)?),
            _ => return Err(CodecError::malformed(format!("message of type {code}"))),
        })
    }
}

impl Registration {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        put_text(out, &self.version)?;
        put_text(out, &self.application)?;
        put_text(out, &self.group)?;
        put_text(out, &self.extra)
    }

    fn read(src: &mut impl Buf) -> Result<Self, CodecError> {
        Ok(Self {
            version: text_of(src)?,
            application: text_of(src)?,
            group: text_of(src)?,
            extra: text_of(src)?,
        })
    }
}

impl Registered {
    fn read(src: &mut impl Buf) -> Result<Self, CodecError> {
        Ok(Self {
            accepted: u8_of(src)? == 1,
            version: text_of(src)?,
        })
    }
}

impl Outcome {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        match &self.failure {
            None => out.push(1),
            Some(why) => {
                out.push(0);
                put_text(out, why)?;
            }
        }
        out.push(self.exception);
        Ok(())
    }

    fn read(src: &mut impl Buf) -> Result<Self, CodecError> {
        let failure = match u8_of(src)? {
            0 => Some(text_of(src)?),
            _ => None,
        };
        Ok(Self {
            failure,
            exception: u8_of(src)?,
        })
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), CodecError> {
    let too_long = |_| CodecError::malformed("a text of more than 32767 bytes");
    out.extend(i16::try_from(text.len()).map_err(too_long)?.to_be_bytes());
    out.extend(text.as_bytes());
    Ok(())
}

fn put_long_text(out: &mut Vec<u8>, text: &str) -> Result<(), CodecError> {
    let too_long = |_| CodecError::malformed("a text of more than 2 GiB");
    out.extend(i32::try_from(text.len()).map_err(too_long)?.to_be_bytes());
    out.extend(text.as_bytes());
    Ok(())
}

fn cut_off(_: bytes::TryGetError) -> CodecError {
    CodecError::malformed("the message is cut off")
}

fn u8_of(src: &mut impl Buf) -> Result<u8, CodecError> {
    src.try_get_u8().map_err(cut_off)
}

pub(super) fn u16_of(src: &mut impl Buf) -> Result<u16, CodecError> {
    src.try_get_u16().map_err(cut_off)
}

pub(super) fn i32_of(src: &mut impl Buf) -> Result<i32, CodecError> {
    src.try_get_i32().map_err(cut_off)
}

fn i64_of(src: &mut impl Buf) -> Result<i64, CodecError> {
    src.try_get_i64().map_err(cut_off)
}

fn text_of(src: &mut impl Buf) -> Result<String, CodecError> {
    let len = src.try_get_i16().map_err(cut_off)?;
    text(src, len.into())
}

fn long_text_of(src: &mut impl Buf) -> Result<String, CodecError> {
    let len = i32_of(src)?;
    text(src, len)
}

/// A negative length means null, which is the empty text here.
fn text(src: &mut impl Buf, len: i32) -> Result<String, CodecError> {
    let len = usize::try_from(len).unwrap_or(0);
    if src.remaining() < len {
        return Err(CodecError::malformed("the text is cut off"));
    }
    let bytes = src.copy_to_bytes(len);
    String::from_utf8(bytes.into()).map_err(|_| CodecError::malformed("a text is not UTF-8"))
}

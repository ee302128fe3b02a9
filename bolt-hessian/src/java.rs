//! Java classes that have a type of their own in Rust's ecosystem.
//!
//! Each is a type that serde writes and reads as the library does, alone or as a field. Those
//! around a type of another crate need a feature: `chrono` for dates and times of `java.time`,
//! `rust_decimal` for `BigDecimal`, `num-bigint` for `BigInteger`, `uuid` for `UUID`.
//!
//! Some travel as handles, objects of classes of the library, which their `rename` says. The class
//! of a frame is that of the value in Java all the same: [`class_name`](crate::class_name) knows it.
//!
//! ```
//! use bolt_hessian::java::SqlTimestamp;
//! use bolt_hessian::{Date, from_slice, to_vec};
//!
//! let stamp = SqlTimestamp { value: Date(1_700_000_000_123) };
//! assert_eq!(from_slice::<SqlTimestamp>(&to_vec(&stamp)?)?, stamp);
//! # Ok::<(), bolt_hessian::Error>(())
//! ```

#[cfg(feature = "num-bigint")]
mod big_integer;
#[cfg(feature = "rust_decimal")]
mod decimal;
mod parts;
mod sql;
#[cfg(feature = "chrono")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

#[cfg(feature = "num-bigint")]
pub use self::big_integer::BigInteger;
#[cfg(feature = "rust_decimal")]
pub use self::decimal::BigDecimal;
pub use self::parts::{Currency, Locale, MonthDay, Period, Year, YearMonth, ZoneId, ZoneOffset};
pub use self::sql::{SqlDate, SqlTime, SqlTimestamp};
#[cfg(feature = "chrono")]
pub use self::time::{
    Duration, Instant, LocalDate, LocalDateTime, LocalTime, OffsetDateTime, OffsetTime,
    ZonedDateTime,
};
#[cfg(feature = "uuid")]
pub use self::uuid::Uuid;

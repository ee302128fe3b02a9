//! `java.time` as the types of [`chrono`].
//!
//! Values of `java.time` do not travel themselves: the library sends handles for them.

use chrono::{
    DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc,
};
use chrono::{Datelike, Offset};
use serde::{Deserialize, Serialize};

use super::ZoneOffset;
use crate::types::Date;

/// `java.time.LocalDate`.
///
/// ```
/// use bolt_hessian::java::LocalDate;
/// use bolt_hessian::{from_slice, to_vec};
/// use chrono::NaiveDate;
///
/// let day = LocalDate(NaiveDate::from_ymd_opt(2024, 2, 29).ok_or("no such day")?);
/// assert_eq!(from_slice::<LocalDate>(&to_vec(&day)?)?, day);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "LocalDateHandle", into = "LocalDateHandle")]
pub struct LocalDate(pub NaiveDate);

/// `java.time.LocalTime`. Chrono's leap seconds become the nanosecond before the next second.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "LocalTimeHandle", into = "LocalTimeHandle")]
pub struct LocalTime(pub NaiveTime);

/// `java.time.LocalDateTime`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(from = "LocalDateTimeHandle", into = "LocalDateTimeHandle")]
pub struct LocalDateTime(pub NaiveDateTime);

/// `java.time.Instant`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "InstantHandle", into = "InstantHandle")]
pub struct Instant(pub DateTime<Utc>);

/// `java.time.Duration`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "DurationHandle", into = "DurationHandle")]
pub struct Duration(pub TimeDelta);

/// `java.time.OffsetDateTime`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "OffsetDateTimeHandle", into = "OffsetDateTimeHandle")]
pub struct OffsetDateTime(pub DateTime<FixedOffset>);

/// `java.time.OffsetTime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.OffsetTimeHandle")]
pub struct OffsetTime {
    /// The time of day where the offset holds.
    #[serde(rename = "localTime")]
    pub local_time: LocalTime,
    /// The offset.
    #[serde(rename = "zoneOffset")]
    pub zone_offset: ZoneOffset,
}

/// `java.time.ZonedDateTime`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ZonedDateTimeHandle", into = "ZonedDateTimeHandle")]
pub struct ZonedDateTime {
    /// The time with the offset that the zone has then.
    pub date_time: DateTime<FixedOffset>,
    /// The zone, for example `Asia/Shanghai`. Nothing here knows its rules.
    pub zone: String,
}

/// Why a handle stands for nothing that chrono knows.
const OUT_OF_RANGE: &str = "a date or time is out of range";

type Outcome<T> = Result<T, &'static str>;

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.LocalDateHandle")]
struct LocalDateHandle {
    year: i32,
    month: u8,
    day: u8,
}

impl From<LocalDate> for LocalDateHandle {
    fn from(LocalDate(date): LocalDate) -> Self {
        LocalDateHandle {
            year: date.year(),
            month: date.month() as u8,
            day: date.day() as u8,
        }
    }
}

impl TryFrom<LocalDateHandle> for LocalDate {
    type Error = &'static str;

    fn try_from(handle: LocalDateHandle) -> Outcome<Self> {
        NaiveDate::from_ymd_opt(handle.year, handle.month.into(), handle.day.into())
            .map(LocalDate)
            .ok_or(OUT_OF_RANGE)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.LocalTimeHandle")]
struct LocalTimeHandle {
    hour: u8,
    minute: u8,
    second: u8,
    nano: i32,
}

impl From<LocalTime> for LocalTimeHandle {
    fn from(LocalTime(time): LocalTime) -> Self {
        LocalTimeHandle {
            hour: time.hour() as u8,
            minute: time.minute() as u8,
            second: time.second() as u8,
            nano: time.nanosecond().min(999_999_999) as i32,
        }
    }
}

impl TryFrom<LocalTimeHandle> for LocalTime {
    type Error = &'static str;

    fn try_from(handle: LocalTimeHandle) -> Outcome<Self> {
        let (hour, minute, second) = (
            handle.hour.into(),
            handle.minute.into(),
            handle.second.into(),
        );
        // Chrono would take more nanoseconds for a leap second.
        let nano = u32::try_from(handle.nano)
            .ok()
            .filter(|nano| *nano < 1_000_000_000);
        nano.and_then(|nano| NaiveTime::from_hms_nano_opt(hour, minute, second, nano))
            .map(LocalTime)
            .ok_or(OUT_OF_RANGE)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.LocalDateTimeHandle")]
struct LocalDateTimeHandle {
    date: LocalDate,
    time: LocalTime,
}

impl From<LocalDateTime> for LocalDateTimeHandle {
    fn from(LocalDateTime(date_time): LocalDateTime) -> Self {
        LocalDateTimeHandle {
            date: LocalDate(date_time.date()),
            time: LocalTime(date_time.time()),
        }
    }
}

impl From<LocalDateTimeHandle> for LocalDateTime {
    fn from(handle: LocalDateTimeHandle) -> Self {
        LocalDateTime(handle.date.0.and_time(handle.time.0))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.InstantHandle")]
struct InstantHandle {
    seconds: i64,
    nanos: i32,
}

impl From<Instant> for InstantHandle {
    fn from(Instant(instant): Instant) -> Self {
        InstantHandle {
            seconds: instant.timestamp(),
            nanos: instant.timestamp_subsec_nanos().min(999_999_999) as i32,
        }
    }
}

impl TryFrom<InstantHandle> for Instant {
    type Error = &'static str;

    fn try_from(handle: InstantHandle) -> Outcome<Self> {
        let nanos = u32::try_from(handle.nanos)
            .ok()
            .filter(|nanos| *nanos < 1_000_000_000);
        nanos
            .and_then(|nanos| DateTime::from_timestamp(handle.seconds, nanos))
            .map(Instant)
            .ok_or(OUT_OF_RANGE)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.DurationHandle")]
struct DurationHandle {
    seconds: i64,
    nanos: i32,
}

impl From<Duration> for DurationHandle {
    fn from(Duration(duration): Duration) -> Self {
        // Java's nanoseconds are never negative, chrono's have the sign of the whole.
        let (seconds, nanos) = (duration.num_seconds(), duration.subsec_nanos());
        match nanos < 0 {
            true => DurationHandle {
                seconds: seconds - 1,
                nanos: nanos + 1_000_000_000,
            },
            false => DurationHandle { seconds, nanos },
        }
    }
}

impl TryFrom<DurationHandle> for Duration {
    type Error = &'static str;

    fn try_from(handle: DurationHandle) -> Outcome<Self> {
        let nanos = u32::try_from(handle.nanos).ok();
        nanos
            .and_then(|nanos| TimeDelta::new(handle.seconds, nanos))
            .map(Duration)
            .ok_or(OUT_OF_RANGE)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(
    rename = "com.caucho.hessian.io.java8.OffsetDateTimeHandle",
    rename_all = "camelCase"
)]
struct OffsetDateTimeHandle {
    date_time: LocalDateTime,
    offset: ZoneOffset,
}

impl From<OffsetDateTime> for OffsetDateTimeHandle {
    fn from(OffsetDateTime(date_time): OffsetDateTime) -> Self {
        OffsetDateTimeHandle {
            date_time: LocalDateTime(date_time.naive_local()),
            offset: ZoneOffset {
                seconds: date_time.offset().fix().local_minus_utc(),
            },
        }
    }
}

impl TryFrom<OffsetDateTimeHandle> for OffsetDateTime {
    type Error = &'static str;

    fn try_from(handle: OffsetDateTimeHandle) -> Outcome<Self> {
        let offset = FixedOffset::east_opt(handle.offset.seconds).ok_or(OUT_OF_RANGE)?;
        let local = handle.date_time.0.and_local_timezone(offset);
        local.single().map(OffsetDateTime).ok_or(OUT_OF_RANGE)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(
    rename = "com.caucho.hessian.io.java8.ZonedDateTimeHandle",
    rename_all = "camelCase"
)]
struct ZonedDateTimeHandle {
    zone_id: String,
    date_time: LocalDateTime,
    offset: ZoneOffset,
}

impl From<ZonedDateTime> for ZonedDateTimeHandle {
    fn from(zoned: ZonedDateTime) -> Self {
        let OffsetDateTimeHandle { date_time, offset } = OffsetDateTime(zoned.date_time).into();
        ZonedDateTimeHandle {
            zone_id: zoned.zone,
            date_time,
            offset,
        }
    }
}

impl TryFrom<ZonedDateTimeHandle> for ZonedDateTime {
    type Error = &'static str;

    fn try_from(handle: ZonedDateTimeHandle) -> Outcome<Self> {
        let ZonedDateTimeHandle {
            zone_id: zone,
            date_time,
            offset,
        } = handle;
        let date_time = OffsetDateTime::try_from(OffsetDateTimeHandle { date_time, offset })?.0;
        Ok(ZonedDateTime { date_time, zone })
    }
}

impl From<DateTime<Utc>> for Date {
    fn from(instant: DateTime<Utc>) -> Self {
        Date(instant.timestamp_millis())
    }
}

impl TryFrom<Date> for DateTime<Utc> {
    type Error = crate::Error;

    fn try_from(date: Date) -> crate::Result<Self> {
        DateTime::from_timestamp_millis(date.0)
            .ok_or_else(|| crate::Error::new(crate::ErrorKind::OutOfRange))
    }
}

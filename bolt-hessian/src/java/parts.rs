//! Parts of dates, zones and locales: what Java has a class for and Rust's usual crates no type.
//!
//! The fields are as they travel and are not checked: Java checks them when it reads.

use serde::{Deserialize, Serialize};

/// `java.time.Period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.PeriodHandle")]
pub struct Period {
    /// Years; may be negative, like the others.
    pub years: i32,
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
}

/// `java.time.Year`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename = "com.caucho.hessian.io.java8.YearHandle")]
pub struct Year {
    /// The year, in the proleptic ISO calendar.
    pub year: i32,
}

/// `java.time.YearMonth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.YearMonthHandle")]
pub struct YearMonth {
    /// The year, in the proleptic ISO calendar.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: i32,
}

/// `java.time.MonthDay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.MonthDayHandle")]
pub struct MonthDay {
    /// The month, 1 to 12.
    pub month: i32,
    /// The day, 1 to 31.
    pub day: i32,
}

/// `java.time.ZoneId` of a region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.ZoneIdHandle")]
pub struct ZoneId {
    /// The region, for example `Asia/Shanghai`.
    #[serde(rename = "zoneId")]
    pub zone_id: String,
}

/// `java.time.ZoneOffset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.java8.ZoneOffsetHandle")]
pub struct ZoneOffset {
    /// Seconds east of Greenwich, at most 18 hours either way.
    pub seconds: i32,
}

/// `java.util.Locale`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "com.caucho.hessian.io.LocaleHandle")]
pub struct Locale {
    /// Language, country and variant with underscores, for example `zh_CN`.
    pub value: String,
}

/// `java.util.Currency`, as Java 17 and later send it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename = "java.util.Currency")]
pub struct Currency {
    /// ISO 4217 code, for example `CNY`.
    #[serde(rename = "currencyCode")]
    pub currency_code: String,
}

//! `java.sql`: objects around a date.

use serde::{Deserialize, Serialize};

use crate::types::Date;

/// `java.sql.Date`: a day, as the instant at which it begins where Java runs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename = "java.sql.Date")]
pub struct SqlDate {
    /// The instant.
    pub value: Date,
}

/// `java.sql.Time`: a time of day on 1970-01-01, as an instant.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename = "java.sql.Time")]
pub struct SqlTime {
    /// The instant.
    pub value: Date,
}

/// `java.sql.Timestamp`, of which Java sends no more than milliseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename = "java.sql.Timestamp")]
pub struct SqlTimestamp {
    /// The instant.
    pub value: Date,
}

//! Types of Rust's ecosystem in the corpus.

use bolt_hessian::Date;
use bolt_hessian::java::{
    BigDecimal, BigInteger, Duration, Instant, LocalDate, LocalDateTime, LocalTime, Locale,
    MonthDay, OffsetDateTime, OffsetTime, Period, SqlDate, SqlTimestamp, Uuid, Year, YearMonth,
    ZoneId, ZoneOffset, ZonedDateTime,
};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::Serialize;

use super::corpus::Corpus;

impl Corpus {
    pub(super) fn types(&mut self) {
        for decimal in [
            "0",
            "-1.50",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
        ] {
            let expected = format!("java.math.BigDecimal \"{}\"", java_decimal(decimal));
            self.typed(
                &format!("Decimal {decimal}"),
                &BigDecimal(decimal.parse().unwrap()),
                &expected,
            );
        }
        for number in [
            "0",
            "1",
            "-1",
            "255",
            "4294967296",
            "-123456789012345678901234567890",
        ] {
            let expected = format!("java.math.BigInteger \"{number}\"");
            self.opened(
                &format!("BigInt {number}"),
                &BigInteger(number.parse().unwrap()),
                &expected,
            );
        }
        let id = "01234567-89ab-cdef-fedc-ba9876543210";
        let expected = format!("java.util.UUID \"{id}\"");
        self.opened("Uuid", &Uuid(id.parse().unwrap()), &expected);
        let moment = Date(1_700_000_000_000);
        // The names of their text depend on the time zone of the JVM.
        self.is_read("java.sql.Timestamp", &SqlTimestamp { value: moment });
        self.is_read("java.sql.Date", &SqlDate { value: moment });
        self.times();
        self.parts();
    }

    fn parts(&mut self) {
        let (years, months, days) = (1, -2, 3);
        let period = Period {
            years,
            months,
            days,
        };
        self.time("Period", "P1Y-2M3D", &period);
        self.time("Year", "2024", &Year { year: 2024 });
        let (month, day) = (5, 6);
        self.time("YearMonth", "2024-05", &YearMonth { year: 2024, month });
        self.time("MonthDay", "--05-06", &MonthDay { month, day });
        let zone_offset = ZoneOffset { seconds: 19_800 };
        self.time("ZoneOffset", "+05:30", &zone_offset);
        let local_time = LocalTime("01:02:03".parse().unwrap());
        let time = OffsetTime {
            local_time,
            zone_offset,
        };
        self.time("OffsetTime", "01:02:03+05:30", &time);
        let zone_id = "Asia/Shanghai".into();
        self.time("ZoneRegion", "Asia/Shanghai", &ZoneId { zone_id });
        self.is_read(
            "java.util.Locale",
            &Locale {
                value: "zh_CN".into(),
            },
        );
    }

    fn times(&mut self) {
        for day in ["2024-02-29", "1969-12-31", "0001-01-01"] {
            let date: NaiveDate = day.parse().unwrap();
            self.time("LocalDate", day, &LocalDate(date));
        }
        for text in ["23:59:58.123456789", "00:00:01"] {
            let time: NaiveTime = text.parse().unwrap();
            self.time("LocalTime", text, &LocalTime(time));
        }
        let text = "2024-02-29T01:02:03.000000004";
        let date_time: NaiveDateTime = text.parse().unwrap();
        self.time("LocalDateTime", text, &LocalDateTime(date_time));
        for text in ["2023-11-14T22:13:20.123456789Z", "1969-12-31T23:59:59.500Z"] {
            let instant: DateTime<FixedOffset> = text.parse().unwrap();
            self.time("Instant", text, &Instant(instant.to_utc()));
        }
        for (text, milliseconds) in [("PT1M30.005S", 90_005), ("PT-0.5S", -500), ("PT0S", 0)] {
            let duration = Duration(TimeDelta::milliseconds(milliseconds));
            self.time("Duration", text, &duration);
        }
        let text = "2024-01-02T03:04:05.000000006+08:00";
        let date_time: DateTime<FixedOffset> = text.parse().unwrap();
        self.time("OffsetDateTime", text, &OffsetDateTime(date_time));
        let zoned = ZonedDateTime {
            date_time,
            zone: "Asia/Shanghai".into(),
        };
        self.time("ZonedDateTime", &format!("{text}[Asia/Shanghai]"), &zoned);
    }

    fn time<T: Serialize>(&mut self, class: &str, text: &str, value: &T) {
        let expected = format!("java.time.{class} \"{text}\"");
        self.typed(&format!("{class} {text}"), value, &expected);
    }

    fn opened<T: Serialize>(&mut self, name: &str, value: &T, expected: &str) {
        self.typed(name, value, expected);
        self.cases.last_mut().unwrap().opened_only = true;
    }

    /// A value of `class`, whatever its text.
    fn is_read<T: Serialize>(&mut self, class: &str, value: &T) {
        self.typed(class, value, &format!("{class} *"));
    }
}

/// How Java's `toString()` gives it: with an exponent when there are many zeros after the point.
fn java_decimal(text: &str) -> &str {
    match text {
        "0.0000000000000000000000000001" => "1E-28",
        plain => plain,
    }
}

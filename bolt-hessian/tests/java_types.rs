//! Types of Rust's ecosystem and the Java objects that they stand for.

#![allow(clippy::unwrap_used)]

use bolt_hessian::java::{
    BigDecimal, BigInteger, Currency, Duration, Instant, LocalDate, LocalDateTime, LocalTime,
    Locale, MonthDay, OffsetDateTime, OffsetTime, Period, SqlTimestamp, Uuid, Year, YearMonth,
    ZoneId, ZoneOffset, ZonedDateTime,
};
use bolt_hessian::{Date, Value, class_name, from_slice, to_vec};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn tree<T: Serialize>(value: &T) -> Value {
    from_slice(&to_vec(value).unwrap()).unwrap()
}

fn typed<T: DeserializeOwned>(value: &Value) -> bolt_hessian::Result<T> {
    from_slice(&to_vec(value).unwrap())
}

fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, object: Value) {
    assert_eq!(tree(&value), object);
    assert_eq!(typed(&object), Ok(value));
}

/// The class that a frame says, of the type, the value and its tree.
fn frame_class<T: Serialize + DeserializeOwned>(value: &T) -> String {
    let class = class_name::of_type::<T>().unwrap();
    for of_value in [
        class_name::of_value(value),
        class_name::of_value(&tree(value)),
    ] {
        assert_eq!(of_value.as_deref(), Some(class));
    }
    class.to_owned()
}

fn handle<'a>(name: &str, fields: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::object(&format!("com.caucho.hessian.io.java8.{name}Handle"), fields)
}

#[test]
fn a_decimal_is_its_text() {
    let object = |text: &str| Value::object("java.math.BigDecimal", [("value", text.into())]);
    check(BigDecimal("-12.340".parse().unwrap()), object("-12.340"));
    assert_eq!(typed(&object("1E+3")), Ok(BigDecimal(1000.into())));
    for (text, plain) in [
        ("0E+30", "0"),
        ("0E-40", "0.0000000000000000000000000000"),
        ("-1.20E-3", "-0.00120"),
        (
            "1.0000000000000000000000000000000000E+1",
            "10.000000000000000000000000000",
        ),
        (
            "7.9228162514264337593543950335E+28",
            "79228162514264337593543950335",
        ),
        (
            "79228162514264337593543950335.00",
            "79228162514264337593543950335",
        ),
        ("1E-28", "0.0000000000000000000000000001"),
        ("10E-29", "0.0000000000000000000000000001"),
    ] {
        let read: BigDecimal = typed(&object(text)).unwrap();
        assert_eq!(read.0.to_string(), plain, "{text}");
    }
    for refused in [
        "1.00000000000000000000000000000001E+1",
        "1E+40",
        "1E+2147483647",
        "1E-2147483648",
        "79228162514264337593543950336",
        "0.00000000000000000000000000001",
        "x",
        "",
        "E1",
        "1_0",
        "1E",
        "--1",
    ] {
        assert!(typed::<BigDecimal>(&object(refused)).is_err(), "{refused}");
    }
}

#[test]
fn a_big_integer_is_its_sign_and_words() {
    let object = |signum: i32, words: &[i32]| {
        let words = Value::typed_list("[int", words.iter().copied().map(Value::Int));
        Value::object(
            "java.math.BigInteger",
            [("signum", signum.into()), ("mag", words)],
        )
    };
    let big = |text: &str| BigInteger(text.parse().unwrap());
    check(big("0"), object(0, &[]));
    check(big("255"), object(1, &[255]));
    let words = [1, -1_897_328_650, -1_015_815_954, 1_312_754_386];
    check(big("-123456789012345678901234567890"), object(-1, &words));
    for wrong in [
        object(2, &[1]),
        object(0, &[1]),
        object(1, &[]),
        object(-1, &[0]),
    ] {
        assert!(typed::<BigInteger>(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_uuid_is_its_halves() {
    let object = Value::object(
        "java.util.UUID",
        [
            ("mostSigBits", Value::Long(0x0123_4567_89ab_cdef)),
            ("leastSigBits", Value::Long(-0x0123_4567_89ab_cdf0)),
        ],
    );
    check(
        Uuid("01234567-89ab-cdef-fedc-ba9876543210".parse().unwrap()),
        object,
    );
}

#[test]
fn dates_of_sql_are_objects_around_a_date() {
    let object = Value::object("java.sql.Timestamp", [("value", Value::Date(5))]);
    check(SqlTimestamp { value: Date(5) }, object);
}

#[test]
fn parts_of_dates_and_zones_are_handles() {
    let period = Period {
        years: 1,
        months: -2,
        days: 3,
    };
    let fields = [
        ("years", 1.into()),
        ("months", (-2).into()),
        ("days", 3.into()),
    ];
    check(period, handle("Period", fields));
    check(Year { year: 2024 }, handle("Year", [("year", 2024.into())]));
    let fields = [("year", 2024.into()), ("month", 5.into())];
    check(
        YearMonth {
            year: 2024,
            month: 5,
        },
        handle("YearMonth", fields),
    );
    let fields = [("month", 5.into()), ("day", 6.into())];
    check(MonthDay { month: 5, day: 6 }, handle("MonthDay", fields));
    let zone = ZoneId {
        zone_id: "Asia/Shanghai".into(),
    };
    check(zone, handle("ZoneId", [("zoneId", "Asia/Shanghai".into())]));
    let offset = ZoneOffset { seconds: -3600 };
    check(offset, handle("ZoneOffset", [("seconds", (-3600).into())]));
    let locale = Locale {
        value: "zh_CN".into(),
    };
    check(
        locale,
        Value::object(
            "com.caucho.hessian.io.LocaleHandle",
            [("value", "zh_CN".into())],
        ),
    );
    let currency = Currency {
        currency_code: "CNY".into(),
    };
    check(
        currency,
        Value::object("java.util.Currency", [("currencyCode", "CNY".into())]),
    );
}

#[test]
fn days_and_times_are_handles() {
    let day = |year: i32, month: i32, day: i32| {
        let fields = [
            ("year", year.into()),
            ("month", month.into()),
            ("day", day.into()),
        ];
        handle("LocalDate", fields)
    };
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    check(LocalDate(date), day(2024, 2, 29));
    assert!(typed::<LocalDate>(&day(2023, 2, 29)).is_err());
    let time = |nano: i32| {
        let numbers = [("hour", 23), ("minute", 59), ("second", 59), ("nano", nano)];
        handle(
            "LocalTime",
            numbers.map(|(name, number)| (name, number.into())),
        )
    };
    check(
        LocalTime(NaiveTime::from_hms_nano_opt(23, 59, 59, 5).unwrap()),
        time(5),
    );
    let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
    assert_eq!(tree(&LocalTime(leap)), time(999_999_999));
    assert!(typed::<LocalTime>(&time(1_500_000_000)).is_err());
    assert!(typed::<LocalTime>(&time(-1)).is_err());
}

#[test]
fn instants_and_durations_count_nanoseconds_upwards() {
    let object = |name: &str, seconds: i64, nanos: i32| {
        handle(name, [("seconds", seconds.into()), ("nanos", nanos.into())])
    };
    let instant = DateTime::from_timestamp(-1, 500_000_000).unwrap();
    check(Instant(instant), object("Instant", -1, 500_000_000));
    assert!(typed::<Instant>(&object("Instant", i64::MAX, 0)).is_err());
    assert!(typed::<Instant>(&object("Instant", 0, 1_000_000_000)).is_err());
    check(
        Duration(TimeDelta::milliseconds(-500)),
        object("Duration", -1, 500_000_000),
    );
    check(Duration(TimeDelta::seconds(90)), object("Duration", 90, 0));
    assert!(typed::<Duration>(&object("Duration", i64::MAX, 0)).is_err());
}

#[test]
fn a_zoned_time_keeps_its_offset_and_zone() {
    let text = "2024-01-02T03:04:05.000000006+08:00";
    let date_time: DateTime<FixedOffset> = text.parse().unwrap();
    let zoned = ZonedDateTime {
        date_time,
        zone: "Asia/Shanghai".into(),
    };
    let object = tree(&zoned);
    assert_eq!(object.field("zoneId"), Some(&"Asia/Shanghai".into()));
    assert_eq!(
        object.field("offset"),
        Some(&handle("ZoneOffset", [("seconds", 28_800.into())]))
    );
    assert_eq!(typed(&object), Ok(zoned));
    let without_zone = tree(&OffsetDateTime(date_time));
    assert_eq!(typed(&without_zone), Ok(OffsetDateTime(date_time)));
}

#[test]
fn a_date_is_an_instant_in_milliseconds() {
    let instant = DateTime::<Utc>::try_from(Date(1_700_000_000_123)).unwrap();
    assert_eq!(Ok(instant), "2023-11-14T22:13:20.123Z".parse());
    assert_eq!(Date::from(instant), Date(1_700_000_000_123));
    assert!(DateTime::<Utc>::try_from(Date(i64::MAX)).is_err());
}

#[test]
fn the_class_of_a_frame_is_the_value_s_and_not_its_handle_s() {
    let time = "2024-01-02T03:04:05+08:00";
    let date_time: DateTime<FixedOffset> = time.parse().unwrap();
    let zoned = ZonedDateTime {
        date_time,
        zone: "Asia/Shanghai".into(),
    };
    let (year, month, day, seconds) = (2024, 2, 29, 0);
    let region = ZoneId {
        zone_id: "Asia/Shanghai".into(),
    };
    let locale = Locale {
        value: "zh_CN".into(),
    };
    let currency = Currency {
        currency_code: "CNY".into(),
    };
    for (class, expected) in [
        (frame_class(&LocalDate::default()), "java.time.LocalDate"),
        (frame_class(&LocalTime::default()), "java.time.LocalTime"),
        (
            frame_class(&LocalDateTime::default()),
            "java.time.LocalDateTime",
        ),
        (frame_class(&Instant::default()), "java.time.Instant"),
        (frame_class(&Duration::default()), "java.time.Duration"),
        (frame_class(&Period::default()), "java.time.Period"),
        (frame_class(&Year { year }), "java.time.Year"),
        (
            frame_class(&YearMonth { year, month }),
            "java.time.YearMonth",
        ),
        (frame_class(&MonthDay { month, day }), "java.time.MonthDay"),
        (frame_class(&ZoneOffset { seconds }), "java.time.ZoneOffset"),
        (frame_class(&OffsetTime::default()), "java.time.OffsetTime"),
        (
            frame_class(&OffsetDateTime::default()),
            "java.time.OffsetDateTime",
        ),
        (frame_class(&zoned), "java.time.ZonedDateTime"),
        (frame_class(&region), "java.time.ZoneRegion"),
        (frame_class(&locale), "java.util.Locale"),
        (frame_class(&currency), "java.util.Currency"),
        (frame_class(&SqlTimestamp::default()), "java.sql.Timestamp"),
        (frame_class(&BigDecimal::default()), "java.math.BigDecimal"),
        (frame_class(&BigInteger::default()), "java.math.BigInteger"),
        (frame_class(&Uuid::default()), "java.util.UUID"),
    ] {
        assert_eq!(class, expected);
    }
}

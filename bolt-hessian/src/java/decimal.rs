//! `java.math.BigDecimal` as [`rust_decimal::Decimal`].

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// `java.math.BigDecimal`. One that [`Decimal`] cannot hold exactly (96 bits, 28 places) is refused;
/// zeros at the end of its places are left out where they do not fit.
///
/// ```
/// use bolt_hessian::java::BigDecimal;
/// use bolt_hessian::{from_slice, to_vec};
///
/// let price = BigDecimal("12.340".parse()?);
/// assert_eq!(from_slice::<BigDecimal>(&to_vec(&price)?)?, price);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "Text", into = "Text")]
pub struct BigDecimal(pub Decimal);

#[derive(Serialize, Deserialize)]
#[serde(rename = "java.math.BigDecimal")]
struct Text {
    /// What `toString()` gives: plain or with an exponent.
    value: String,
}

impl From<BigDecimal> for Text {
    fn from(decimal: BigDecimal) -> Self {
        Text {
            value: decimal.0.to_string(),
        }
    }
}

impl TryFrom<Text> for BigDecimal {
    type Error = &'static str;

    fn try_from(text: Text) -> Result<Self, Self::Error> {
        let number = split(&text.value).ok_or("a BigDecimal is no number")?;
        let decimal = number.exactly().ok_or("a BigDecimal has too many digits")?;
        Ok(BigDecimal(decimal))
    }
}

/// A number as Java writes it: its digits without zeros at either end, times ten to the power of
/// `-scale`.
struct Number {
    negative: bool,
    digits: String,
    scale: i64,
    /// The places that Java counts, zeros included.
    places: i64,
}

fn split(text: &str) -> Option<Number> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let unsigned = number.strip_prefix(['+', '-']).unwrap_or(number);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = [whole, fraction].concat();
    if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits = all.trim_end_matches('0');
    let places = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
    Some(Number {
        negative: number.starts_with('-'),
        scale: places - i64::try_from(all.len() - digits.len()).ok()?,
        digits: digits.trim_start_matches('0').to_owned(),
        places,
    })
}

impl Number {
    fn exactly(&self) -> Option<Decimal> {
        let most = self.places.clamp(0, Decimal::MAX_SCALE.into());
        if self.digits.is_empty() {
            return Some(Decimal::new(0, u32::try_from(most).ok()?));
        }
        let digits: i128 = self.digits.parse().ok()?;
        let digits = if self.negative { -digits } else { digits };
        // As many of the places as there is room for.
        (self.scale.max(0)..=most).rev().find_map(|scale| {
            let zeros = u32::try_from(scale - self.scale).ok()?;
            let digits = digits.checked_mul(10_i128.checked_pow(zeros)?)?;
            Decimal::try_from_i128_with_scale(digits, u32::try_from(scale).ok()?).ok()
        })
    }
}

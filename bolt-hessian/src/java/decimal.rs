//! `java.math.BigDecimal` as [`rust_decimal::Decimal`].

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// `java.math.BigDecimal`. One that [`Decimal`] cannot hold exactly (96 bits, 28 places) is refused.
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
    type Error = rust_decimal::Error;

    fn try_from(text: Text) -> Result<Self, Self::Error> {
        let value = &text.value;
        let decimal = match value.contains(['e', 'E']) {
            true => Decimal::from_scientific(value),
            false => Decimal::from_str_exact(value),
        };
        decimal.map(BigDecimal)
    }
}

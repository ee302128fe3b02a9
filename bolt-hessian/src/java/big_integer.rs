//! `java.math.BigInteger` as [`num_bigint::BigInt`].

use num_bigint::{BigInt, Sign};
use serde::{Deserialize, Serialize};

/// `java.math.BigInteger`. Java 17 and later need `--add-opens java.base/java.math=ALL-UNNAMED` to
/// read and write it.
///
/// ```
/// use bolt_hessian::java::BigInteger;
/// use bolt_hessian::{from_slice, to_vec};
///
/// let number = BigInteger("-123456789012345678901234567890".parse()?);
/// assert_eq!(from_slice::<BigInteger>(&to_vec(&number)?)?, number);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct BigInteger(pub BigInt);

/// The fields that all versions of Java name alike.
#[derive(Serialize, Deserialize)]
#[serde(rename = "java.math.BigInteger")]
struct Parts {
    signum: i32,
    mag: Words,
}

/// Big-endian words of 32 bits.
#[derive(Serialize, Deserialize)]
#[serde(rename = "[int")]
struct Words(Vec<i32>);

impl From<BigInteger> for Parts {
    fn from(number: BigInteger) -> Self {
        let (sign, words) = number.0.to_u32_digits();
        Parts {
            signum: match sign {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            },
            mag: Words(words.into_iter().rev().map(u32::cast_signed).collect()),
        }
    }
}

impl TryFrom<Parts> for BigInteger {
    type Error = &'static str;

    fn try_from(parts: Parts) -> Result<Self, Self::Error> {
        let sign = match parts.signum {
            -1 => Sign::Minus,
            0 => Sign::NoSign,
            1 => Sign::Plus,
            _ => return Err("the sign of a BigInteger is none of -1, 0 and 1"),
        };
        let words: Vec<u32> = parts
            .mag
            .0
            .into_iter()
            .rev()
            .map(i32::cast_unsigned)
            .collect();
        if (sign == Sign::NoSign) != words.iter().all(|word| *word == 0) {
            return Err("the sign of a BigInteger does not fit its digits");
        }
        Ok(BigInteger(BigInt::from_slice(sign, &words)))
    }
}

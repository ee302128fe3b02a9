//! `java.util.UUID` as [`uuid::Uuid`].

use serde::{Deserialize, Serialize};

/// `java.util.UUID`. Java 17 and later need `--add-opens java.base/java.util=ALL-UNNAMED` to read
/// and write it.
///
/// ```
/// use bolt_hessian::java::Uuid;
/// use bolt_hessian::{from_slice, to_vec};
///
/// let id = Uuid(uuid::Uuid::from_u128(7));
/// assert_eq!(from_slice::<Uuid>(&to_vec(&id)?)?, id);
/// # Ok::<(), bolt_hessian::Error>(())
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(from = "Halves", into = "Halves")]
pub struct Uuid(pub uuid::Uuid);

#[derive(Serialize, Deserialize)]
#[serde(rename = "java.util.UUID", rename_all = "camelCase")]
struct Halves {
    most_sig_bits: i64,
    least_sig_bits: i64,
}

impl From<Uuid> for Halves {
    fn from(id: Uuid) -> Self {
        let (most, least) = id.0.as_u64_pair();
        Halves {
            most_sig_bits: most.cast_signed(),
            least_sig_bits: least.cast_signed(),
        }
    }
}

impl From<Halves> for Uuid {
    fn from(halves: Halves) -> Self {
        let (most, least) = (halves.most_sig_bits, halves.least_sig_bits);
        Uuid(uuid::Uuid::from_u64_pair(
            most.cast_unsigned(),
            least.cast_unsigned(),
        ))
    }
}

//! The dialect that is spoken and the limits that a peer meets.
//!
//! ```
//! use bolt_hessian::{Dialect, Options, to_vec, to_vec_with};
//!
//! // The two dialects say "32-bit long" with different bytes.
//! let published = Options::new().dialect(Dialect::Published);
//! assert_eq!(to_vec(&1_000_000_i64)?[0], 0x77);
//! assert_eq!(to_vec_with(&1_000_000_i64, published)?[0], 0x59);
//! # Ok::<(), bolt_hessian::Error>(())
//! ```

/// Which of the two formats named "Hessian 2" is spoken.
///
/// Nothing in the bytes tells them apart and some bytes mean different things in each, so it is
/// always said, never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// The draft of Hessian 2 that `com.alipay.sofa:hessian` 3.x speaks, and with it SOFABolt,
    /// SOFARPC and SOFAJRaft up to 1.3. The default.
    #[default]
    Draft,
    /// The published Hessian 2.0 that `com.alipay.sofa:hessian` 4.x and Dubbo speak.
    Published,
}

/// What a reader accepts before it gives up.
///
/// Whatever these say, nothing is allocated that the bytes present do not justify.
///
/// ```
/// use bolt_hessian::{ErrorKind, Limits, Options, from_slice_with};
///
/// let flat = Options::new().limits(Limits::new().depth(1));
/// let error = from_slice_with::<Vec<Vec<i32>>>(b"VVzz", flat).unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::TooDeep);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Lists, maps and objects inside one another, for reading and for writing. Default 512,
    /// which fits a stack of 2 MiB; a type with large frames of its own may need less.
    pub depth: u32,
    /// Values in one input, counting each field, item, key and value, and those that are read
    /// again for a reference. Default 16,777,216.
    pub values: u32,
    /// How many bytes may be read again for references and copied as names of fields, per byte of
    /// input (and 64 KiB in any case), when shared data is expanded into Rust types. Default 64.
    pub expansion: u32,
    /// The same for the whole of an input, however long that is. Default 256 MiB.
    pub expansion_bytes: u64,
}

impl Limits {
    /// The default limits.
    #[must_use]
    pub fn new() -> Self {
        Limits::default()
    }

    /// Allows so many lists, maps and objects inside one another; see [`depth`](field@Self::depth).
    #[must_use]
    pub fn depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }

    /// Allows so many values in one input; see [`values`](field@Self::values).
    #[must_use]
    pub fn values(mut self, values: u32) -> Self {
        self.values = values;
        self
    }

    /// Allows so many bytes to be read again per byte of input; see [`expansion`](field@Self::expansion).
    #[must_use]
    pub fn expansion(mut self, expansion: u32) -> Self {
        self.expansion = expansion;
        self
    }

    /// Allows so many bytes to be read again in all; see [`expansion_bytes`](field@Self::expansion_bytes).
    #[must_use]
    pub fn expansion_bytes(mut self, bytes: u64) -> Self {
        self.expansion_bytes = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: 512,
            values: 1 << 24,
            expansion: 64,
            expansion_bytes: 256 << 20,
        }
    }
}

/// How values are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Options {
    /// The dialect; [`Dialect::Draft`] by default.
    pub dialect: Dialect,
    /// The limits; see [`Limits`] for the defaults.
    pub limits: Limits,
}

impl Options {
    /// The draft dialect with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Options::default()
    }

    /// Speaks `dialect`.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Reads and writes within `limits`.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

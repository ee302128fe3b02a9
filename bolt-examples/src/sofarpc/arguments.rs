use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use bolt_hessian::{ByteArray, Date, Deserializer, Result, Serializer, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The Java type that parameters of a Rust type are declared with. Java finds a method by its name
/// and the declared types of its parameters, which must be met exactly: `int` is not `long`, nor
/// `java.lang.Integer`.
///
/// | Rust | Java |
/// |---|---|
/// | `bool`, `i8`, `i16`, `i32`, `i64`, `f32`, `f64`, `char` | `boolean`, `byte`, `short`, `int`, `long`, `float`, `double`, `char` |
/// | an `Option` of these | `java.lang.Boolean` and so on |
/// | `str`, `String` | `java.lang.String` |
/// | `ByteArray`, `Date` | `byte[]`, `java.util.Date` |
/// | `Vec`, slices; maps; `HashSet` | `java.util.List`; `java.util.Map`; `java.util.Set` |
/// | `Value` | `java.lang.Object` |
///
/// ```
/// use bolt_examples::sofarpc::JavaType;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename = "com.example.Order")]
/// struct Order { id: i64 }
///
/// impl JavaType for Order {
///     const NAME: &'static str = "com.example.Order";
/// }
///
/// assert_eq!(<Option<i32>>::NAME, "java.lang.Integer");
/// assert_eq!(<Option<Order>>::NAME, "com.example.Order");
/// ```
pub trait JavaType {
    /// The type as `Class.getName()` says it: `int`, `java.util.List`, `com.example.Order`; arrays
    /// are `[B`, `[I`, `[Ljava.lang.String;` and so on.
    const NAME: &'static str;
    /// The class that has room for null. Only primitive types have another one.
    const BOXED: &'static str = Self::NAME;
}

/// Types that Java knows under a fixed name.
macro_rules! java_types {
    ($($type:ty [$($param:ident),*]: $name:literal $($boxed:literal)?;)*) => {$(
        impl<$($param),*> JavaType for $type {
            const NAME: &'static str = $name;
            $(const BOXED: &'static str = $boxed;)?
        }
    )*};
}

java_types! {
    bool []: "boolean" "java.lang.Boolean";
    i8 []: "byte" "java.lang.Byte";
    i16 []: "short" "java.lang.Short";
    i32 []: "int" "java.lang.Integer";
    i64 []: "long" "java.lang.Long";
    f32 []: "float" "java.lang.Float";
    f64 []: "double" "java.lang.Double";
    char []: "char" "java.lang.Character";
    str []: "java.lang.String";
    String []: "java.lang.String";
    Value []: "java.lang.Object";
    Date []: "java.util.Date";
    ByteArray []: "[B";
    Vec<T> [T]: "java.util.List";
    [T] [T]: "java.util.List";
    HashMap<K, V, S> [K, V, S]: "java.util.Map";
    BTreeMap<K, V> [K, V]: "java.util.Map";
    HashSet<T, S> [T, S]: "java.util.Set";
}

impl<T: JavaType + ?Sized> JavaType for &T {
    const NAME: &'static str = T::NAME;
    const BOXED: &'static str = T::BOXED;
}

impl<T: JavaType + ?Sized> JavaType for Box<T> {
    const NAME: &'static str = T::NAME;
    const BOXED: &'static str = T::BOXED;
}

impl<T: JavaType> JavaType for Option<T> {
    const NAME: &'static str = T::BOXED;
}

/// The arguments of a call: a tuple of at most six, or [`Untyped`].
pub trait Arguments {
    /// The declared type of each parameter.
    fn types(&self) -> Vec<Cow<'static, str>>;

    /// Writes them one after the other; they share tables with what stands before them.
    ///
    /// # Errors
    ///
    /// When one can't be written.
    fn write(&self, stream: &mut Serializer) -> Result<()>;
}

/// Arguments that a method can take: a tuple of at most six, or [`Untyped`].
pub trait FromArguments: Sized {
    /// Whether a method with these can take a call whose parameters are declared as `types`.
    fn accept(types: &[String]) -> bool;

    /// Reads them; `types` have been accepted.
    ///
    /// # Errors
    ///
    /// When the bytes are no such arguments.
    fn read(types: &[String], stream: &mut Deserializer<'_>) -> Result<Self>;
}

/// Arguments with whatever types: for calls that are put together at run time, methods that take
/// several signatures, and data that refers to itself.
///
/// ```
/// use bolt_examples::sofarpc::{Arguments, Untyped};
/// use bolt_hessian::Value;
///
/// let order = Value::object("com.example.Order", [("id", Value::Long(7))]);
/// let args = Untyped::new([("com.example.Order", order), ("int", 3.into())]);
/// assert_eq!(args.types(), ["com.example.Order", "int"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untyped {
    /// The declared type of each parameter; see [`JavaType::NAME`].
    pub types: Vec<String>,
    /// One value for each.
    pub values: Vec<Value>,
}

impl Untyped {
    /// Pairs of declared type and value.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value));
        let (types, values) = pairs.unzip();
        Self { types, values }
    }
}

impl Arguments for Untyped {
    fn types(&self) -> Vec<Cow<'static, str>> {
        self.types.iter().map(|name| name.clone().into()).collect()
    }

    fn write(&self, stream: &mut Serializer) -> Result<()> {
        self.values.iter().try_for_each(|value| stream.write(value))
    }
}

impl FromArguments for Untyped {
    fn accept(_: &[String]) -> bool {
        true
    }

    fn read(types: &[String], stream: &mut Deserializer<'_>) -> Result<Self> {
        let values = types.iter().map(|_| stream.read()).collect::<Result<_>>()?;
        Ok(Self {
            types: types.to_vec(),
            values,
        })
    }
}

/// Tuples.
macro_rules! tuples {
    ($(($($type:ident $place:tt),*))*) => {$(
        impl<$($type: JavaType + Serialize),*> Arguments for ($($type,)*) {
            fn types(&self) -> Vec<Cow<'static, str>> {
                vec![$($type::NAME.into()),*]
            }

            fn write(&self, _stream: &mut Serializer) -> Result<()> {
                $(_stream.write(&self.$place)?;)*
                Ok(())
            }
        }

        impl<$($type: JavaType + DeserializeOwned),*> FromArguments for ($($type,)*) {
            fn accept(types: &[String]) -> bool {
                let wanted: &[&str] = &[$($type::NAME),*];
                types == wanted
            }

            fn read(_: &[String], _stream: &mut Deserializer<'_>) -> Result<Self> {
                Ok(($(_stream.read::<$type>()?,)*))
            }
        }
    )*};
}

tuples! {
    ()
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

//! Enums: Java's enum constants, and objects of one of several classes.

use std::borrow::Cow;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, EnumAccess, VariantAccess, Visitor};

use super::Deserializer;
use crate::class_name;
use crate::error::{Error, Result};
use crate::read::Head;

impl<'de> Deserializer<'de> {
    pub(super) fn read_enum<V: Visitor<'de>>(
        &mut self,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let start = self.reader.cursor();
        let head = self.reader.head()?;
        if let Head::Ref(number) = head {
            return self.expand(number, |de| de.read_enum(variants, visitor));
        }
        let class = self.class_of(head);
        let listed = variants.iter().find(|variant| Some(**variant) == class);
        let (class, unlisted) = match listed {
            Some(variant) => (Cow::Borrowed(*variant), None),
            None => {
                let class = class.map(str::to_owned);
                if let Some(name) = self.constant_name(head)? {
                    return visitor.visit_enum(StrDeserializer::<Error>::new(&name));
                }
                match class {
                    Some(class) => (Cow::Owned(class), Some(head)),
                    None => return self.mismatch(EXPECTED, head),
                }
            }
        };
        // The whole value is the variant's content.
        self.reader.rewind(start);
        visitor.visit_enum(ClassVariant {
            de: self,
            class,
            unlisted,
        })
    }

    /// The class of what begins with `head`, as Hessian names it.
    fn class_of(&self, head: Head) -> Option<&str> {
        match head {
            Head::Object(class) => Some(self.reader.class_name(class)),
            Head::List(list) => Some(match list.type_number {
                Some(number) => self.reader.type_name(number),
                None => "java.util.ArrayList",
            }),
            Head::Map(number) => Some(match number {
                Some(number) => self.reader.type_name(number),
                None => "java.util.HashMap",
            }),
            scalar => class_name::of_scalar(scalar),
        }
    }

    /// The text in the field `name`, which an enum constant has: in an object, or in a map, which
    /// Java takes too.
    fn constant_name(&mut self, head: Head) -> Result<Option<Cow<'de, str>>> {
        let mut constant = None;
        match head {
            Head::Object(class) => {
                self.reader.enter()?;
                let mut fields = self.reader.field_names(class);
                while let Some((field, _)) = self.reader.next_field(&mut fields) {
                    match field == "name" {
                        true => constant = self.reader.text_or_skip()?,
                        false => self.reader.skip()?,
                    }
                }
                self.reader.leave();
            }
            Head::Map(_) => {
                self.reader.enter()?;
                while !self.reader.take_end()? {
                    match self.reader.text_or_skip()?.as_deref() {
                        Some("name") => constant = self.reader.text_or_skip()?,
                        _ => self.reader.skip()?,
                    }
                }
                self.reader.leave();
            }
            _ => {}
        }
        Ok(constant)
    }
}

/// What an enum without a fitting variant says.
const EXPECTED: &str = "an enum constant";

/// A value whose class chooses the variant.
struct ClassVariant<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    class: Cow<'static, str>,
    /// How the value begins if no variant is named like its class: for `#[serde(other)]`.
    unlisted: Option<Head>,
}

impl<'de> EnumAccess<'de> for ClassVariant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let variant = seed.deserialize(StrDeserializer::<Error>::new(&self.class));
        match (variant, self.unlisted) {
            (Err(_), Some(found)) => self.de.mismatch(EXPECTED, found),
            (variant, _) => Ok((variant?, self)),
        }
    }
}

impl<'de> VariantAccess<'de> for ClassVariant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        self.de.reader.skip()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self.de)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_seq(self.de, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        // Objects and maps of any name are taken.
        de::Deserializer::deserialize_struct(self.de, "", fields, visitor)
    }
}

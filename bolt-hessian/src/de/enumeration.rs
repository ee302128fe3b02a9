//! Enums: Java's enum constants, and objects of one of several classes.

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
        if let Some(variant) = self.variant_for(head, variants) {
            // The whole value is the variant's content.
            self.reader.rewind(start);
            return visitor.visit_enum(ClassVariant { de: self, variant });
        }
        match head {
            Head::Object(class) => {
                let name = self.constant_name(class)?;
                visitor.visit_enum(StrDeserializer::<Error>::new(&name))
            }
            found => self.mismatch("an enum constant", found),
        }
    }

    /// The variant that is named like the class of what begins with `head`.
    fn variant_for(&self, head: Head, variants: &'static [&'static str]) -> Option<&'static str> {
        let find = |class: &str| variants.iter().copied().find(|variant| *variant == class);
        match head {
            Head::Object(class) => find(self.reader.class_name(class)),
            Head::List(list) => find(match list.type_number {
                Some(number) => self.reader.type_name(number),
                None => "java.util.ArrayList",
            }),
            Head::Map(number) => find(match number {
                Some(number) => self.reader.type_name(number),
                None => "java.util.HashMap",
            }),
            scalar => find(class_name::of_scalar(scalar)?),
        }
    }

    /// The field `name` of an enum constant.
    fn constant_name(&mut self, class: u32) -> Result<String> {
        self.reader.enter()?;
        let mut fields = self.reader.field_names(class);
        let mut constant = None;
        while let Some((field, _)) = self.reader.next_field(&mut fields) {
            if field != "name" {
                self.reader.skip()?;
                continue;
            }
            constant = Some(match self.reader.head()? {
                Head::Text(piece) => self.reader.string(piece)?.into_owned(),
                found => return self.mismatch("the name of an enum constant", found),
            });
        }
        self.reader.leave();
        match constant {
            Some(constant) => Ok(constant),
            None => self.mismatch("an enum constant", Head::Object(class)),
        }
    }
}

/// A value whose class chose the variant.
struct ClassVariant<'a, 'de> {
    de: &'a mut Deserializer<'de>,
    variant: &'static str,
}

impl<'de> EnumAccess<'de> for ClassVariant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self)> {
        let variant = seed.deserialize(StrDeserializer::<Error>::new(self.variant))?;
        Ok((variant, self))
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
        de::Deserializer::deserialize_struct(self.de, self.variant, fields, visitor)
    }
}

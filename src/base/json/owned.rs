//! A JSON value that owns its text.

use std::fmt;

use super::number;
use super::raw::{Bad, Raw};
use super::write::{ToJson, Writer, quote};

/// One JSON value, owned.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Null.
    pub fn null() -> Self {
        Self("null".into())
    }

    /// The value that a text consists of.
    pub fn parse(text: &str) -> Result<Self, Bad> {
        Raw::parse(text).map(Self::from)
    }

    /// The form of a value.
    pub fn of(value: &dyn ToJson) -> Self {
        Self(value.to_json().into())
    }

    /// Its text.
    pub fn get(&self) -> &str {
        &self.0
    }

    /// The value, to be read.
    pub fn raw(&self) -> Raw<'_> {
        Raw::checked(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ToJson for Json {
    fn write(&self, to: &mut Writer) {
        to.raw(&self.0);
    }
}

impl From<Raw<'_>> for Json {
    fn from(raw: Raw<'_>) -> Self {
        Self(raw.get().into())
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self(quote(text).into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self(if value { "true" } else { "false" }.into())
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self(number::print(value).into())
    }
}

/// For whole numbers that a double holds.
macro_rules! whole {
    ($($type:ty)*) => { $(
        impl From<$type> for Json {
            fn from(value: $type) -> Self {
                Self(value.to_string().into())
            }
        }
    )* };
}
whole!(u8 u16 u32 i32 i64 u64 usize);

impl<T: AsRef<str>> From<&[T]> for Json {
    fn from(texts: &[T]) -> Self {
        let mut to = Writer::new();
        to.open('[');
        texts.iter().for_each(|text| to.text(text.as_ref()));
        to.close(']');
        Self(to.end().into())
    }
}

impl<T: AsRef<str>> From<Vec<T>> for Json {
    fn from(texts: Vec<T>) -> Self {
        texts.as_slice().into()
    }
}

impl PartialEq<&str> for Json {
    fn eq(&self, text: &&str) -> bool {
        self.raw().text().as_deref() == Some(text)
    }
}

//! Writing JSON, value by value.

use super::number;

/// A JSON text that grows. Commas set themselves.
#[derive(Default)]
pub struct Writer(String);

/// What has a JSON form.
pub trait ToJson {
    /// Writes it as one value.
    fn write(&self, to: &mut Writer);

    /// Its JSON text.
    fn to_json(&self) -> String {
        let mut to = Writer::new();
        self.write(&mut to);
        to.end()
    }
}

impl Writer {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text.
    pub fn end(self) -> String {
        self.0
    }

    fn comma(&mut self) {
        // A value never ends in one of these.
        if !matches!(self.0.bytes().next_back(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(',');
        }
    }

    /// Begins an object (`{`) or an array (`[`).
    pub fn open(&mut self, bracket: char) {
        self.comma();
        self.0.push(bracket);
    }

    /// Ends an object (`}`) or an array (`]`).
    pub fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    /// The name of the member whose value comes next.
    pub fn key(&mut self, key: &str) {
        self.text(key);
        self.0.push(':');
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.comma();
        self.0.push_str(json);
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.comma();
        self.0.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            let (before, found) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.0.push_str(before);
            let (character, after) = found.split_at_checked(1).unwrap_or((found, ""));
            let escape = match character {
                "\"" => "\\\"",
                "\\" => "\\\\",
                "\n" => "\\n",
                "\r" => "\\r",
                "\t" => "\\t",
                "\u{8}" => "\\b",
                "\u{c}" => "\\f",
                other => {
                    let code = other.bytes().next().unwrap_or(0);
                    self.0.push_str(if code < 0x10 { "\\u000" } else { "\\u001" });
                    self.0.push(char::from_digit(u32::from(code % 16), 16).unwrap_or('0'));
                    ""
                }
            };
            self.0.push_str(escape);
            rest = after;
        }
        self.0.push_str(rest);
        self.0.push('"');
    }

    /// A number; null for NaN and the infinities.
    pub fn number(&mut self, number: f64) {
        let whole = number as u32;
        // Most numbers are places and counts. Minus zero is written as what it is.
        if f64::from(whole) == number && (whole != 0 || number.is_sign_positive()) {
            self.comma();
            self.whole(whole);
        } else {
            self.raw(&number::print(number));
        }
    }

    /// The digits of a whole number.
    fn whole(&mut self, number: u32) {
        let mut power = 1;
        while number / power > 9 {
            power *= 10;
        }
        while power > 0 {
            self.0.push(char::from(b'0' + (number / power % 10) as u8));
            power /= 10;
        }
    }

    /// Anything that has a form.
    pub fn value(&mut self, value: &dyn ToJson) {
        value.write(self);
    }

    /// An array.
    pub fn list<T: ToJson>(&mut self, items: impl IntoIterator<Item = T>) {
        self.open('[');
        items.into_iter().for_each(|item| item.write(self));
        self.close(']');
    }

    /// A member that is a string.
    pub fn text_of(&mut self, key: &str, text: &str) {
        self.key(key);
        self.text(text);
    }

    /// A member that is a string, where there is one.
    pub fn optional_text_of(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text_of(key, text);
        }
    }

    /// A member that is a number.
    pub fn number_of(&mut self, key: &str, number: f64) {
        self.key(key);
        self.number(number);
    }

    /// A member that is a boolean.
    pub fn bool_of(&mut self, key: &str, value: bool) {
        self.raw_of(key, if value { "true" } else { "false" });
    }

    /// A member whose value is JSON already.
    pub fn raw_of(&mut self, key: &str, json: &str) {
        self.key(key);
        self.raw(json);
    }

    /// A member of any form.
    pub fn value_of(&mut self, key: &str, value: &dyn ToJson) {
        self.key(key);
        value.write(self);
    }

    /// A member that is an array.
    pub fn list_of<T: ToJson>(&mut self, key: &str, items: impl IntoIterator<Item = T>) {
        self.key(key);
        self.list(items);
    }
}

/// A text as a JSON string, quotes included.
pub fn quote(text: &str) -> String {
    let mut to = Writer(String::with_capacity(text.len() + 2));
    to.text(text);
    to.end()
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, to: &mut Writer) {
        to.list(self);
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, to: &mut Writer) {
        to.list(self);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, to: &mut Writer) {
        match self {
            Some(value) => value.write(to),
            None => to.raw("null"),
        }
    }
}

impl ToJson for str {
    fn write(&self, to: &mut Writer) {
        to.text(self);
    }
}

impl ToJson for String {
    fn write(&self, to: &mut Writer) {
        to.text(self);
    }
}

impl ToJson for f64 {
    fn write(&self, to: &mut Writer) {
        to.number(*self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commas_set_themselves() {
        let mut to = Writer::new();
        to.open('{');
        to.text_of("a", "{");
        to.optional_text_of("none", None);
        to.list_of("b", [1.0, 0.5]);
        to.key("c");
        to.open('[');
        to.open('{');
        to.close('}');
        to.open('{');
        to.bool_of("d", true);
        to.raw_of("e", "null");
        to.close('}');
        to.value(&None::<String>);
        to.close(']');
        to.value_of("f", &vec!["x".to_owned()]);
        to.number_of("g", f64::NAN);
        to.close('}');
        assert_eq!(to.end(), r#"{"a":"{","b":[1,0.5],"c":[{},{"d":true,"e":null},null],"f":["x"],"g":null}"#);
    }

    proptest! {
        #[test]
        fn strings_are_written_as_by_serde_json(text: String, controls in "[\u{0}-\u{1f}\"\\\\é]{0,9}") {
            for text in [text, controls] {
                prop_assert_eq!(quote(&text), serde_json::to_string(&text).unwrap());
            }
        }
    }
}

//! How many pages a PDF has.

use super::Data;

/// The pages of a PDF: the page objects that stand in it, or else what it says it has. `None` for another format, and where the
/// objects are packed so that nothing is seen of them.
pub fn pages(data: &Data<'_>) -> Option<u64> {
    // It may stand after some other bytes: readers look at the first kilobyte.
    (0..data.len().min(1_024)).find(|at| data.has(*at, b"%PDF-"))?;
    let (mut objects, mut said) = (0, 0);
    for at in (0..data.len()).filter(|at| data.byte(*at) == Some(b'/')) {
        if data.has(at + 1, b"Type") {
            let value = after_space(data, at + 5);
            let whole = data.byte(value + 5).is_none_or(|byte| !byte.is_ascii_alphanumeric());
            if data.has(value, b"/Page") && whole {
                objects += 1;
            }
        } else if data.has(at + 1, b"Count") {
            let digits = after_space(data, at + 6);
            let number = (digits..digits + 7).map_while(|place| data.byte(place).filter(u8::is_ascii_digit));
            said = number.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')).max(said);
        }
    }
    Some(if objects > 0 { objects } else { said }).filter(|pages| *pages > 0)
}

/// The next place that is no white space.
fn after_space(data: &Data<'_>, at: usize) -> usize {
    (at..at + 16).find(|place| data.byte(*place).is_none_or(|byte| !byte.is_ascii_whitespace())).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::super::data::tests::encoded;
    use super::*;

    #[test]
    fn pages_are_counted() {
        for (text, expected) in [
            ("%PDF-1.4\n<</Type /Pages /Count 2>> <</Type/Page>> << /Type\n /Page /Parent 1>>", Some(2)),
            ("%PDF-1.7\n<</Type/Pages/Count 12>> packed", Some(12)),
            ("%PDF-1.7\n<</Count 99999999999999999999>>", Some(9_999_999)),
            ("%PDF-1.7\n<</Type/PageLabel>>", None),
            ("%PDF-1.7", None),
            ("junk %PDF-1.7 /Type/Page", Some(1)),
            ("/Type/Page", None),
            ("", None),
        ] {
            assert_eq!(pages(&Data::new(&encoded(text.as_bytes())).unwrap()), expected, "{text}");
        }
    }
}

//! How much work was done, counted instead of timed, for tests and fuzzing: a detector that looks at a byte again and again
//! is seen on any machine. In what is shipped it is nothing.

#[cfg(any(test, fuzzing))]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts so many steps: bytes that are looked at.
#[inline(always)]
pub(super) fn count(_steps: usize) {
    #[cfg(any(test, fuzzing))]
    STEPS.set(STEPS.get() + _steps as u64);
}

/// The steps since this was last asked, in this thread.
#[cfg(any(test, fuzzing))]
pub fn take() -> u64 {
    STEPS.take()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::take;
    use crate::{Action, Config, Ngrams, Scanner, Stage, TextStream};

    /// Texts that make detectors look again at what they have seen, when repeated.
    const UNITS: &[&str] = &[
        "1 a ",
        "1 ",
        "1",
        "00 ",
        "1-",
        "1.",
        "+1 ",
        "(",
        "(12",
        "AB 1",
        "A1",
        "phone 1 ",
        "4111 1111 1111 1111 ",
        "4 ",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3 ",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed ",
        "GB82 WEST 1234 5698 7654 33 ",
        "00-00-",
        "a:",
        "::",
        "1.2.3.",
        "a@a.a@",
        "a.b@",
        "@",
        "password=",
        "password=\"",
        "{\"password\":\"",
        "my password is ",
        "token: ",
        "a=b",
        "\"",
        "https://a:b",
        "--token ",
        "sk-",
        "eyJ",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "ghp_",
        "0123456789abcdef",
        "ignore ",
        "ignore previous ",
        "you are ",
        "no ",
        "DAN ",
        "i g n o r e ",
        "i.g.n.o.r.e",
        "ignoreprevious",
        "a",
        "A",
        "a_",
        "a*",
        "é",
        "日",
        "忽略",
        "\u{200b}",
        "\u{200b}a",
        "%41",
        "\\u0041",
        "&#65;",
        "&#6",
        "49 ",
        "01100001 ",
        "0x49, ",
        "rot13 ",
        "base64 ",
        "aWdub3JlIGFsbCBwcmV2aW91cyBpbnN0cnVjdGlvbnM",
        "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh ",
        "[",
        "[REDACTED_",
        "[REDACTED_EMAIL]",
        "****",
        "<|",
        "<|im_start|>",
        "[INST]",
        "#",
        "\n",
        " ",
    ];

    fn scanner() -> Scanner {
        let weights = format!("tollgate-ngrams 1 3 181 156 126 177 140 107\n{}", "P".repeat(1 << 16));
        let ngrams = Arc::new(Ngrams::parse(&weights).unwrap());
        Scanner::new(vec![
            Config::pii().with_action(Action::Redact),
            Config::secrets(),
            Config::injection().with_action(Action::Warn).with_ngrams(ngrams),
        ])
        .unwrap()
    }

    /// The steps over a text made of that unit.
    fn steps(scanner: &Scanner, unit: &str, length: usize) -> u64 {
        let text = unit.repeat(length / unit.len());
        take();
        scanner.scan(&text, Stage::Input);
        take()
    }

    #[test]
    fn the_steps_grow_as_the_text_does() {
        let scanner = scanner();
        for unit in UNITS {
            let (short, long) = (steps(&scanner, unit, 8_000), steps(&scanner, unit, 32_000));
            assert!(long < short * 4 + short / 4 + 8_000, "{unit:?}: {short} steps, of four times as much {long}");
            // Few bytes are looked at as often as the worst of these.
            assert!(long < 32_000 * MOST, "{unit:?}: {} steps a byte", long / 32_000);
        }
    }

    #[test]
    fn the_steps_over_two_units_grow_as_the_text_does() {
        let scanner = scanner();
        for (place, first) in UNITS.iter().enumerate() {
            // Each with six others, so that all come together with many kinds.
            for other in UNITS.iter().cycle().skip(place + 1).step_by(13).take(6) {
                let unit = format!("{first}{other}");
                let (short, long) = (steps(&scanner, &unit, 4_000), steps(&scanner, &unit, 12_000));
                assert!(long < short * 3 + short / 2 + 8_000, "{unit:?}: {short} steps, of three times as much {long}");
            }
        }
    }

    /// As many times a byte is looked at, on average, at the most.
    const MOST: u64 = 100;

    #[test]
    fn a_stream_looks_at_what_it_holds_no_oftener_than_its_pieces_ask_for() {
        let scanner = scanner();
        for unit in UNITS {
            let stream = |length: usize| {
                let text = unit.repeat(length / unit.len());
                take();
                let mut stream = TextStream::new(&scanner, Stage::ToolResult);
                let chars: Vec<char> = text.chars().collect();
                for piece in chars.chunks(256) {
                    stream.push(&piece.iter().collect::<String>());
                }
                stream.end();
                take()
            };
            let (short, long) = (stream(8_000), stream(32_000));
            assert!(long < short * 4 + short / 2 + 8_000, "{unit:?}: {short} steps, of four times as much {long}");
        }
    }
}

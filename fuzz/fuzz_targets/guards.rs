//! The laws of the guards, on whatever texts the fuzzer finds: a stream answers as the whole text, nothing that is found is cut within a
//! character, redacting twice changes nothing, and no text takes more steps than others of its length may.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tollgate::guard::{Action, Config, Ngrams, Scanner, Stage, TextStream, steps, to_utf16};

/// As many times a byte is looked at, on average, at the most; and what a short text may take beyond that.
const STEPS: u64 = 1_500;
const START: u64 = 200_000;

thread_local! {
    static SCANNERS: [Scanner; 3] = {
        let table = include_str!("../../data/guard/ngrams.txt");
        let ngrams = Arc::new(Ngrams::parse(table).unwrap());
        let stages = [Stage::Input, Stage::Output];
        let injection = |action| Config::injection().with_action(action).with_ngrams(ngrams.clone()).with_stages(&stages);
        [
            Scanner::new(vec![Config::pii().with_action(Action::Redact), Config::secrets()]).unwrap(),
            Scanner::new(vec![injection(Action::Transform)]).unwrap(),
            Scanner::new(vec![Config::pii().with_action(Action::Mask), Config::secrets(), injection(Action::Warn)]).unwrap(),
        ]
    };
}

fuzz_target!(|input: (u8, &str)| {
    let (size, text) = input;
    SCANNERS.with(|scanners| {
        for (place, scanner) in scanners.iter().enumerate() {
            steps::take();
            let whole = scanner.scan(text, Stage::Output);
            let took = steps::take();
            assert!(took <= START + STEPS * text.len() as u64, "{took} steps over {} bytes", text.len());

            for finding in &whole.findings {
                assert!(finding.start < finding.end && text.get(finding.start..finding.end).is_some());
            }
            assert!(whole.findings.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let units: Vec<u16> = text.encode_utf16().collect();
            let mut shown = whole.findings.clone();
            to_utf16(text, &mut shown);
            for (finding, shown) in whole.findings.iter().zip(&shown) {
                let there = String::from_utf16(&units[shown.start..shown.end]).unwrap();
                assert_eq!(there, text[finding.start..finding.end]);
            }

            let mut stream = TextStream::new(scanner, Stage::Output);
            let mut out = String::new();
            let mut rest = text;
            while !rest.is_empty() {
                let mut end = (usize::from(size) % 40 + 1).min(rest.len());
                while !rest.is_char_boundary(end) {
                    end += 1;
                }
                let (piece, after) = rest.split_at(end);
                out += &stream.push(piece);
                rest = after;
            }
            out += &stream.end();
            assert_eq!(out, whole.text);
            assert_eq!(stream.result().findings, whole.findings);

            // What is only warned of stays.
            if place < 2 {
                let twice = scanner.scan(&whole.text, Stage::Output);
                assert_eq!(twice.findings, []);
                assert_eq!(twice.text, whole.text);
            }
        }
    });
});

//! Ordinary sentences with the words that injections are made of.
#![allow(clippy::unwrap_used)] // Clippy takes the helpers of a test file for code of ours.

use tollgate::guard::{Config, Detector, Scanner, Sensitivity, Stage};

fn lines(text: &'static str) -> Vec<&'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

fn sentences() -> Vec<&'static str> {
    lines(include_str!("fixtures/guard/benign-triggers.txt"))
}

fn found(sensitivity: Sensitivity, stage: Stage) -> Vec<&'static str> {
    let scanner = Scanner::new(vec![Config::new(Detector::Injection(sensitivity))]).unwrap();
    sentences().into_iter().filter(|text| !scanner.scan(text, stage).passed).collect()
}

/// One in a hundred at the most, of more than three hundred; and of a document no more than of a user's text.
#[test]
fn trigger_words_alone_are_no_injection() {
    let all = sentences().len();
    assert!(all > 300, "{all}");
    for stage in [Stage::Input, Stage::ToolResult] {
        for (sensitivity, most) in [(Sensitivity::Low, 100), (Sensitivity::Medium, 100)] {
            let wrong = found(sensitivity, stage);
            assert!(wrong.len() * most <= all, "{sensitivity:?}, {stage:?}: {wrong:#?}");
        }
    }
}

/// What the grammar finds of sentences in words of our own, without a table: of those that it was extended with in sight, three in
/// four; of those that it was not looked at for, a fourth.
#[test]
fn injections_in_other_words_are_found_by_the_grammar() {
    let scanner = Scanner::new(vec![Config::injection()]).unwrap();
    let found = |all: Vec<&'static str>| {
        let missed: Vec<_> = all.iter().filter(|text| scanner.scan(text, Stage::Input).passed).copied().collect();
        (all.len() - missed.len(), all.len(), missed)
    };
    let (found_of_these, all, missed) = found(lines(include_str!("fixtures/guard/paraphrases.txt")));
    assert!(4 * found_of_these >= 3 * all, "{found_of_these} of {all}: {missed:#?}");
    let (found_of_those, all, missed) = found(lines(include_str!("fixtures/guard/paraphrases-2.txt")));
    assert!(4 * found_of_those >= all, "{found_of_those} of {all}: {missed:#?}");
}

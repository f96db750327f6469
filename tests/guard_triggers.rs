//! Ordinary sentences with the words that injections are made of.
#![allow(clippy::unwrap_used)] // Clippy takes the helpers of a test file for code of ours.

use tollgate::guard::{Config, Detector, Scanner, Sensitivity, Stage};

fn sentences() -> Vec<&'static str> {
    let all = include_str!("fixtures/guard/benign-triggers.txt").lines();
    all.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
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

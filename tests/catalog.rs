//! The catalogue: the shipped books as the readable ones, names, tables of others, hostile tables.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // Clippy takes the helpers of a test file for code of ours.

use tollgate::catalog::Book;

const MAIN: (&str, &str) = (include_str!("../data/prices/main.book"), include_str!("../data/prices/main.json"));
const FULL: (&str, &str) = (include_str!("../data/prices/full.book"), include_str!("../data/prices/full.json"));

#[test]
fn the_packed_books_are_the_readable_ones() {
    for (packed, json) in [MAIN, FULL] {
        let (packed, readable) = (Book::parse(packed).unwrap(), Book::from_json(json).unwrap());
        assert_eq!(packed.len(), readable.len());
        for (a, b) in packed.models().zip(readable.models()) {
            assert_eq!(a, b);
        }
        assert_eq!(packed.unsettled(), readable.unsettled());
        assert_eq!(packed.retrieved(), readable.retrieved());
    }
}

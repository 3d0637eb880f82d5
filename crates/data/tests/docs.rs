//! The examples of `docs/data-format.md`: what it shows as valid is read, and every message is the one it shows.

#![allow(clippy::unwrap_used)]

use nar4rec_data::{JsonLines, Source};
use nar4rec_slate::{Impression, Item};
use serde::de::DeserializeOwned;

const PAGE: &str = include_str!("../../../docs/data-format.md");

/// The text of the one block fenced as `kind`.
fn block(kind: &str) -> String {
    let (_, rest) = PAGE.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("```").unwrap().0.replace('\n', " ")
}

fn read<T: DeserializeOwned>(line: String) -> Result<T, String> {
    let source = Source::from_reader("train.jsonl", std::io::Cursor::new(line)).unwrap();
    JsonLines::new(source).next().unwrap().map(|line| line.value).map_err(|error| error.to_string())
}

#[test]
fn the_examples_are_valid() {
    let impression: Impression = read(block("json impression")).unwrap();
    assert_eq!(impression.shown()[0].candidate, 1);
    assert_eq!(read::<Item>(block("json item")).unwrap().features.len(), 3);
}

#[test]
fn the_messages_are_those_of_the_page() {
    let mut examples = 0;
    for row in PAGE.lines().filter(|row| row.starts_with("| `{")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
        // A code span of Markdown cannot hold the back ticks that serde writes.
        assert_eq!(read::<Impression>(cells[0].to_owned()).unwrap_err().replace('`', "'"), cells[1]);
        examples += 1;
    }
    assert_eq!(examples, 9);
}

//! The item catalog: JSON Lines, one item a line, in the order given.

use std::path::Path;

use nar4rec_slate::Item;

use crate::{ModelError, json};

/// The items as lines, each ended by a line feed.
pub(crate) fn encode(items: &[Item]) -> Vec<u8> {
    let mut lines = Vec::new();
    for item in items {
        serde_json::to_writer(&mut lines, item).expect("an item has string keys, and memory takes every byte");
        lines.push(b'\n');
    }
    lines
}

/// The items of `file`, whose content is `bytes`.
pub(crate) fn decode(file: &Path, bytes: &[u8]) -> Result<Vec<Item>, ModelError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&byte| byte == b'\n').enumerate();
    lines.map(|(index, line)| json::parse_from_line(file, index + 1, line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<Vec<Item>, String> {
        decode(Path::new("items.jsonl"), lines.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn items_come_back_as_they_were() {
        let lines = concat!(
            r#"{"id":"v1","features":{"genres":["war","a\nb"],"year":1995.25}}"#,
            "\n",
            r#"{"id":"v2","features":{}}"#,
            "\n"
        );
        let items = read(lines).unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(encode(&items), lines.as_bytes());
        assert_eq!(read(lines.trim_end()).unwrap(), items);
        assert_eq!((read("").unwrap(), encode(&[])), (vec![], vec![]));
    }

    #[test]
    fn a_bad_line_is_named() {
        let good = "{\"id\":\"v1\"}\n";
        let bad = format!("{good}{good}{{\"id\":\"v2\",\"featurs\":{{}}}}\n");
        let expected = "items.jsonl:3:20: unknown field `featurs`, expected `id` or `features`";
        assert_eq!(read(&bad).unwrap_err(), expected);
        assert!(read(&format!("{good}\n{good}")).unwrap_err().starts_with("items.jsonl:2:"));
        assert!(read("{\"id\":\"v\",\"features\":{\"a\":[1]}}").unwrap_err().contains("items.jsonl:1:"));
    }
}

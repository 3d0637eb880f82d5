//! JSON, read with errors that name file, line and column.

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

use crate::ModelError;

/// `value` as an indented text that ends with a line feed.
pub(crate) fn encode(value: &impl Serialize) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(value).expect("these types have string keys, and memory takes every byte");
    bytes.push(b'\n');
    bytes
}

/// The one value in `bytes`, the content of `file`.
pub(crate) fn parse<T: DeserializeOwned>(file: &Path, bytes: &[u8]) -> Result<T, ModelError> {
    parse_from_line(file, 1, bytes)
}

/// The one value in `bytes`, which stand in `file` from line `first` on.
pub(crate) fn parse_from_line<T: DeserializeOwned>(file: &Path, first: usize, bytes: &[u8]) -> Result<T, ModelError> {
    serde_json::from_slice(bytes).map_err(|error| ModelError::Json {
        file: file.to_owned(),
        line: first + error.line().saturating_sub(1),
        column: error.column(),
        problem: message(&error),
    })
}

/// The message without `serde_json`'s own words for the place.
fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PipelineConfig;

    #[test]
    fn file_line_column_and_field_are_named() {
        let message = |text: &str| {
            parse_from_line::<PipelineConfig>(Path::new("m/c.json"), 5, text.as_bytes()).unwrap_err().to_string()
        };
        assert_eq!(
            message("{\n  \"sed\": 1\n}"),
            "m/c.json:6:7: unknown field `sed`, expected one of `seed`, `generator_weight`, `arrangement`, `choice`, `exchanges`, `decoders`"
        );
        assert_eq!(message("{\"seed\": -1}"), "m/c.json:5:11: invalid value: integer `-1`, expected u64");
        assert_eq!(message("{\"seed\": 1"), "m/c.json:5:10: EOF while parsing an object");
        assert!(message("{} x").starts_with("m/c.json:5:4: trailing characters"));
        assert!(message("").starts_with("m/c.json:5:0: EOF"));
    }
}

//! From a serde error to a field, what was found and what was expected.
//!
//! `serde_path_to_error` knows the field except where a whole value was checked after it was read (`try_from`): there
//! the message itself starts with the field. `serde_json` speaks of Rust types and of line 1; both are put into the
//! words of the data format.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::DataError;

/// What is wrong with one line.
pub(crate) struct Problem {
    /// The byte of malformed JSON; none if the JSON is well formed.
    column: Option<usize>,
    field: String,
    problem: String,
}

impl Problem {
    /// As an error about a line of a file.
    pub(crate) fn at(self, file: &str, line: u64) -> DataError {
        let Self { column, field, problem } = self;
        let file = file.to_owned();
        match column {
            Some(column) => DataError::Malformed { file, line, column, field, problem },
            None => DataError::Invalid { file, line, field, problem },
        }
    }
}

/// The one JSON value in `line`.
pub(crate) fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().clone();
        explain(line, &path, &error.into_inner())
    })?;
    deserializer.end().map_err(|error| malformed(line, String::new(), &error))?;
    Ok(value)
}

fn explain(line: &[u8], path: &Path, error: &serde_json::Error) -> Problem {
    let field = field(path);
    if error.classify() != Category::Data {
        return malformed(line, field, error);
    }
    let message = message(error);
    if field.is_empty() && error.line() == 0 {
        return checked(&message);
    }
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let field = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
        return Problem { column: None, field, problem: "missing, expected it to be there".to_owned() };
    }
    Problem { column: None, field, problem: found_and_expected(line, path, &message) }
}

/// The path as the data format writes it. What stands inside malformed JSON may have no name yet.
fn field(path: &Path) -> String {
    path.iter().fold(String::new(), |field, segment| match segment {
        Segment::Seq { index } => format!("{field}[{index}]"),
        Segment::Map { key } if field.is_empty() => key.clone(),
        Segment::Map { key } => format!("{field}.{key}"),
        Segment::Enum { .. } | Segment::Unknown => field,
    })
}

/// A message that starts with its field, from a check after reading.
fn checked(message: &str) -> Problem {
    let (field, problem) = match message.split_once(": ") {
        Some((field, problem)) if !field.contains(char::is_whitespace) => (field, problem),
        _ => ("", message),
    };
    Problem { column: None, field: field.to_owned(), problem: problem.to_owned() }
}

fn found_and_expected(line: &[u8], path: &Path, message: &str) -> String {
    let Some((found, expected)) = mismatch(message) else { return message.to_owned() };
    let found = value_at(line, path).map_or_else(|| found.to_owned(), |value| excerpt(&value.to_string()));
    format!("found {found}, expected {}", in_words(expected))
}

/// Takes `invalid type: string "x", expected f64` and `expected a number` apart.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    if let Some(expected) = message.strip_prefix("expected ") {
        return Some(("another value", expected));
    }
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    rest.rsplit_once(", expected ")
}

/// The name of a Rust type in the words of the data format.
fn in_words(expected: &str) -> &str {
    match expected {
        "f64" => "a number",
        "i64" => "an integer",
        "a sequence" => "a list",
        "a map" => "an object",
        "bool" => "true or false",
        _ if expected.starts_with("struct ") => "an object",
        other => other,
    }
}

fn malformed(line: &[u8], field: String, error: &serde_json::Error) -> Problem {
    let column = error.column();
    let message = message(error);
    let problem = match not_finite(line, column, &message) {
        Some(found) => format!("found {found}, expected a finite number, or null where it is missing"),
        None if error.is_eof() => format!("the line ends too early ({message})"),
        None => match line.get(column.wrapping_sub(1)..) {
            Some(rest) if !rest.is_empty() => {
                let found: String = String::from_utf8_lossy(&rest[..rest.len().min(64)]).chars().take(12).collect();
                format!("{message}, found {found:?}")
            }
            _ => message,
        },
    };
    Problem { column: Some(column), field, problem }
}

/// `NaN`, an infinity or a number beyond the range of a double that stands at `column`.
fn not_finite(line: &[u8], column: usize, message: &str) -> Option<String> {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let at = column.checked_sub(1)?.min(line.len());
    let start = line[..at].iter().rposition(|byte| !in_word(byte)).map_or(0, |before| before + 1);
    let length = line[start..].iter().position(|byte| !in_word(byte)).unwrap_or(line.len() - start);
    let word = std::str::from_utf8(&line[start..start + length]).ok()?;
    let name = word.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let not_finite = matches!(name.as_str(), "nan" | "inf" | "infinity") || message == "number out of range";
    not_finite.then(|| excerpt(word))
}

/// The message without `serde_json`'s own place, which counts lines inside the line.
fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

fn value_at(line: &[u8], path: &Path) -> Option<Value> {
    let mut value = serde_json::from_slice::<Value>(line).ok()?;
    for segment in path.iter() {
        value = match segment {
            Segment::Seq { index } => value.get_mut(*index)?.take(),
            Segment::Map { key } => value.get_mut(key)?.take(),
            Segment::Enum { .. } | Segment::Unknown => return None,
        };
    }
    Some(value)
}

/// `text`, cut to a length that fits a message.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}

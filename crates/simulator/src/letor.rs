//! LETOR 4.0 files, one judged document a line:
//!
//! ```text
//! 2 qid:10032 1:0.056537 2:0.000000 … 46:0.076923 #docid = GX029-35-5894638 inc = 0.0119 prob = 0.139842
//! ```
//!
//! The lines of a query stand together, so one query is in memory at a time. Files may be compressed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use nar4rec_data::{DataError, LineReader, MAX_LINE_BYTES, Source};

/// Features of a document.
pub const FEATURES: usize = 46;

/// The sections of MQ2008.
pub const SECTIONS: [&str; 5] = ["S1", "S2", "S3", "S4", "S5"];

/// A document that was judged for a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its id, distinct within the query.
    pub id: String,
    /// The judges' grade, from 0.
    pub relevance: u32,
    /// Its [`FEATURES`] features, which are finite.
    pub features: Vec<f64>,
}

/// A query with its documents, in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedQuery {
    /// Its id.
    pub id: String,
    /// At least one document.
    pub documents: Vec<Document>,
}

/// The queries of a LETOR file, in order. After an error the iterator ends.
pub struct LetorQueries {
    lines: LineReader,
    greatest_relevance: u32,
    /// The first document of the next query.
    next: Option<(String, Document)>,
    seen: HashSet<String>,
    ended: bool,
}

impl LetorQueries {
    /// The queries in `source`, whose grades are at most `greatest_relevance`.
    pub fn new(source: Source, greatest_relevance: u32) -> Self {
        let lines = LineReader::new(source, MAX_LINE_BYTES);
        Self { lines, greatest_relevance, next: None, seen: HashSet::new(), ended: false }
    }

    /// The queries of a section of MQ2008 in `folder`: `NAME.txt` or `NAME.txt.gz`.
    ///
    /// # Errors
    /// If neither or both are there, or the file cannot be opened.
    pub fn section(folder: &Path, name: &str, greatest_relevance: u32) -> Result<Self, DataError> {
        Ok(Self::new(Source::open(section_file(folder, name)?)?, greatest_relevance))
    }

    /// The same after other sections, which had these queries.
    pub(crate) fn after(self, seen: HashSet<String>) -> Self {
        Self { seen, ..self }
    }

    /// The queries that were read, and those before.
    pub(crate) fn into_seen(self) -> HashSet<String> {
        self.seen
    }

    fn read_query(&mut self) -> Result<Option<JudgedQuery>, DataError> {
        let first = match self.next.take() {
            Some(first) => Some(first),
            None => self.read_document()?,
        };
        let Some((id, document)) = first else { return Ok(None) };
        if !self.seen.insert(id.clone()) {
            return Err(self.lines.invalid(
                "qid",
                format!("{id:?} stood before already, expected the lines of a query together, in one section"),
            ));
        }
        let mut query = JudgedQuery { id, documents: vec![document] };
        while let Some((id, document)) = self.read_document()? {
            if id != query.id {
                self.next = Some((id, document));
                break;
            }
            if query.documents.iter().any(|other| other.id == document.id) {
                let problem = format!("{:?} stands twice in query {id:?}, expected distinct ids", document.id);
                return Err(self.lines.invalid("docid", problem));
            }
            query.documents.push(document);
        }
        Ok(Some(query))
    }

    fn read_document(&mut self) -> Result<Option<(String, Document)>, DataError> {
        if !self.lines.advance()? {
            return Ok(None);
        }
        let line = std::str::from_utf8(self.lines.line());
        let line = line.map_err(|error| self.lines.invalid("", format!("{error}, expected UTF-8")))?;
        parse(line, self.greatest_relevance).map(Some).map_err(|(field, problem)| self.lines.invalid(&field, problem))
    }
}

impl Iterator for LetorQueries {
    type Item = Result<JudgedQuery, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let query = self.read_query().transpose();
        self.ended = !matches!(query, Some(Ok(_)));
        query
    }
}

/// The one file of a section.
fn section_file(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    let problem = |problem: String| DataError::Folder { folder: folder.display().to_string(), problem };
    if !folder.is_dir() {
        return Err(problem("no such folder, expected one with S1.txt to S5.txt of MQ2008".to_owned()));
    }
    let mut found = ["txt", "txt.gz"].iter().map(|form| folder.join(format!("{name}.{form}"))).filter(|p| p.exists());
    match (found.next(), found.next()) {
        (Some(file), None) => Ok(file),
        (Some(_), Some(_)) => Err(problem(format!("holds both {name}.txt and {name}.txt.gz, expected one of them"))),
        (None, _) => Err(problem(format!("no {name}.txt or {name}.txt.gz, expected sections S1 to S5 of MQ2008"))),
    }
}

/// The query id and the document of a line, or the field that is wrong and how.
fn parse(line: &str, greatest_relevance: u32) -> Result<(String, Document), (String, String)> {
    let wrong = |field: &str, found: Option<&str>, expected: &str| {
        let found = found.map_or("nothing".to_owned(), |found| format!("{found:?}"));
        Err((field.to_owned(), format!("found {found}, expected {expected}")))
    };
    let (numbers, comment) = line.split_once('#').unwrap_or((line, ""));
    let mut words = numbers.split_ascii_whitespace();
    let grade = words.next();
    let Some(relevance) = grade.and_then(|grade| grade.parse().ok()).filter(|grade| *grade <= greatest_relevance)
    else {
        return wrong("relevance", grade, &format!("a grade from 0 to {greatest_relevance}"));
    };
    let qid = words.next();
    let Some(id) = qid.and_then(|word| word.strip_prefix("qid:")).filter(|id| !id.is_empty()) else {
        return wrong("qid", qid, "qid:ID");
    };
    let mut features = Vec::with_capacity(FEATURES);
    for number in 1..=FEATURES {
        let word = words.next();
        let value = word.and_then(|word| word.split_once(':')).filter(|(at, _)| at.parse() == Ok(number));
        let value = value.and_then(|(_, value)| value.parse().ok()).filter(|value: &f64| value.is_finite());
        let Some(value) = value else {
            return wrong(&format!("feature {number}"), word, &format!("{number}:NUMBER"));
        };
        features.push(value);
    }
    if let Some(word) = words.next() {
        return wrong("", Some(word), &format!("#docid after {FEATURES} features"));
    }
    let document = comment.trim_start().strip_prefix("docid").and_then(|rest| rest.trim_start().strip_prefix('='));
    let Some(document) = document.and_then(|rest| rest.split_ascii_whitespace().next()) else {
        return wrong("docid", Some(comment.trim_end()).filter(|text| !text.is_empty()), "#docid = ID");
    };
    Ok((id.to_owned(), Document { id: document.to_owned(), relevance, features }))
}

#[cfg(test)]
mod tests;

//! Impression logs: streaming JSON Lines, item catalogs, validation and converters of public logs.
//!
//! ```text
//! Source  ─ lines ─▶  JsonLines<T>  ─▶  DataSet (train, valid, test, items)  ─▶  validate, training
//! file, stdin          one value a line,     a folder                              ▲
//! plain/gzip/zstd      errors with place                                  convert_…
//! ```
//!
//! Reading is streamed: one line is in memory at a time, whatever the size of the file. Every error names the file, the
//! line and the field, what was found and what was expected, as in
//! `train.jsonl.gz:12: candidates[3].score: found "high", expected a number`.
//!
//! ```
//! use nar4rec_data::{JsonLines, Source};
//! use nar4rec_slate::Request;
//!
//! let log = "{\"request_id\":\"r1\",\"candidates\":[{\"id\":\"a\"}]}\n{\"request_id\":\"r2\",\"candidates\":[]}\n";
//! let mut lines = JsonLines::<Request>::new(Source::from_reader("log.jsonl", log.as_bytes())?);
//! assert_eq!(lines.next().expect("a first line")?.value.request_id(), "r1");
//! let error = lines.next().expect("a second line").unwrap_err();
//! assert_eq!(error.to_string(), "log.jsonl:2: candidates: empty, expected at least one candidate");
//! # Ok::<(), nar4rec_data::DataError>(())
//! ```

mod avito;
mod checks;
mod converted;
mod dataset;
mod dataset_writer;
mod error;
mod extended;
mod fingerprint;
mod json_error;
mod json_lines;
mod kuairand;
mod lines;
mod movielens;
mod open_bandit;
mod skip;
mod source;
mod table;
mod validate;
mod writer;
mod yandex_serp;

pub use avito::{AvitoOptions, AvitoSummary, ConversionProgress, Day, NotADay, convert_avito};
pub use checks::known_feedback_kinds;
pub use dataset::{DataSet, Split, UnknownSplit};
pub use dataset_writer::DataSetWriter;
pub use error::DataError;
pub use fingerprint::{FileFingerprint, Fingerprint};
pub use json_lines::{JsonLines, Line};
pub use kuairand::{ConversionSummary, KuaiRandOptions, convert_kuairand, convert_kuairand_reader};
pub use lines::{LineReader, MAX_LINE_BYTES};
pub use movielens::{MovieLensOptions, MovieLensSummary, convert_movielens};
pub use open_bandit::{Campaign, Exposure, OpenBandit};
pub use skip::{OnBad, Skipped, Tolerant};
pub use source::{Compression, Source};
pub use validate::{
    CatalogReport, Distinct, FeatureReport, KindReport, Level, NumberRange, SplitReport, TimeRange, ValidateOptions,
    ValidationReport, validate,
};
pub use writer::{JsonLinesWriter, write_text};
pub use yandex_serp::{
    SerpCounts, YandexSerpOptions, YandexSerpSummary, convert_yandex_serp, convert_yandex_serp_reader,
};

//! From the KuaiRand like/hate log to a data set for reranking.
//!
//! The log is a table of single views, so lists and candidates are formed here; `docs/converters.md` tells the same in
//! the user's words, and the conversion writes it beside the data. In short:
//!
//! 1. Of each user and video only the first view counts.
//! 2. A user's views in order of time, six at a time, are the shown lists, if the six lie within a day.
//! 3. The other candidates are videos that *other* users watched in the day that starts with the list, drawn in
//!    proportion to their views, none that this user ever watched. Drawing from the list's own future keeps new videos
//!    as frequent among them as among the shown ones; drawing from the past would make "never seen before" mean "shown".
//! 4. Every feature and the upstream score are computed from views strictly before the list's first.
//! 5. Splits are cut by time.

mod lists;
mod log;
mod past;
mod readme;

use std::io::Read;
use std::path::Path;

use nar4rec_slate::{Features, Item};
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::converted::{Folder, check_share, check_sizes};
use crate::{DataError, Source, Split, table};
use lists::{Drawing, Slate};
use log::Log;
use past::Past;

/// How lists, candidates and splits are formed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KuaiRandOptions {
    /// Seed of the drawing and shuffling of candidates.
    pub seed: u64,
    /// Shown items per list.
    pub slate: usize,
    /// Candidates per list, the shown ones among them.
    pub candidates: usize,
    /// How many of the last liked videos make the user's `recent` feature and the upstream score.
    pub history: usize,
    /// The longest time between a list's first and last view, and the length of the window that the other candidates
    /// are drawn from, in hours.
    pub window_hours: u32,
    /// The share of lists, in order of time, that are for training.
    pub train_share: f64,
    /// The share of lists after these that are for validation; the rest is the test split.
    pub valid_share: f64,
}

impl Default for KuaiRandOptions {
    fn default() -> Self {
        Self { seed: 0, slate: 6, candidates: 30, history: 20, window_hours: 24, train_share: 0.8, valid_share: 0.1 }
    }
}

impl KuaiRandOptions {
    fn window_ms(&self) -> u64 {
        u64::from(self.window_hours) * 3_600_000
    }

    fn check(&self) -> Result<(), DataError> {
        check_sizes(self.slate, self.candidates)?;
        check_share("train_share", self.train_share)?;
        check_share("valid_share", self.valid_share)?;
        if self.train_share + self.valid_share > 1.0 {
            let problem = format!("found {}, expected at most 1 - train_share", self.valid_share);
            return Err(DataError::Option { option: "valid_share", problem });
        }
        Ok(())
    }
}

/// What a conversion read and wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ConversionSummary {
    /// Rows of the log.
    pub rows: u64,
    /// Rows left out because user, video and time stood in an earlier row.
    pub duplicates: u64,
    /// Rows left out because the user had watched the video before.
    pub repeats: u64,
    /// Distinct users.
    pub users: u64,
    /// Distinct videos, all of which are in the catalog.
    pub videos: u64,
    /// Videos that nobody liked.
    pub videos_never_liked: u64,
    /// Lists in the training split.
    pub train: u64,
    /// Lists in the validation split.
    pub valid: u64,
    /// Lists in the test split.
    pub test: u64,
    /// Lists left out because too few other videos were watched in their window: the last of the log.
    pub lists_short_of_candidates: u64,
    /// Views that stand in no list.
    pub views_in_no_list: u64,
    /// Shown items that were liked, over all lists.
    pub liked: u64,
    /// Shown items, over all lists.
    pub shown: u64,
}

impl ConversionSummary {
    /// The number of lists.
    pub fn lists(&self) -> u64 {
        self.train + self.valid + self.test
    }

    /// The summary as text, several lines.
    pub fn to_text(&self) -> String {
        let Self { rows, duplicates, repeats, users, videos, train, valid, test, .. } = self;
        format!(
            "{rows} rows: {users} users, {videos} videos; {duplicates} duplicates and {repeats} repeated views left out\n\
             {} lists: {train} train, {valid} valid, {test} test; {} of {} shown items liked\n\
             {} lists had too few candidates, {} views stand in no list\n",
            self.lists(),
            self.liked,
            self.shown,
            self.lists_short_of_candidates,
            self.views_in_no_list
        )
    }
}

/// Converts the log at `src`, a `.tsv` or `.tsv.gz` file or a folder with one, into a data set in `out`.
///
/// # Errors
/// If the log cannot be read or a row is bad, if `out` already holds another data set, or if it cannot be written.
pub fn convert_kuairand(src: &Path, out: &Path, options: &KuaiRandOptions) -> Result<ConversionSummary, DataError> {
    convert(Source::open(table::find(src)?)?, out, options)
}

/// The same for a log that is no file; `name` stands in messages. It may be compressed.
///
/// # Errors
/// As for [`convert_kuairand`].
pub fn convert_kuairand_reader(
    name: &str,
    log: impl Read + Send + 'static,
    out: &Path,
    options: &KuaiRandOptions,
) -> Result<ConversionSummary, DataError> {
    convert(Source::from_reader(name, log)?, out, options)
}

fn convert(source: Source, out: &Path, options: &KuaiRandOptions) -> Result<ConversionSummary, DataError> {
    options.check()?;
    let name = source.name().to_owned();
    let log = Log::read(source)?;
    let slates = lists::slates(&log, options.slate, options.window_ms());
    if slates.is_empty() {
        let problem = format!("no user has {} views within {} hours", options.slate, options.window_hours);
        return Err(DataError::Invalid { file: name, line: log.rows + 1, field: String::new(), problem });
    }
    let mut files = Folder::create(out)?;
    let mut summary = ConversionSummary {
        rows: log.rows,
        duplicates: log.duplicates,
        repeats: log.repeats,
        users: log.users.len() as u64,
        videos: log.videos.len() as u64,
        videos_never_liked: log.videos_never_liked(),
        views_in_no_list: (log.views.len() - slates.len() * options.slate) as u64,
        ..Default::default()
    };
    write_items(&log, &mut files)?;
    write_lists(&log, &slates, options, &mut files, &mut summary)?;
    files.finish(&readme::readme(options, &summary))?;
    Ok(summary)
}

fn write_items(log: &Log, files: &mut Folder) -> Result<(), DataError> {
    for (id, &duration) in log.videos.iter().zip(&log.durations) {
        let features = Features::from([("duration_seconds".to_owned(), past::seconds(duration))]);
        files.write_item(&Item { id: id.clone(), features })?;
    }
    Ok(())
}

fn write_lists(
    log: &Log,
    slates: &[Slate],
    options: &KuaiRandOptions,
    files: &mut Folder,
    summary: &mut ConversionSummary,
) -> Result<(), DataError> {
    let cut = |share: f64| slates.get((share * slates.len() as f64) as usize).map_or(u64::MAX, |slate| slate.time_ms);
    let (valid_from, test_from) = (cut(options.train_share), cut(options.train_share + options.valid_share));
    let mut past = Past::new(log, options.history);
    let mut drawing = Drawing::new(log, options, Pcg64Mcg::seed_from_u64(options.seed));
    for slate in slates {
        past.advance(slate.time_ms);
        let Some(candidates) = drawing.candidates(slate) else {
            summary.lists_short_of_candidates += 1;
            continue;
        };
        let (split, count) = match slate.time_ms {
            time if time < valid_from => (Split::Train, &mut summary.train),
            time if time < test_from => (Split::Valid, &mut summary.valid),
            _ => (Split::Test, &mut summary.test),
        };
        *count += 1;
        summary.shown += slate.views.len() as u64;
        summary.liked += slate.views.iter().filter(|&&view| log.views[view].like).count() as u64;
        files.write(split, &past.impression(slate, &candidates))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

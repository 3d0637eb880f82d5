//! From the log of Avito Context Ad Clicks (Kaggle 2015) to a data set for reranking.
//!
//! The log has 112 million searches and 392 million shown ads, in no order that is promised. What is held in memory is one bit
//! an id and a 128th of the rest:
//!
//! ```text
//! SearchInfo ────────┐  by search          by user
//! trainSearchStream ─┴─ 128 files ─ join ─ 128 files ─ sort by time, history, lists ─▶ train, valid, test
//! UserInfo ────────────────────────────────────┘                               │
//! AdsInfo, Category ────────────────────────────────────────────── ads of lists ┴────▶ items
//! ```
//!
//! A *page* is a search with the ads that the stream has of it, in order of position; a *list* is a page of exactly `slate`
//! ads. What makes a list, a split and a feature is told in `docs/converters.md` and beside the data.

mod date;
mod ids;
mod lists;
mod options;
mod readme;
mod records;
mod spill;
#[cfg(feature = "sqlite")]
mod sqlite;
mod summary;
mod tables;

use std::collections::HashMap;
use std::path::Path;

use nar4rec_slate::{FeatureValue, Item};

use crate::converted::{Folder, named};
use crate::{DataError, OnBad, Skipped};
use ids::Ids;
use lists::{Lists, id};
use records::{Agent, Page, Record, Search, Showing};
use spill::{PARTS, Spill};
use tables::{ADS, AGENTS, CATEGORIES, Reader, SEARCHES, SHOWINGS};

pub use date::{Day, NotADay};
pub use options::AvitoOptions;
pub use summary::AvitoSummary;

/// How far a conversion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversionProgress<'a> {
    /// The table that is read, or what is done.
    pub step: &'a str,
    /// Rows read in it, or files done of 128.
    pub done: u64,
}

/// Converts the log at `src` into a data set in `out`. `src` is a folder with `SearchInfo`, `trainSearchStream`, `AdsInfo` and,
/// if they are there, `UserInfo` and `Category`, each `.tsv`, `.tsv.gz` or `.tsv.zst`; or, with the feature `sqlite`, the
/// database that holds the same tables. Files that wait for a later pass lie in `out` meanwhile.
///
/// # Errors
/// If a table is missing, cannot be read or has a bad row (unless those are passed over), if no list is found, if `out` already
/// holds another data set, or if it cannot be written.
pub fn convert_avito(
    src: &Path,
    out: &Path,
    options: &AvitoOptions,
    on_bad: OnBad,
    progress: &mut dyn FnMut(ConversionProgress<'_>),
) -> Result<(AvitoSummary, Skipped), DataError> {
    options.check()?;
    let mut reader = Reader::open(src, on_bad, progress)?;
    let files = Folder::create(out)?;
    let spill = Spill::create(out)?;
    let mut summary = AvitoSummary::default();
    let spoilt = deal_searches(&mut reader, &spill, options, &mut summary)?;
    deal_agents(&mut reader, &spill, options)?;
    join(&mut reader, &spill, &spoilt, &mut summary)?;
    let parents = parents(&mut reader)?;
    let mut lists = Lists { options, parents, ads: Ids::default(), files };
    write_lists(&mut reader, &spill, &mut lists, &mut summary)?;
    if summary.lists() == 0 {
        let problem = format!("no list was found\n{}", summary.to_text());
        return Err(DataError::Folder { folder: src.display().to_string(), problem: problem.trim_end().to_owned() });
    }
    write_items(&mut reader, &mut lists, &mut summary)?;
    summary.bad_rows = reader.skipped.count;
    lists.files.finish(&readme::readme(options, &summary))?;
    Ok((summary, reader.skipped))
}

/// Deals searches that may matter, and what they showed, to files by search. Returns the searches of which a row was passed over:
/// what is left of such a page is no page that anybody saw.
fn deal_searches(
    reader: &mut Reader<'_>,
    spill: &Spill,
    options: &AvitoOptions,
    summary: &mut AvitoSummary,
) -> Result<Ids, DataError> {
    let (mut known, mut kept, mut bytes) = (Ids::default(), Ids::default(), Vec::new());
    let mut parts = spill.parts("searches");
    summary.searches = reader.each(&SEARCHES, &mut |row| {
        let search = tables::search(row)?;
        if !known.insert(search.search) {
            return Err(row.bad(SEARCHES.columns[0], &format!("{} stands twice, expected distinct ids", search.search)));
        }
        if !options.has_user(search.user) || options.is_after_last_day(Day::of(search.time)) {
            return Ok(());
        }
        kept.insert(search.search);
        bytes.clear();
        search.put(&mut bytes);
        parts.write(search.search, &bytes)
    })?;
    parts.finish()?;
    summary.searches_kept = kept.len();
    let mut parts = spill.parts("showings");
    // Rows of a page stand together: one that cannot be read at all is of the page before it or of the one behind it.
    let (mut spoilt, mut last, mut lost) = (Ids::default(), None, false);
    let mut spoil = |search: u32| {
        if kept.contains(search) {
            spoilt.insert(search);
        }
    };
    summary.rows = reader.each_or_none(&SHOWINGS, &mut |row| {
        let Some((row, Ok(search))) = row.map(|row| (row, tables::id(row, 0))) else {
            last.into_iter().for_each(&mut spoil);
            lost = true;
            return row.map_or(Ok(()), |row| tables::showing(row).map(drop));
        };
        if std::mem::take(&mut lost) {
            spoil(search);
        }
        last = Some(search);
        let showing = tables::showing(row).inspect_err(|_| spoil(search))?;
        if !kept.contains(showing.search) {
            summary.rows_without_search += u64::from(!known.contains(showing.search));
            return Ok(());
        }
        bytes.clear();
        showing.put(&mut bytes);
        parts.write(showing.search, &bytes)
    })?;
    parts.finish()?;
    Ok(spoilt)
}

/// Deals what is known of users to files by user.
fn deal_agents(reader: &mut Reader<'_>, spill: &Spill, options: &AvitoOptions) -> Result<(), DataError> {
    let (mut parts, mut bytes) = (spill.parts("agents"), Vec::new());
    if reader.has(AGENTS.name) {
        reader.each(&AGENTS, &mut |row| {
            let agent = tables::agent(row)?;
            if !options.has_user(agent.user) {
                return Ok(());
            }
            bytes.clear();
            agent.put(&mut bytes);
            parts.write(agent.user, &bytes)
        })?;
    }
    parts.finish()
}

/// Joins searches with what they showed, file by file, and deals the pages to files by user.
fn join(reader: &mut Reader<'_>, spill: &Spill, spoilt: &Ids, summary: &mut AvitoSummary) -> Result<(), DataError> {
    let (mut parts, mut bytes) = (spill.parts("pages"), Vec::new());
    for part in 0..PARTS {
        let searches = Search::all(&spill.take("searches", part)?);
        let searches: HashMap<u32, Search> = searches.into_iter().map(|search| (search.search, search)).collect();
        let mut showings = Showing::all(&spill.take("showings", part)?);
        showings.sort_unstable_by_key(|showing| (showing.search, showing.position, showing.ad));
        let mut pages = 0;
        for shown in showings.chunk_by(|a, b| a.search == b.search) {
            pages += 1;
            let search = searches[&shown[0].search];
            if spoilt.contains(search.search) {
                summary.pages_with_bad_rows += 1;
                continue;
            }
            bytes.clear();
            Page { search, shown: shown.to_vec() }.put(&mut bytes);
            parts.write(search.user, &bytes)?;
        }
        summary.pages += pages;
        reader.progress("join", part as u64 + 1);
    }
    parts.finish()
}

/// The parents of categories, if there is a table of them.
fn parents(reader: &mut Reader<'_>) -> Result<HashMap<u32, u32>, DataError> {
    let mut parents = HashMap::new();
    if reader.has(CATEGORIES.name) {
        reader.each(&CATEGORIES, &mut |row| {
            if let (category, Some(parent)) = (tables::id(row, 0)?, tables::optional_id(row, 1)?) {
                parents.insert(category, parent);
            }
            Ok(())
        })?;
    }
    Ok(parents)
}

/// Writes the lists of all users, file by file.
fn write_lists(
    reader: &mut Reader<'_>,
    spill: &Spill,
    lists: &mut Lists<'_>,
    summary: &mut AvitoSummary,
) -> Result<(), DataError> {
    for part in 0..PARTS {
        let agents = Agent::all(&spill.take("agents", part)?);
        let agents: HashMap<u32, [Option<u32>; 4]> = agents.into_iter().map(|agent| (agent.user, agent.ids)).collect();
        let bytes = spill.take("pages", part)?;
        for pages in pages_in_order(&bytes).chunk_by(|a, b| a.user == b.user) {
            let read = |place: &Place| Page::get(&mut &bytes[place.offset..]);
            let pages: Vec<Page> = pages.iter().filter_map(read).collect();
            lists.user(&pages, agents.get(&pages[0].search.user), summary)?;
        }
        reader.progress("lists", part as u64 + 1);
    }
    Ok(())
}

/// Where a page lies, and what it is sorted by.
struct Place {
    user: u32,
    time: u32,
    search: u32,
    offset: usize,
}

/// The pages in a file, user by user, each user's in order of time.
fn pages_in_order(bytes: &[u8]) -> Vec<Place> {
    let (mut places, mut rest) = (Vec::new(), bytes);
    loop {
        let offset = bytes.len() - rest.len();
        let Some(Page { search, .. }) = Page::get(&mut rest) else { break };
        places.push(Place { user: search.user, time: search.time, search: search.search, offset });
    }
    places.sort_unstable_by_key(|place| (place.user, place.time, place.search));
    places
}

/// Writes the catalog: the ads that lists show.
fn write_items(reader: &mut Reader<'_>, lists: &mut Lists<'_>, summary: &mut AvitoSummary) -> Result<(), DataError> {
    let mut written = Ids::default();
    let Lists { ads, files, parents, .. } = lists;
    reader.each(&ADS, &mut |row| {
        let ad = tables::id(row, 0)?;
        let (location, category) = (tables::optional_id(row, 1)?, tables::optional_id(row, 2)?);
        let (price, context) = (tables::number(row, 3)?, tables::number(row, 4)?);
        if !ads.contains(ad) {
            return Ok(());
        }
        if !written.insert(ad) {
            return Err(row.bad(ADS.columns[0], &format!("{ad} stands twice, expected distinct ids")));
        }
        let features = named([
            ("location", id(location)),
            ("category", id(category)),
            ("parent_category", id(category.and_then(|category| parents.get(&category).copied()))),
            ("price", known(price)),
            ("is_context", known(context)),
        ]);
        files.write_item(&Item { id: ad.to_string(), features })
    })?;
    summary.ads = ads.len();
    summary.ads_without_info = summary.ads - written.len();
    Ok(())
}

fn known(number: Option<f64>) -> FeatureValue {
    number.map_or(FeatureValue::Missing, FeatureValue::Number)
}

#[cfg(test)]
mod tests;

//! The logs of the Open Bandit Dataset: one exposed item a row, with the probability with which its policy chose it.
//!
//! Two policies filled the places of a fashion shop at random times: `random`, all items alike, and `bts`, Bernoulli Thompson
//! sampling. A row is one place, so lists cannot be formed; it is for estimating one policy from the log of the other
//! (Saito, Aihara, Matsutani, Narita 2021, "Open Bandit Dataset and Pipeline").
//!
//! Of the comma-separated columns `item_id`, `position`, `click` and `propensity_score` are read, wherever they stand.
//! Timestamp, user features and affinities are left where they are: neither policy looks at them.

use std::path::{Path, PathBuf};

use crate::table::{Row, Separator, Table};
use crate::{DataError, Source};

const COLUMNS: [&str; 4] = ["item_id", "position", "click", "propensity_score"];

/// One item that was shown at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// The item's number.
    pub item: u32,
    /// Where it stood, from 1 (left) to 3 (right).
    pub position: u8,
    /// Whether it was clicked.
    pub click: bool,
    /// The probability with which the policy chose this item for this place, above 0.
    pub propensity: f64,
}

impl Exposure {
    fn read(row: &Row<{ COLUMNS.len() }>) -> Result<Self, DataError> {
        let position = |cell: &str| cell.parse().ok().filter(|position| (1..=3).contains(position));
        let probability = |cell: &str| cell.parse().ok().filter(|p: &f64| *p > 0.0 && *p <= 1.0);
        Ok(Self {
            item: row.value(0, "the whole number of an item", |cell| cell.parse().ok())?,
            position: row.value(1, "a position from 1 to 3", position)?,
            click: row.flag(2)?,
            propensity: row.value(3, "a probability above 0", probability)?,
        })
    }
}

/// The exposures of one log, read as they are asked for.
///
/// ```
/// use nar4rec_data::{OpenBandit, Source};
/// let log = "item_id,position,click,propensity_score\n14,3,1,0.03\n14,4,0,0.03\n";
/// let mut log = OpenBandit::new(Source::from_reader("men.csv", log.as_bytes())?)?;
/// assert_eq!(log.next().expect("a first row")?.item, 14);
/// let error = log.next().expect("a second row").unwrap_err();
/// assert_eq!(error.to_string(), "men.csv:3: position: found \"4\", expected a position from 1 to 3");
/// # Ok::<(), nar4rec_data::DataError>(())
/// ```
pub struct OpenBandit {
    table: Table<{ COLUMNS.len() }>,
    failed: bool,
}

impl OpenBandit {
    /// The log in `source`, of which the first line is read.
    ///
    /// # Errors
    /// If there is none, or it does not name the columns.
    pub fn new(source: Source) -> Result<Self, DataError> {
        Ok(Self { table: Table::new(source, Separator::Comma, COLUMNS)?, failed: false })
    }

    fn row(&mut self) -> Result<Option<Exposure>, DataError> {
        self.table.next_row()?.as_ref().map(Exposure::read).transpose()
    }
}

impl Iterator for OpenBandit {
    type Item = Result<Exposure, DataError>;

    /// The next exposure. After an error there are no more.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let row = self.row();
        self.failed = row.is_err();
        row.transpose()
    }
}

/// The logs of both policies in one part of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// `all`, `men` or `women`.
    pub name: &'static str,
    /// The log of the policy to which all items are alike.
    pub random: PathBuf,
    /// The log of Thompson sampling.
    pub bts: PathBuf,
}

impl Campaign {
    /// The campaigns of which `folder` has both logs, as `random_men.csv` or, as they are published, `random/men/men.csv` or
    /// `random/men.csv`; also with `.gz` or `.zst`.
    ///
    /// # Errors
    /// If it has none.
    pub fn find(folder: impl AsRef<Path>) -> Result<Vec<Self>, DataError> {
        let folder = folder.as_ref();
        let campaign = |name| Some(Self { name, random: log(folder, "random", name)?, bts: log(folder, "bts", name)? });
        let found: Vec<Self> = ["all", "men", "women"].into_iter().filter_map(campaign).collect();
        if found.is_empty() {
            let problem = "no two logs of one campaign, expected random_men.csv.gz and bts_men.csv.gz or the like";
            return Err(DataError::Folder { folder: folder.display().to_string(), problem: problem.to_owned() });
        }
        Ok(found)
    }
}

fn log(folder: &Path, policy: &str, campaign: &str) -> Option<PathBuf> {
    let stems =
        [format!("{policy}_{campaign}"), format!("{policy}/{campaign}/{campaign}"), format!("{policy}/{campaign}")];
    let names =
        stems.iter().flat_map(|stem| ["csv", "csv.gz", "csv.zst"].map(|end| folder.join(format!("{stem}.{end}"))));
    names.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(text: &str) -> Result<Vec<Exposure>, String> {
        let source = Source::from_reader("men.csv", std::io::Cursor::new(text.to_owned())).unwrap();
        let log = OpenBandit::new(source).map_err(|error| error.to_string())?;
        log.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_found_by_name_among_others() {
        let text = ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0\n\
                    0,2019-11-24 00:03:13+00:00,14,3,0,0.029411764705882353,cef3,0.0\n\
                    1,2019-11-24 00:03:36+00:00,0,1,1,1.0,cef3,0.0\r\n";
        let first = Exposure { item: 14, position: 3, click: false, propensity: 1.0 / 34.0 };
        let second = Exposure { item: 0, position: 1, click: true, propensity: 1.0 };
        assert_eq!(read(text), Ok(vec![first, second]));
        assert_eq!(read("item_id,position,click,propensity_score\n"), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let message =
            |row: &str| read(&format!("propensity_score,click,position,item_id\n0.5,1,2,7\n{row}\n")).unwrap_err();
        let probability = "expected a probability above 0";
        assert_eq!(message("0,1,2,7"), format!("men.csv:3: propensity_score: found \"0\", {probability}"));
        assert_eq!(message("NaN,1,2,7"), format!("men.csv:3: propensity_score: found \"NaN\", {probability}"));
        assert_eq!(message("1.5,1,2,7"), format!("men.csv:3: propensity_score: found \"1.5\", {probability}"));
        assert_eq!(message("0.5,2,2,7"), "men.csv:3: click: found \"2\", expected 0 or 1");
        assert_eq!(message("0.5,1,0,7"), "men.csv:3: position: found \"0\", expected a position from 1 to 3");
        assert_eq!(message("0.5,1,2,-7"), "men.csv:3: item_id: found \"-7\", expected the whole number of an item");
        assert_eq!(message("0.5,1,2"), "men.csv:3: found 3 columns, expected 4 as in line 1");
        assert_eq!(
            read("").unwrap_err(),
            "men.csv:1: the file is empty, expected a line with the names of the columns"
        );
        let error = read("item_id,position,click\n").unwrap_err();
        assert!(
            error.starts_with("men.csv:1: propensity_score: no such column, expected the comma-separated"),
            "{error}"
        );
    }

    #[test]
    fn nothing_is_read_after_an_error() {
        let text = "item_id,position,click,propensity_score\n1,1,1,x\n1,1,1,0.5\n";
        let mut log = OpenBandit::new(Source::from_reader("men.csv", text.as_bytes()).unwrap()).unwrap();
        assert!(log.next().unwrap().is_err() && log.next().is_none());
    }

    #[test]
    fn campaigns_with_both_logs_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let message = Campaign::find(folder.path()).unwrap_err().to_string();
        assert!(message.contains("no two logs of one campaign"), "{message}");
        fs::create_dir_all(folder.path().join("bts/women")).unwrap();
        for name in ["random_men.csv.gz", "bts_men.csv", "random_all.csv", "random_women.csv", "bts/women/women.csv"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = Campaign::find(folder.path()).unwrap();
        assert_eq!(found.iter().map(|campaign| campaign.name).collect::<Vec<_>>(), ["men", "women"]);
        assert!(found[0].random.ends_with("random_men.csv.gz") && found[1].bts.ends_with("bts/women/women.csv"));
    }
}

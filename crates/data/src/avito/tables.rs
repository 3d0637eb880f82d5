//! The tables of the log, as files or in an SQLite database, and what is read of their rows.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::ConversionProgress;
use super::date;
use super::records::{Agent, Search, Showing};
use crate::table::{Row, Separator, Table};
use crate::{DataError, OnBad, Skipped, Source, source};

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 1 << 20;

const ID: &str = "a whole number, 0 to 4294967294";

/// What an SQLite file begins with.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// A table and the columns that are read of it.
pub(super) struct Form<const N: usize> {
    pub(super) name: &'static str,
    pub(super) columns: [&'static str; N],
}

pub(super) const SEARCHES: Form<6> = Form {
    name: "SearchInfo",
    columns: ["SearchID", "SearchDate", "UserID", "IsUserLoggedOn", "LocationID", "CategoryID"],
};

pub(super) const SHOWINGS: Form<6> =
    Form { name: "trainSearchStream", columns: ["SearchID", "AdID", "Position", "ObjectType", "HistCTR", "IsClick"] };

pub(super) const ADS: Form<5> =
    Form { name: "AdsInfo", columns: ["AdID", "LocationID", "CategoryID", "Price", "IsContext"] };

pub(super) const AGENTS: Form<5> =
    Form { name: "UserInfo", columns: ["UserID", "UserAgentID", "UserAgentOSID", "UserDeviceID", "UserAgentFamilyID"] };

pub(super) const CATEGORIES: Form<2> = Form { name: "Category", columns: ["CategoryID", "ParentCategoryID"] };

/// Where the tables are.
enum Tables {
    /// A folder of `.tsv` files, plain or compressed.
    Files(PathBuf),
    #[cfg(feature = "sqlite")]
    Database(super::sqlite::Database),
}

/// Reads tables row by row under a policy for bad rows.
pub(super) struct Reader<'a> {
    tables: Tables,
    on_bad: OnBad,
    pub(super) skipped: Skipped,
    progress: &'a mut dyn FnMut(ConversionProgress<'_>),
}

impl<'a> Reader<'a> {
    pub(super) fn open(
        src: &Path,
        on_bad: OnBad,
        progress: &'a mut dyn FnMut(ConversionProgress<'_>),
    ) -> Result<Self, DataError> {
        Ok(Self { tables: Tables::open(src)?, on_bad, skipped: Skipped::default(), progress })
    }

    pub(super) fn has(&self, table: &str) -> bool {
        match &self.tables {
            Tables::Files(folder) => file(folder, table).is_some(),
            #[cfg(feature = "sqlite")]
            Tables::Database(database) => database.has(table),
        }
    }

    pub(super) fn progress(&mut self, step: &str, done: u64) {
        (self.progress)(ConversionProgress { step, done });
    }

    /// Hands each row of a table to `take`, and returns how many there are.
    pub(super) fn each<const N: usize>(
        &mut self,
        form: &Form<N>,
        take: &mut dyn FnMut(&Row<'_, N>) -> Result<(), DataError>,
    ) -> Result<u64, DataError> {
        self.each_or_none(form, &mut |row| row.map_or(Ok(()), &mut *take))
    }

    /// The same for whom it matters that a row is missing: nothing is handed over where one is passed over that has not the form
    /// of a row, and where the table is cut off.
    pub(super) fn each_or_none<const N: usize>(
        &mut self,
        form: &Form<N>,
        take: &mut dyn FnMut(Option<&Row<'_, N>>) -> Result<(), DataError>,
    ) -> Result<u64, DataError> {
        let (mut rows, mut cut_short, on_bad) = (0, None, self.on_bad);
        let (skipped, progress) = (&mut self.skipped, &mut self.progress);
        let mut after_row = |result: Result<(), DataError>| {
            rows += 1;
            if rows % PROGRESS_ROWS == 0 {
                progress(ConversionProgress { step: form.name, done: rows });
            }
            match result {
                Err(error) if on_bad == OnBad::Skip && error.is_bad_line() => skipped.add(error),
                other => other?,
            }
            Ok(())
        };
        match &self.tables {
            Tables::Files(folder) => {
                let path = file(folder, form.name).ok_or_else(|| missing(folder, form.name))?;
                let mut table = Table::new(Source::open(path)?, Separator::Tab, form.columns)?;
                loop {
                    match table.next_row() {
                        Ok(None) => break,
                        Ok(Some(row)) => after_row(take(Some(&row)))?,
                        Err(error) if on_bad == OnBad::Skip && !error.is_bad_line() => {
                            take(None)?;
                            cut_short = Some(error);
                            break;
                        }
                        Err(error) => after_row(take(None).and(Err(error)))?,
                    }
                }
            }
            #[cfg(feature = "sqlite")]
            Tables::Database(database) => database.each(form, &mut |row| after_row(take(Some(row))))?,
        }
        if let Some(error) = cut_short {
            self.skipped.add(error);
        }
        Ok(rows)
    }
}

impl Tables {
    fn open(src: &Path) -> Result<Self, DataError> {
        let problem = |path: &Path, problem: &str| {
            Err(DataError::Folder { folder: path.display().to_string(), problem: problem.to_owned() })
        };
        if !src.exists() {
            return problem(
                src,
                "no such folder, expected one with SearchInfo.tsv, trainSearchStream.tsv and AdsInfo.tsv",
            );
        }
        if is_database(src) {
            return Self::database(src);
        }
        if !src.is_dir() {
            return problem(
                src,
                "no folder and no SQLite file, expected the folder of the .tsv files or database.sqlite",
            );
        }
        let database = src.join("database.sqlite");
        if file(src, SEARCHES.name).is_none() && is_database(&database) {
            return Self::database(&database);
        }
        for table in [SEARCHES.name, SHOWINGS.name, ADS.name] {
            if file(src, table).is_none() {
                return Err(missing(src, table));
            }
        }
        Ok(Self::Files(src.to_owned()))
    }

    #[cfg(feature = "sqlite")]
    fn database(path: &Path) -> Result<Self, DataError> {
        super::sqlite::Database::open(path).map(Self::Database)
    }

    #[cfg(not(feature = "sqlite"))]
    fn database(path: &Path) -> Result<Self, DataError> {
        let problem = "an SQLite file, which this build cannot read: build with the cargo feature `sqlite`, or unpack the \
                       .tsv files";
        Err(DataError::Folder { folder: path.display().to_string(), problem: problem.to_owned() })
    }
}

fn is_database(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut start));
    read.is_ok() && start == SQLITE_MAGIC
}

/// The file of a table, in the first form that is there.
fn file(folder: &Path, table: &str) -> Option<PathBuf> {
    source::in_any_form(folder, &format!("{table}.tsv"))
}

fn missing(folder: &Path, table: &str) -> DataError {
    let packed = folder.join(format!("{table}.tsv.7z")).exists();
    let problem = if packed {
        format!("holds {table}.tsv.7z, expected it unpacked: {table}.tsv, {table}.tsv.gz or {table}.tsv.zst")
    } else {
        format!("no {table}, expected {table}.tsv, {table}.tsv.gz or {table}.tsv.zst")
    };
    DataError::Folder { folder: folder.display().to_string(), problem }
}

pub(super) fn search(row: &Row<'_, 6>) -> Result<Search, DataError> {
    let time = date::seconds(row.cells[1]);
    Ok(Search {
        search: id(row, 0)?,
        user: id(row, 2)?,
        time: time.ok_or_else(|| row.unexpected(1, "a time such as 2015-04-28 00:00:00.0"))?,
        location: optional_id(row, 4)?,
        category: optional_id(row, 5)?,
        logged_on: row.flag(3)?,
    })
}

pub(super) fn showing(row: &Row<'_, 6>) -> Result<Showing, DataError> {
    let click = match row.cells[5] {
        "" => None,
        "0" => Some(false),
        "1" => Some(true),
        _ => return Err(row.unexpected(5, "0, 1 or nothing")),
    };
    let object_type = match row.cells[3] {
        "1" => 1,
        "2" => 2,
        "3" => 3,
        _ => return Err(row.unexpected(3, "1, 2 or 3")),
    };
    let hist_ctr = number(row, 4)?;
    Ok(Showing { search: id(row, 0)?, ad: id(row, 1)?, position: id(row, 2)?, object_type, hist_ctr, click })
}

pub(super) fn agent(row: &Row<'_, 5>) -> Result<Agent, DataError> {
    let ids = [optional_id(row, 1)?, optional_id(row, 2)?, optional_id(row, 3)?, optional_id(row, 4)?];
    Ok(Agent { user: id(row, 0)?, ids })
}

pub(super) fn id<const N: usize>(row: &Row<'_, N>, column: usize) -> Result<u32, DataError> {
    let id = row.parsed(column, ID)?;
    if id == u32::MAX { Err(row.unexpected(column, ID)) } else { Ok(id) }
}

pub(super) fn optional_id<const N: usize>(row: &Row<'_, N>, column: usize) -> Result<Option<u32>, DataError> {
    if row.cells[column].is_empty() { Ok(None) } else { id(row, column).map(Some) }
}

/// A finite number; none if the cell is empty.
pub(super) fn number<const N: usize>(row: &Row<'_, N>, column: usize) -> Result<Option<f64>, DataError> {
    const NUMBER: &str = "a finite number or nothing";
    if row.cells[column].is_empty() {
        return Ok(None);
    }
    let number: f64 = row.parsed(column, NUMBER)?;
    if number.is_finite() { Ok(Some(number)) } else { Err(row.unexpected(column, NUMBER)) }
}

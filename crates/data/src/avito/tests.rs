//! Tests of `avito`: small tables of the true form.

use std::fs;
use std::io::Write;

use nar4rec_slate::{Candidate, FeatureValue, Impression};

use super::*;
use crate::{DataSet, Split, ValidateOptions, validate};

/// Three users: 7 with lists on many days, 8 that `UserInfo` does not have, 9 whose pages make no list. Rows are in no order.
const SEARCH_INFO: &str =
    "SearchID\tSearchDate\tIPID\tUserID\tIsUserLoggedOn\tSearchQuery\tLocationID\tCategoryID\tSearchParams
31\t2015-05-18 23:59:59.0\t1\t7\t1\t\t10\t22\t{83:'Обувь', 175:'Женская одежда'}
11\t2015-04-27 10:00:00.0\t1\t7\t0\t\"диван \"\"угловой\"\"\"\t10\t22\t
21\t2015-04-28 00:00:00.0\t1\t7\t1\t\"два\tслова\"\t10\t\t
22\t2015-05-17 12:30:00.0\t1\t7\t1\t\"\"\t10\t22\t
41\t2015-05-19 00:00:00.0\t1\t7\t1\tв \"кавычках\"\t11\t23\t
12\t2015-05-25 23:59:59.0\t2\t8\t0\t\"незакрыта\t\t23\t
13\t2015-05-26 00:00:00.0\t2\t8\t0\t\t11\t23\t
51\t2015-05-01 00:00:00.0\t3\t9\t0\t\t11\t23\t
52\t2015-05-01 00:00:01.0\t3\t9\t0\t\t11\t23\t
53\t2015-05-01 00:00:02.0\t3\t9\t0\t\t11\t23\t
54\t2015-05-01 00:00:03.0\t3\t9\t0\t\t11\t23\t
";

/// Lines of the stream: search, then `ad:position:type:history:click` for each.
fn stream() -> String {
    let mut lines = vec!["SearchID\tAdID\tPosition\tObjectType\tHistCTR\tIsClick".to_owned()];
    let mut page = |search: u32, shown: &[&str]| {
        let row = |shown: &&str| format!("{search}\t{}", shown.replace(':', "\t"));
        lines.extend(shown.iter().map(row));
    };
    page(11, &["100:1:3:0.01:1", "101:2:1::"]);
    page(41, &["107:7:3:0.5:1", "100:1:3:0.004:0", "101:2:1::", "102:6:2::", "999:8:1::"]);
    page(31, &["100:1:3:0.25:0", "101:2:1::", "102:6:1::", "107:7:3:1e-05:0", "105:8:1::"]);
    page(21, &["100:1:3::0", "101:2:1::", "102:6:1::", "103:7:3:0.3:1", "104:8:1::"]);
    page(22, &["104:1:3:0.2:1", "101:2:1::", "102:6:1::", "103:7:3:0.3:0", "100:8:1::"]);
    page(12, &["100:1:3:0.2:0", "101:2:1::", "102:6:1::", "103:7:1::", "104:8:1::"]);
    page(13, &["100:1:3:0.2:0"]);
    page(51, &["100:1:3:0.2:0", "101:2:1::"]);
    page(52, &["100:1:1::", "101:2:1::", "102:6:1::", "103:7:1::", "104:8:1::"]);
    page(53, &["100:1:3:0.2:0", "101:2:1::", "102:6:1::", "103:7:1::", "100:8:1::"]);
    page(77, &["100:1:3:0.2:0"]);
    lines.join("\n") + "\n"
}

const ADS_INFO: &str = "AdID\tLocationID\tCategoryID\tParams\tPrice\tTitle\tIsContext
100\t10\t22\t{5:'Диваны'}\t1500.0\t\"Диван \"\"Честер\"\"\"\t1
101\t10\t22\t\t\t\"Мерседес\" w124\t0
102\t\t\t\t99\t\"\t0
103\t11\t24\t\t1e+06\tСтол\t1
104\t11\t23\t\t0.0\tСтул\t1
105\t11\t23\t\t5\tШкаф\t0
107\t11\t23\t\t5\tСвет\t1
300\t11\t23\t\t5\tНикому не показан\t1
";

const USER_INFO: &str =
    "UserID\tUserAgentID\tUserAgentOSID\tUserDeviceID\tUserAgentFamilyID\n9\t1\t2\t3\t4\n7\t5\t\t7\t8\n";

const CATEGORY: &str =
    "CategoryID\tLevel\tParentCategoryID\tSubcategoryID\n2\t1\t\t\n22\t2\t2\t\n23\t3\t2\t7\n24\t2\t\"3\"\t\n";

const TABLES: [(&str, &str); 4] = [
    ("SearchInfo.tsv", SEARCH_INFO),
    ("AdsInfo.tsv", ADS_INFO),
    ("UserInfo.tsv", USER_INFO),
    ("Category.tsv", CATEGORY),
];

/// A log in a folder, and an empty folder for the data set.
struct Log {
    src: tempfile::TempDir,
    out: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        let log = Self { src: tempfile::tempdir().unwrap(), out: tempfile::tempdir().unwrap() };
        TABLES.iter().for_each(|(name, text)| log.put(name, text));
        log.put("trainSearchStream.tsv", &stream());
        log
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.src.path().join(name), text).unwrap();
    }

    /// The same log with a text replaced in one of its tables.
    fn with(name: &str, from: &str, to: &str) -> Self {
        let log = Self::new();
        let text = fs::read_to_string(log.src.path().join(name)).unwrap();
        assert!(text.contains(from), "{from}");
        log.put(name, &text.replacen(from, to, 1));
        log
    }

    fn convert(&self, options: &AvitoOptions, on_bad: OnBad) -> Result<(AvitoSummary, Skipped), DataError> {
        convert_avito(self.src.path(), self.out.path(), options, on_bad, &mut |_| {})
    }

    fn run(&self) -> AvitoSummary {
        self.convert(&AvitoOptions::default(), OnBad::Fail).unwrap().0
    }

    /// What is wrong with the log, without the folder.
    fn problem(&self) -> String {
        let message = self.convert(&AvitoOptions::default(), OnBad::Fail).unwrap_err().to_string();
        assert_eq!(fs::read_dir(self.out.path()).unwrap().count(), 0, "nothing is left");
        let folder = self.src.path().display().to_string();
        message.replace(&format!("{folder}/"), "").replace(&folder, "DIR")
    }

    fn impressions(&self, split: Split) -> Vec<Impression> {
        let lines = DataSet::open(self.out.path()).unwrap().impressions(split).unwrap();
        lines.map(|line| line.unwrap().value).collect()
    }

    fn only(&self, split: Split) -> Impression {
        let mut impressions = self.impressions(split);
        assert_eq!(impressions.len(), 1);
        impressions.remove(0)
    }
}

fn ids(ids: &[&str]) -> FeatureValue {
    ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>().into()
}

fn candidate<'a>(impression: &'a Impression, id: &str) -> &'a Candidate {
    impression.request().candidates().iter().find(|candidate| candidate.id == id).unwrap()
}

#[test]
fn pages_of_five_ads_are_lists_split_by_days() {
    let log = Log::new();
    let summary = log.run();
    assert_eq!((summary.searches, summary.searches_kept, summary.rows), (11, 10, 41));
    assert_eq!((summary.rows_without_search, summary.pages, summary.pages_before_first_day), (1, 9, 1));
    assert_eq!(
        (summary.pages_of_other_length, summary.pages_with_unknown_clicks, summary.pages_with_an_ad_twice),
        (1, 1, 1)
    );
    assert_eq!(
        (summary.train, summary.valid, summary.test, summary.users, summary.users_without_info),
        (2, 1, 2, 2, 1)
    );
    assert_eq!((summary.ads, summary.ads_without_info), (8, 1));
    assert_eq!((summary.shown, summary.known_clicks, summary.clicks, summary.bad_rows), (25, 9, 3, 0));
    let ids = |split| {
        let mut ids: Vec<String> =
            log.impressions(split).iter().map(|line| line.request().request_id().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!((ids(Split::Train), ids(Split::Valid)), (vec!["21".into(), "22".into()], vec!["31".into()]));
    assert_eq!(ids(Split::Test), ["12", "41"]);
    let report = validate(&DataSet::open(log.out.path()).unwrap(), &ValidateOptions::default()).unwrap();
    assert!(report.is_valid(), "{}", report.to_text());
    let mut left: Vec<_> = fs::read_dir(log.out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["README.md", "items.jsonl.gz", "test.jsonl.gz", "train.jsonl.gz", "valid.jsonl.gz"]);
}

#[test]
fn a_list_is_its_ads_in_order_of_position_with_what_is_recorded() {
    let log = Log::new();
    log.run();
    let valid = log.only(Split::Valid);
    let request = valid.request();
    let candidates: Vec<&str> = request.candidates().iter().map(|candidate| candidate.id.as_str()).collect();
    assert_eq!(candidates, ["100", "101", "102", "105", "107"], "in order of id");
    let shown: Vec<&str> = valid.shown().iter().map(|shown| candidates[shown.candidate]).collect();
    assert_eq!(shown, ["100", "101", "102", "107", "105"], "in order of position");
    let clicks: Vec<Option<f64>> = valid.shown().iter().map(|shown| shown.feedback.get("click").copied()).collect();
    assert_eq!(clicks, [Some(0.0), None, None, Some(0.0), None]);
    assert_eq!(request.timestamp(), Some(1_431_993_599));
    assert_eq!(candidate(&valid, "107").features["hist_ctr"], FeatureValue::Number(1e-5));
    assert_eq!(candidate(&valid, "101").features["hist_ctr"], FeatureValue::Missing);
    assert_eq!(candidate(&valid, "101").features["object_type"], "1".into());
    assert_eq!(candidate(&valid, "101").score, None);
    let user = request.user();
    assert_eq!(user.id.as_deref(), Some("7"));
    for (name, value) in [
        ("location", "10"),
        ("category", "22"),
        ("parent_category", "2"),
        ("hour", "23"),
        ("user_agent", "5"),
        ("user_device", "7"),
        ("user_agent_family", "8"),
    ] {
        assert_eq!(user.features[name], value.into(), "{name}");
    }
    assert_eq!(user.features["logged_on"], FeatureValue::Number(1.0));
    assert_eq!(user.features["user_agent_os"], FeatureValue::Missing);
}

#[test]
fn history_is_the_pages_of_the_user_before_whatever_their_length() {
    let log = Log::new();
    log.run();
    let valid = log.only(Split::Valid);
    let shown = ["100", "101", "100", "101", "102", "103", "104", "104", "101", "102", "103", "100"];
    assert_eq!(valid.request().user().features["history_shown"], ids(&shown));
    assert_eq!(valid.request().user().features["history_clicked"], ids(&["100", "103", "104"]));
    let of = |impressions: Vec<Impression>, id: &str| {
        impressions.into_iter().find(|impression| impression.request().request_id() == id).unwrap()
    };
    let stranger = of(log.impressions(Split::Test), "12");
    assert_eq!(stranger.request().user().features["history_shown"], ids(&[]));
    assert!(!stranger.request().user().features.contains_key("user_agent"));
    let short = AvitoOptions { history: 1, ..Default::default() };
    log.convert(&short, OnBad::Fail).unwrap();
    let later = of(log.impressions(Split::Test), "41");
    assert_eq!(later.request().user().features["history_shown"], ids(&["100", "101", "102", "107", "105"]));
}

#[test]
fn pages_of_the_same_second_are_no_history_of_each_other() {
    let log = Log::with("SearchInfo.tsv", "2015-05-17 12:30:00.0", "2015-05-18 23:59:59.0");
    log.run();
    for valid in log.impressions(Split::Valid) {
        assert_eq!(valid.request().user().features["history_clicked"], ids(&["100", "103"]));
    }
}

#[test]
fn the_catalog_has_the_ads_of_lists_with_parents_and_prices() {
    let log = Log::new();
    log.run();
    let items = DataSet::open(log.out.path()).unwrap().items().unwrap().unwrap();
    let items: HashMap<String, _> =
        items.map(|line| line.unwrap().value).map(|item| (item.id, item.features)).collect();
    assert_eq!(items.len(), 7);
    assert!(!items.contains_key("300") && !items.contains_key("999"));
    assert_eq!(items["100"]["price"], FeatureValue::Number(1500.0));
    assert_eq!((&items["101"]["price"], &items["102"]["category"]), (&FeatureValue::Missing, &FeatureValue::Missing));
    assert_eq!((&items["103"]["parent_category"], &items["103"]["price"]), (&"3".into(), &FeatureValue::Number(1e6)));
    assert_eq!(items["101"]["is_context"], FeatureValue::Number(0.0));
}

#[test]
fn line_ends_compression_and_tables_that_may_lack_change_nothing_else() {
    let plain = Log::new();
    plain.run();
    let windows = Log::new();
    for (name, text) in TABLES {
        windows.put(name, &text.replace('\n', "\r\n"));
    }
    fs::remove_file(windows.src.path().join("trainSearchStream.tsv")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, stream().as_bytes()).unwrap();
    fs::write(windows.src.path().join("trainSearchStream.tsv.gz"), gzip.finish().unwrap()).unwrap();
    windows.run();
    let fingerprint = |log: &Log| DataSet::open(log.out.path()).unwrap().fingerprint().unwrap();
    assert_eq!(fingerprint(&plain), fingerprint(&windows));
    for name in ["UserInfo.tsv", "Category.tsv"] {
        fs::remove_file(windows.src.path().join(name)).unwrap();
    }
    let summary = windows.run();
    assert_eq!((summary.lists(), summary.users_without_info), (5, 2));
    let valid = windows.only(Split::Valid);
    assert_eq!(valid.request().user().features["parent_category"], FeatureValue::Missing);
}

#[test]
fn a_share_of_users_keeps_all_pages_of_those_it_has() {
    let log = Log::new();
    let runs =
        (0..20).map(|seed| log.convert(&AvitoOptions { user_share: 0.5, seed, ..Default::default() }, OnBad::Fail));
    let lists: Vec<u64> = runs.map(|run| run.map_or(0, |(summary, _)| summary.lists())).collect();
    assert!(lists.iter().all(|lists| [0, 1, 4, 5].contains(lists)), "{lists:?}");
    assert!([0, 4].iter().all(|wanted| lists.contains(wanted)), "{lists:?}");
}

#[test]
fn bad_rows_are_told_with_file_line_and_column() {
    let searches = |from, to| Log::with("SearchInfo.tsv", from, to).problem();
    assert_eq!(
        searches("2015-05-18 23", "18.05.2015 23"),
        "SearchInfo.tsv:2: SearchDate: found \"18.05.2015 23:59:59.0\", expected a time such as 2015-04-28 00:00:00.0"
    );
    let id = "expected a whole number, 0 to 4294967294";
    assert_eq!(searches("\n11\t", "\n-1\t"), format!("SearchInfo.tsv:3: SearchID: found \"-1\", {id}"));
    assert_eq!(searches("\t7\t1\t", "\t\t1\t"), format!("SearchInfo.tsv:2: UserID: found \"\", {id}"));
    assert_eq!(searches("\t7\t1\t", "\t7\t2\t"), "SearchInfo.tsv:2: IsUserLoggedOn: found \"2\", expected 0 or 1");
    assert_eq!(searches("\n11\t", "\n31\t"), "SearchInfo.tsv:3: SearchID: 31 stands twice, expected distinct ids");
    assert!(
        searches("\tUserID", "\tUser")
            .starts_with("SearchInfo.tsv:1: UserID: no such column, expected the tab-separated")
    );
    let showings = |from, to| Log::with("trainSearchStream.tsv", from, to).problem();
    assert_eq!(
        showings("0.01\t1", "0.01\tx"),
        "trainSearchStream.tsv:2: IsClick: found \"x\", expected 0, 1 or nothing"
    );
    assert_eq!(
        showings("0.01\t1", "inf\t1"),
        "trainSearchStream.tsv:2: HistCTR: found \"inf\", expected a finite number or nothing"
    );
    assert_eq!(
        showings("\t1\t3\t", "\t1\t4\t"),
        "trainSearchStream.tsv:2: ObjectType: found \"4\", expected 1, 2 or 3"
    );
    assert_eq!(showings("0.01\t1", "0.01"), "trainSearchStream.tsv:2: found 5 columns, expected 6 as in line 1");
    let ads = |from, to| Log::with("AdsInfo.tsv", from, to).problem();
    assert_eq!(ads("1500.0", "cheap"), "AdsInfo.tsv:2: Price: found \"cheap\", expected a finite number or nothing");
    assert_eq!(ads("\n101\t", "\n100\t"), "AdsInfo.tsv:3: AdID: 100 stands twice, expected distinct ids");
}

#[test]
fn bad_rows_can_be_passed_over() {
    let log = Log::with("trainSearchStream.tsv", "0.01\t1", "0.01\tx");
    let (summary, skipped) = log.convert(&AvitoOptions::default(), OnBad::Skip).unwrap();
    assert_eq!((summary.bad_rows, skipped.count, summary.lists()), (1, 1, 5));
    assert_eq!(summary.pages_with_bad_rows, 1);
    assert!(skipped.first[0].to_string().contains("trainSearchStream.tsv:2: IsClick"), "{}", skipped.first[0]);
}

#[test]
fn what_bad_rows_leave_of_a_page_is_no_list() {
    // A sixth ad of page 41 that cannot be read: the five others are not what was shown.
    let log = Log::with("trainSearchStream.tsv", "41\t999\t8\t1\t\t\n", "41\t999\t8\t1\t\t\n41\t104\t9\t1\t\tx\n");
    let (summary, _) = log.convert(&AvitoOptions::default(), OnBad::Skip).unwrap();
    assert_eq!((summary.pages_with_bad_rows, summary.bad_rows, summary.lists()), (1, 1, 4));
    // The same in another form: the sixth row has a column too few, or a search that is no number.
    for row in ["41\t104\t9\t1\t", "x\t104\t9\t1\t\t"] {
        let with = format!("41\t999\t8\t1\t\t\n{row}\n");
        let log = Log::with("trainSearchStream.tsv", "41\t999\t8\t1\t\t\n", &with);
        let (summary, _) = log.convert(&AvitoOptions::default(), OnBad::Skip).unwrap();
        // The page behind it, 31, may be the one that lacks it.
        assert_eq!((summary.pages_with_bad_rows, summary.bad_rows, summary.lists()), (2, 1, 3), "{row}");
    }
    // Cut off within a page.
    let log = Log::new();
    let text = stream();
    let (rows, _) = text.split_at(text.find("13\t100").unwrap());
    fs::remove_file(log.src.path().join("trainSearchStream.tsv")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(rows.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    fs::write(log.src.path().join("trainSearchStream.tsv.gz"), &whole[..whole.len() - 30]).unwrap();
    let (summary, skipped) = log.convert(&AvitoOptions::default(), OnBad::Skip).unwrap();
    assert_eq!(skipped.cut_short.len(), 1);
    assert_eq!((summary.pages_with_bad_rows, summary.lists()), (1, 4), "{}", summary.to_text());
}

#[test]
fn a_log_that_is_none_is_told() {
    let log = Log::new();
    fs::rename(log.src.path().join("AdsInfo.tsv"), log.src.path().join("AdsInfo.tsv.7z")).unwrap();
    let forms = "AdsInfo.tsv, AdsInfo.tsv.gz or AdsInfo.tsv.zst";
    assert_eq!(log.problem(), format!("DIR: holds AdsInfo.tsv.7z, expected it unpacked: {forms}"));
    fs::remove_file(log.src.path().join("AdsInfo.tsv.7z")).unwrap();
    assert_eq!(log.problem(), format!("DIR: no AdsInfo, expected {forms}"));
    let message = |src: &Path| {
        convert_avito(src, log.out.path(), &AvitoOptions::default(), OnBad::Fail, &mut |_| {}).unwrap_err().to_string()
    };
    assert!(message(Path::new("no/such")).starts_with("no/such: no such folder, expected one with SearchInfo.tsv"));
    assert!(message(&log.src.path().join("Category.tsv")).contains("no folder and no SQLite file"));
    let later = AvitoOptions { first_day: "2016-01-01".parse().unwrap(), ..Default::default() };
    log.put("AdsInfo.tsv", ADS_INFO);
    let message = log.convert(&later, OnBad::Fail).unwrap_err().to_string();
    assert!(
        message.contains("no list was found\n11 searches") && message.contains("10 before the first day"),
        "{message}"
    );
}

#[test]
fn options_outside_their_range_are_told() {
    let problem = |options: AvitoOptions| options.check().unwrap_err().to_string();
    let default = AvitoOptions::default;
    assert_eq!(problem(AvitoOptions { slate: 0, ..default() }), "slate: found 0, expected 1 to 4096");
    assert_eq!(
        problem(AvitoOptions { known_clicks: 6, ..default() }),
        "known_clicks: found 6, expected at most the 5 ads of a list"
    );
    assert_eq!(
        problem(AvitoOptions { valid_days: 22, ..default() }),
        "valid_days: found 22, expected at most the 21 training days"
    );
    let share = problem(AvitoOptions { user_share: 0.0, ..default() });
    assert_eq!(share, "user_share: found 0, expected more than 0 and at most 1");
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn a_database_names_the_feature_that_reads_it() {
    let log = Log::new();
    fs::write(log.src.path().join("database.sqlite"), b"SQLite format 3\0 and more").unwrap();
    fs::remove_file(log.src.path().join("SearchInfo.tsv")).unwrap();
    assert!(log.problem().contains(
        "database.sqlite: an SQLite file, which this build cannot read: build with the cargo feature `sqlite`"
    ));
}

#[cfg(feature = "sqlite")]
#[test]
fn a_database_gives_what_the_files_give() {
    let log = Log::new();
    log.run();
    let fingerprint = |log: &Log| DataSet::open(log.out.path()).unwrap().fingerprint().unwrap();
    let wanted = fingerprint(&log);
    let database = log.src.path().join("database.sqlite");
    let connection = rusqlite::Connection::open(&database).unwrap();
    let create = "CREATE TABLE SearchInfo (SearchID INTEGER, SearchDate TEXT, UserID INTEGER, IsUserLoggedOn INTEGER, LocationID INTEGER, CategoryID INTEGER);
        CREATE TABLE trainSearchStream (SearchID INTEGER, AdID INTEGER, Position INTEGER, ObjectType INTEGER, HistCTR REAL, IsClick INTEGER);
        CREATE TABLE AdsInfo (AdID INTEGER, LocationID INTEGER, CategoryID INTEGER, Price REAL, IsContext INTEGER);
        CREATE TABLE UserInfo (UserID INTEGER, UserAgentID INTEGER, UserAgentOSID INTEGER, UserDeviceID INTEGER, UserAgentFamilyID INTEGER);
        CREATE TABLE Category (CategoryID INTEGER, ParentCategoryID INTEGER);";
    connection.execute_batch(create).unwrap();
    copy(&log, &connection, &SEARCHES);
    copy(&log, &connection, &SHOWINGS);
    copy(&log, &connection, &ADS);
    copy(&log, &connection, &AGENTS);
    copy(&log, &connection, &CATEGORIES);
    for (name, _) in TABLES {
        fs::remove_file(log.src.path().join(name)).unwrap();
    }
    log.run();
    assert_eq!(fingerprint(&log), wanted);
    connection.execute("UPDATE SearchInfo SET UserID = NULL WHERE SearchID = 11", []).unwrap();
    let message = log.convert(&AvitoOptions::default(), OnBad::Fail).unwrap_err().to_string();
    assert!(message.contains("database.sqlite, table SearchInfo:2: UserID: found \"\""), "{message}");
    connection.execute("ALTER TABLE AdsInfo RENAME COLUMN Price TO Cost", []).unwrap();
    connection.execute("UPDATE SearchInfo SET UserID = 7 WHERE SearchID = 11", []).unwrap();
    let message = log.convert(&AvitoOptions::default(), OnBad::Fail).unwrap_err().to_string();
    assert!(message.contains("no such column: Price"), "{message}");
}

/// Fills a table of the database from the file.
#[cfg(feature = "sqlite")]
fn copy<const N: usize>(log: &Log, connection: &rusqlite::Connection, form: &tables::Form<N>) {
    let path = log.src.path().join(format!("{}.tsv", form.name));
    let mut table =
        crate::table::Table::new(crate::Source::open(path).unwrap(), crate::table::Separator::Tab, form.columns)
            .unwrap();
    let places = vec!["?"; N].join(", ");
    while let Some(row) = table.next_row().unwrap() {
        let cells = row.cells.map(|cell| Some(cell).filter(|cell| !cell.is_empty()));
        let insert = format!("INSERT INTO {} VALUES ({places})", form.name);
        connection.execute(&insert, rusqlite::params_from_iter(cells)).unwrap();
    }
}

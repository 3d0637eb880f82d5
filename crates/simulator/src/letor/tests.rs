//! Tests of `letor`.

use std::fs;
use std::io::Write as _;

use super::*;

fn line(grade: &str, qid: &str, document: &str) -> String {
    let features: Vec<String> = (1..=FEATURES).map(|at| format!("{at}:{:.6}", at as f64 / 100.0)).collect();
    format!("{grade} qid:{qid} {} #docid = {document} inc = 1 prob = 0.5", features.join(" "))
}

fn read(text: String) -> Result<Vec<JudgedQuery>, String> {
    let source = Source::from_reader("S1.txt", std::io::Cursor::new(text.into_bytes())).unwrap();
    LetorQueries::new(source, 2).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

#[test]
fn queries_and_documents_are_read_in_order() {
    let text = [line("0", "7", "a"), line("2", "7", "b"), line("1", "8", "a")].join("\n");
    let queries = read(text).unwrap();
    assert_eq!(queries.iter().map(|query| query.id.as_str()).collect::<Vec<_>>(), ["7", "8"]);
    let [a, b] = &queries[0].documents[..] else { panic!("two documents") };
    assert_eq!((a.id.as_str(), a.relevance, b.id.as_str(), b.relevance), ("a", 0, "b", 2));
    assert_eq!((a.features.len(), a.features[45]), (FEATURES, 0.46));
    assert_eq!(read(String::new()).unwrap(), []);
}

#[test]
fn messages_name_file_line_field_what_was_found_and_what_was_expected() {
    let good = line("0", "7", "a");
    for (bad, message) in [
        (good.replacen('0', "3", 1), "S1.txt:2: relevance: found \"3\", expected a grade from 0 to 2"),
        (good.replacen('0', "x", 1), "S1.txt:2: relevance: found \"x\", expected a grade from 0 to 2"),
        (good.replace("qid:7", "7"), "S1.txt:2: qid: found \"7\", expected qid:ID"),
        (good.replace("3:0.030000 ", ""), "S1.txt:2: feature 3: found \"4:0.040000\", expected 3:NUMBER"),
        (good.replace("3:0.030000", "3:NaN"), "S1.txt:2: feature 3: found \"3:NaN\", expected 3:NUMBER"),
        (good.replace("46:0.460000", ""), "S1.txt:2: feature 46: found nothing, expected 46:NUMBER"),
        (good.replace("#", "47:1 #"), "S1.txt:2: found \"47:1\", expected #docid after 46 features"),
        (good.replace("#docid = a", "#"), "S1.txt:2: docid: found \" inc = 1 prob = 0.5\", expected #docid = ID"),
        (line("0", "6", "c"), "S1.txt:2: docid: \"c\" stands twice in query \"6\", expected distinct ids"),
    ] {
        let text = format!("{}\n{bad}\n", line("1", "6", "c"));
        assert_eq!(read(text).unwrap_err(), message);
    }
}

#[test]
fn the_lines_of_a_query_stand_together() {
    let text = [line("0", "7", "a"), line("0", "8", "a"), line("0", "7", "b")].join("\n");
    assert_eq!(
        read(text).unwrap_err(),
        "S1.txt:3: qid: \"7\" stood before already, expected the lines of a query together, in one section"
    );
}

#[test]
fn a_section_is_one_file_plain_or_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let section = |name: &str| LetorQueries::section(folder.path(), name, 2).map(Iterator::count);
    assert!(section("S1").unwrap_err().to_string().contains("no S1.txt or S1.txt.gz, expected sections S1 to S5"));
    fs::write(folder.path().join("S1.txt"), line("0", "7", "a")).unwrap();
    assert_eq!(section("S1").unwrap(), 1);
    let file = fs::File::create(folder.path().join("S2.txt.gz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    gz.write_all(line("0", "7", "a").as_bytes()).unwrap();
    gz.finish().unwrap();
    assert_eq!(section("S2").unwrap(), 1);
    fs::write(folder.path().join("S2.txt"), "").unwrap();
    assert!(section("S2").unwrap_err().to_string().contains("holds both S2.txt and S2.txt.gz"));
    let gone = LetorQueries::section(&folder.path().join("gone"), "S1", 2).err().unwrap().to_string();
    assert!(gone.contains("no such folder"), "{gone}");
}

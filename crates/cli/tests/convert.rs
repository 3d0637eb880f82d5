//! `convert` on small logs of the true form.

#![allow(clippy::unwrap_used)]

mod tool;

use std::fs;

use tool::Bench;

fn serps() -> String {
    let mut rows = vec!["split\tserp\tquery\turls\tclick_positions\tclicks_per_position".to_owned()];
    for serp in 0..12 {
        let (part, list) = if serp < 8 { ("train", serp / 2) } else { ("test", serp) };
        rows.push(format!("{part}\t{serp}\tq\tu{list},a,b\t1\t1,0,0"));
    }
    rows.join("\n") + "\n"
}

#[test]
fn yandex_serp_is_converted_and_checked() {
    let bench = Bench::new();
    bench.write("serps.tsv", &serps());
    let options = "--slate 3 --candidates 5 --valid-share 0.3 --most-per-query 8 --seed 3";
    let ran = bench.run(&format!("convert yandex-serp serps.tsv --out converted {options}"));
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.out.contains("12 pages: 1 queries, 10 urls\ntrain: 6 pages of 3 lists;"), "{}", ran.out);
    assert!(bench.read("converted/README.md").contains("seed 3; at most 8 pages of a query"));
    let ran = bench.run("validate --data converted");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = bench.run("convert yandex-serp serps.tsv --out other");
    assert_eq!(ran.status, Some(1));
    assert!(ran.err.contains("serps.tsv:2: urls: found 3 urls, expected at least 10"), "{}", ran.err);
    assert!(!bench.exists("other"));
}

/// Two users with a page a day.
fn avito(bench: &Bench) {
    let mut searches = "SearchID\tSearchDate\tUserID\tIsUserLoggedOn\tLocationID\tCategoryID\n".to_owned();
    let mut showings = "SearchID\tAdID\tPosition\tObjectType\tHistCTR\tIsClick\n".to_owned();
    for day in 1..=25 {
        searches += &format!("{day}\t2015-05-{day:02} 10:00:00.0\t{}\t0\t1\t2\n", day % 2);
        for position in 1..=5 {
            showings += &format!("{day}\t{}\t{position}\t3\t0.01\t{}\n", day + position, u8::from(position == 1));
        }
    }
    let ads: String = (0..40).map(|ad| format!("{ad}\t1\t2\t{ad}.0\t1\n")).collect();
    fs::create_dir(bench.path("avito")).unwrap();
    bench.write("avito/SearchInfo.tsv", &searches);
    bench.write("avito/trainSearchStream.tsv", &showings);
    bench.write("avito/AdsInfo.tsv", &format!("AdID\tLocationID\tCategoryID\tPrice\tIsContext\n{ads}"));
}

#[test]
fn avito_is_converted_and_checked() {
    let bench = Bench::new();
    avito(&bench);
    let ran = bench.run("convert avito avito --out converted");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.out.contains("25 lists: 17 train, 1 valid, 7 test; 2 users, 2 of them unknown"), "{}", ran.out);
    let ran = bench.run("validate --data converted");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = bench
        .run("convert avito avito --out converted --first-day 2015-05-03 --train-days 18 --test-days 5 --valid-days 3");
    assert!(ran.out.contains("23 lists: 15 train, 3 valid, 5 test"), "{} {}", ran.out, ran.err);
    let ran = bench.run("convert avito avito --out converted --first-day 3.5.2015");
    assert!(ran.status == Some(2) && ran.err.contains("expected a day such as 2015-04-28"), "{}", ran.err);
}

#[test]
fn bad_rows_of_avito_end_it_or_are_counted() {
    let bench = Bench::new();
    avito(&bench);
    let text = bench.read("avito/trainSearchStream.tsv").replacen("0.01\t1", "0.01\tyes", 1);
    bench.write("avito/trainSearchStream.tsv", &text);
    let place = "avito/trainSearchStream.tsv:2: IsClick: found \"yes\", expected 0, 1 or nothing";
    let ran = bench.run("convert avito avito --out converted");
    assert!(ran.status == Some(1) && ran.err.contains(place), "{}", ran.err);
    let ran = bench.run("convert avito avito --out converted --skip-bad");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    assert!(ran.err.contains(place) && ran.err.contains("1 bad line left out"), "{}", ran.err);
    assert!(ran.out.contains("24 lists") && ran.out.contains("1 bad rows left out"), "{}", ran.out);
}

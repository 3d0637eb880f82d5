//! `nar4rec simulate`: a small collection becomes a data set that every other command takes.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use tool::Bench;

#[test]
fn a_simulated_log_is_trained_on_like_any_other() {
    let bench = Bench::new();
    bench.collection();
    bench.write("user.toml", "list_length = 3\n[user.fatigue]\nstrength = 2.0\n");
    let ran = bench.run("simulate --mq2008 mq2008 --out log --config user.toml --seed 3 --sessions 5");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for part in
        ["15 queries with 105 judged documents", "75 lists: 45 train", "optimum", "proven optimal for 3 of 3 queries"]
    {
        assert!(ran.out.contains(part), "no {part:?} in: {}", ran.out);
    }
    let ran = bench.run("validate --data log");
    assert_eq!(ran.status, Some(0), "{}{}", ran.out, ran.err);
    let kinds = "[{ name = \"click\" }, { name = \"long_view\" }, { name = \"like\" }]";
    let config = bench.read("config.toml").replace("[{ name = \"like\" }]", kinds);
    let config = config.replace("list_length = 2", "list_length = 3");
    bench.write("config.toml", &config);
    let ran = bench.run("train --config config.toml --data log --out simulated");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = bench.run("evaluate --model simulated --data log");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
}

#[test]
fn sessions_of_a_query_are_split_and_its_items_have_a_catalog() {
    let bench = Bench::new();
    bench.collection();
    bench.write("user.toml", "list_length = 3\nsplit = \"sessions\"\n");
    let ran = bench.run("simulate --mq2008 mq2008 --out log --config user.toml --sessions 10");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for part in
        ["150 lists: 120 train of 15 queries, 15 valid of 15, 15 test of 15; 7.0", "optimal for 15 of 15 queries"]
    {
        assert!(ran.out.contains(part), "no {part:?} in: {}", ran.out);
    }
    let ran = bench.run("validate --data log");
    assert_eq!(ran.status, Some(0), "{}{}", ran.out, ran.err);
    let ran = bench.run("schema --data log");
    assert!(ran.out.contains("10:D6") && ran.out.contains("\"candidate\": []"), "{}{}", ran.out, ran.err);
    let ran = bench.run("simulate --mq2008 mq2008 --out log --config user.toml --sessions 2");
    assert_eq!(ran.status, Some(2), "{}", ran.err);
    assert!(ran.err.contains("sessions: 2, expected at least 3 where split = \"sessions\""), "{}", ran.err);
}

#[test]
fn mistakes_are_told() {
    let bench = Bench::new();
    let told = |arguments: &str, status: i32, part: &str| {
        let ran = bench.run(&format!("simulate --out log {arguments}"));
        assert_eq!(ran.status, Some(status), "{}", ran.err);
        assert!(ran.err.contains(part), "no {part:?} in: {}", ran.err);
    };
    told("--mq2008 gone", 1, "gone: no such folder, expected one with S1.txt to S5.txt of MQ2008");
    told("--mq2008 data", 1, "data: no S1.txt or S1.txt.gz");
    bench.write("user.toml", "[user.fatigue]\ndecay = 2.0\n");
    told("--mq2008 data --config user.toml", 2, "user.toml: user.fatigue.decay: 2, expected between 0 and 1");
    bench.write("user.toml", "[user]\nfatige = 2.0\n");
    told("--mq2008 data --config user.toml", 2, "fatige");
    told("--mq2008 data --config none.toml", 2, "none.toml: cannot read");
    assert!(!bench.exists("log"));
}

//! The A/B test on a known user, from the command line.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use std::fs;

use serde_json::Value;
use tool::Bench;

/// A simulated log, and a configuration with small systems.
fn simulated() -> Bench {
    let bench = Bench::new();
    bench.collection();
    bench.write("user.toml", "list_length = 3\nsplit = \"sessions\"\n");
    let ran = bench.run("simulate --mq2008 mq2008 --out log --config user.toml --sessions 10");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let kinds = "[{ name = \"click\" }, { name = \"long_view\" }, { name = \"like\" }]";
    let config = bench.read("config.toml").replace("[{ name = \"like\" }]", kinds);
    let system =
        "[training.system]\nepochs = 1\nbatch_size = 32\n[systems.edge_rerank]\nwidth = 8\nheads = 2\nhidden = [8]\n";
    bench.write("config.toml", &(config.replace("list_length = 2", "list_length = 3") + system));
    bench
}

#[test]
fn both_arms_serve_day_by_day_and_a_second_day_can_be_added() {
    let bench = simulated();
    let command = "experiment run online --config config.toml --data log --out out --seeds 1 --daily-lists 30";
    let first = bench.run(&format!("{command} --days 1"));
    assert_eq!(first.status, Some(0), "{}", first.err);
    assert!(first.err.contains("[2/2] nar4rec seed 1 day 1"), "{}", first.err);
    let second = bench.run(&format!("{command} --days 2"));
    assert_eq!(second.status, Some(0), "{}", second.err);
    assert!(second.err.contains("[1/4] edge_rerank seed 1 day 1: done before"), "{}", second.err);
    assert!(second.err.contains("[4/4] nar4rec seed 1 day 2\n"), "{}", second.err);
    for part in [
        "Days 1 to 2 of 30 requests each; seed 1",
        "control is edge_rerank",
        "| edge_rerank | 2 |",
        "| nar4rec | long_view |",
    ] {
        assert!(second.out.contains(part), "no {part:?} in: {}", second.out);
    }
    assert_eq!(bench.read("out/report.md"), second.out);
    assert!(bench.read("out/report.html").contains("nar4rec experiment online"));

    let made: Value = serde_json::from_str(&bench.read("out/made.json")).unwrap();
    for day in [1, 2] {
        let command = format!("nar4rec {command} --days {day}");
        assert_eq!(made[format!("nar4rec-s1-d{day}")]["maker"]["command"].as_str(), Some(command.as_str()));
    }

    let at_once = bench.run(&format!("{command} --days 2").replace("--out out", "--out whole"));
    assert_eq!(at_once.status, Some(0), "{}", at_once.err);
    // All that differs is by which commands they were made, and in how long.
    for folder in ["out", "whole"] {
        std::fs::remove_file(bench.path(&format!("{folder}/made.json"))).unwrap();
        bench.run(&format!("{command} --days 2").replace("--out out", &format!("--out {folder}")));
    }
    for report in ["report.md", "report.json", "report.html", "outcomes/nar4rec-s1-d2.json"] {
        assert_eq!(bench.read(&format!("out/{report}")), bench.read(&format!("whole/{report}")), "{report}");
    }
    let summary: Value = serde_json::from_str(&bench.read("out/report.json")).unwrap();
    assert_eq!(summary["summary"]["lifts"].as_array().unwrap().len(), 4, "three kinds and the utility");

    let other = bench.run(&format!("{command} --days 2").replace("30", "31"));
    assert!(
        other.status == Some(2)
            && other.err.contains("out: of another run, whose settings.daily_lists is 30 there, expected 31"),
        "{}",
        other.err
    );
}

#[test]
fn a_tenth_of_the_log_is_a_day_of_queries_that_were_never_shown() {
    let bench = simulated();
    bench.write("queries.toml", "list_length = 3\n");
    let ran = bench.run("simulate --mq2008 mq2008 --out queries --config queries.toml --sessions 10");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let ran = bench.run(
        "experiment run online --config config.toml --data queries --out out --seeds 1 --days 1 --systems random,upstream",
    );
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    // Three sections of three queries with ten sessions are trained on; the three queries of the last section ask.
    assert!(ran.out.contains("Days 1 to 1 of 9 requests each; seed 1; the control is random"), "{}", ran.out);
    let day: Value = serde_json::from_str(&bench.read("out/outcomes/upstream-s1-d1.json")).unwrap();
    assert!(day["queries"].as_object().unwrap().keys().all(|query| query.starts_with('5')), "{day}");
    assert!(fs::read_dir(bench.path("out/models")).unwrap().next().is_none());
}

#[test]
fn mistakes_are_told() {
    let bench = simulated();
    bench.write("short.toml", &bench.read("config.toml").replace("list_length = 3", "list_length = 2"));
    for (arguments, status, expected) in [
        (
            "online --data data",
            2,
            "data: not a simulated log, expected one with simulator.json; make one with nar4rec simulate",
        ),
        ("oracle --data data", 2, "data: not a simulated log, expected one with simulator.json"),
        ("oracle --data log --config short.toml", 2, "generator.list_length: 2, expected 3: "),
        ("online --data log --systems nobody", 2, "no variant is named \"nobody\", expected one of upstream, "),
        ("online --data log --days 0", 2, "--days"),
        ("rivals --data log --days 3", 2, "--days, --daily-lists: rivals has no days, expected the experiment online"),
    ] {
        let config = if arguments.contains("--config") { "" } else { "--config config.toml" };
        let ran = bench.run(&format!("experiment run {arguments} {config} --out out"));
        assert!(ran.status == Some(status) && ran.err.contains(expected), "{arguments}: {:?} {}", ran.status, ran.err);
    }
    assert!(!bench.exists("out"));
}

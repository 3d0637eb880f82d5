//! `nar4rec off-policy` on made logs.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use serde_json::Value;
use tool::Bench;

const HEADER: &str = "timestamp,item_id,position,click,propensity_score,user_feature_0\n";

/// Two items at three positions. `random` shows both alike, `bts` item 1 three times out of four; item 1 is clicked in two of
/// ten views, item 0 in one of ten.
fn logs() -> Bench {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("logs")).unwrap();
    for (policy, share) in [("random", 0.5), ("bts", 0.75)] {
        let mut text = HEADER.to_owned();
        for row in 0..2400_u32 {
            let (position, number) = (row % 3 + 1, row / 3);
            let item = u32::from(f64::from(number % 40) < 40.0 * share);
            let propensity = if item == 1 { share } else { 1.0 - share };
            let click = u32::from(number / 40 % 10 < 1 + item);
            text.push_str(&format!("2019-11-24,{item},{position},{click},{propensity},a\n"));
        }
        bench.write(&format!("logs/{policy}_men.csv"), &text);
    }
    bench
}

#[test]
fn each_policy_is_predicted_from_the_log_of_the_other() {
    let bench = logs();
    let ran = bench.run("off-policy --open-bandit logs --json");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let comparisons = report["comparisons"].as_array().unwrap();
    // The true rates: 0.75 · 0.2 + 0.25 · 0.1 and the mean of 0.2 and 0.1.
    for (comparison, (target, truth)) in comparisons.iter().zip([("bts", 0.175), ("random", 0.15)]) {
        assert_eq!((&comparison["campaign"], &comparison["target"]), (&"men".into(), &target.into()));
        let rows = comparison["rows"].as_array().unwrap();
        let positions: Vec<_> = rows.iter().map(|row| row["position"].as_u64()).collect();
        assert_eq!(positions, [None, Some(1), Some(2), Some(3)]);
        for row in rows {
            for name in ["ips", "snips", "doubly_robust", "measured"] {
                let value = row[name]["value"].as_f64().unwrap();
                assert!((value - truth).abs() < 1e-9, "{target} {name}: {value}");
                let [low, high] = [0, 1].map(|end| row[name]["interval"][end].as_f64().unwrap());
                assert!(low < truth && truth < high, "{target} {name}: {low} to {high}");
            }
            assert!(row["effective_rows"].as_f64().unwrap() < row["rows"].as_f64().unwrap());
        }
    }
    assert_eq!(comparisons.len(), 2);
    assert_eq!(ran.out, bench.run("off-policy --open-bandit logs --json").out);

    let text = bench.run("off-policy --open-bandit logs --clip 1.2").out;
    assert!(text.contains("men: bts predicted from the log of random") && text.contains("weights above 1.2"), "{text}");
    assert!(text.contains("17.50 ["), "{text}");
}

#[test]
fn what_is_wrong_is_told() {
    let bench = logs();
    let ran = bench.run("off-policy --open-bandit data");
    assert!(ran.status == Some(1) && ran.err.contains("data: no two logs of one campaign"), "{}", ran.err);
    let ran = bench.run("off-policy --open-bandit logs --clip 0");
    assert!(ran.status == Some(2) && ran.err.contains("expected a number greater than 0"), "{}", ran.err);
    bench.write("logs/bts_men.csv", &format!("{HEADER}2019-11-24,1,1,0,0,a\n"));
    let ran = bench.run("off-policy --open-bandit logs");
    let problem = "bts_men.csv:2: propensity_score: found \"0\", expected a probability above 0";
    assert!(ran.status == Some(1) && ran.err.contains(problem), "{}", ran.err);
    bench.write("logs/bts_men.csv", HEADER);
    let ran = bench.run("off-policy --open-bandit logs");
    assert!(ran.status == Some(0) && ran.out.contains('–'), "{}", ran.err);
}

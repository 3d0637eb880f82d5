//! The quickstart, from the bundled log to the report.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod tool;

use serde_json::Value;
use tool::Bench;

#[test]
fn slow_quickstart() {
    let bench = Bench::new();
    let ran = bench.run("quickstart --out first");
    assert_eq!(ran.status, Some(0), "{}", ran.err);
    for part in ["pipeline", "generator alone", "upstream", "popularity", "random", "first/report.html"] {
        assert!(ran.out.contains(part), "no {part:?} in: {}", ran.out);
    }
    for name in ["data/README.md", "data/train.jsonl.gz", "model/manifest.json", "model.metrics.jsonl"] {
        assert!(bench.exists(&format!("first/{name}")), "{name}");
    }
    let page = bench.read("first/report.html");
    assert!(page.starts_with("<!") && page.contains("<svg") && !page.contains("NaN"), "a page with curves");

    let ran = bench.run("evaluate --model first/model --data first/data --json");
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let ndcg = |part: &str| found[part]["NDCG@6"].as_f64().unwrap();
    let chance = found["baselines"]["random"]["NDCG@6"].as_f64().unwrap();
    assert!(ndcg("pipeline") > 1.5 * chance, "{found}");
    assert_eq!(bench.read("first/reranked.jsonl").lines().count() as u64, found["lists"].as_u64().unwrap());
}

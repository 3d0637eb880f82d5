//! The page that lies beside a simulated log.

use crate::{SimulationSummary, SimulatorConfig, SplitBy};

pub(crate) fn readme(config: &SimulatorConfig, summary: &SimulationSummary) -> String {
    let [train, valid, test] = summary.lists_by_split;
    let queries = summary.queries_in_log();
    let (names, cut) = match config.split {
        SplitBy::Queries => {
            ("train (S1–S3), valid (S4), test (S5)", "No query is in two splits; a candidate's id is its document's.")
        }
        SplitBy::Sessions => (
            "train (the first sessions of each query), valid (the next), test (the last)",
            "Every query is in all splits; a candidate's id is `QUERY:DOCUMENT`.\n- `items`: the features of every candidate.",
        ),
    };
    format!(
        "# MQ2008 with a user whose mind is known

Made by `nar4rec simulate`; docs/simulator.md of nar4rec tells how and why. Queries, documents, features and relevance are those of
MQ2008 supervised ranking (LETOR 4.0: Qin, Liu 2013), whose terms hold for this folder too. Shown lists and feedback are simulated.

| what | number |
|---|---|
| queries in the log; left out for too few documents | {queries}; {} |
| queries of which only the {} candidates of the highest upstream score remain | {} |
| queries without a relevant candidate | {} |
| lists: {names} | {train}, {valid}, {test} |
| seed | {} |

- `train`, `valid`, `test`: impressions; the request id is `QUERY/SESSION`. The requests of a query differ in nothing but their id.
  {cut}
- `truth.jsonl.gz`: for each query its candidates in the order of the requests, with relevance and standardised features. No model may
  read it.
- `simulator.json`: every parameter.
",
        summary.queries_too_small,
        config.most_candidates,
        summary.queries_cut,
        summary.queries_without_relevance,
        config.seed
    )
}

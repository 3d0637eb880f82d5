//! The page that lies beside converted data: origin, terms, and how everything was formed.

use super::{SerpCounts, YandexSerpOptions, YandexSerpSummary};

pub(super) fn readme(options: &YandexSerpOptions, summary: &YandexSerpSummary) -> String {
    let YandexSerpOptions { seed, slate, candidates, valid_share, most_per_query } = options;
    let cap =
        most_per_query.map_or("all pages".to_owned(), |most| format!("at most {most} pages of a query in each part"));
    let splits = [("train", &summary.train), ("valid", &summary.valid), ("test", &summary.test)];
    let rows: String = splits
        .iter()
        .map(|(name, SerpCounts { serps, lists, clicks })| {
            let rates = clicks.iter().map(|&clicks| format!("{:.3}", clicks as f64 / (*serps).max(1) as f64));
            format!("| {name} | {serps} | {lists} | {} |\n", rates.collect::<Vec<_>>().join(" "))
        })
        .collect();
    format!(
        "# Yandex result pages as a reranking task

Real pages of web search results with their clicks, formed into lists by `nar4rec convert yandex-serp`.

**Terms.** The log is a sample of the click log of a research challenge (WSCD 2012, Yandex), with anonymous ids, that was once part of
`markovi/PyClick`. No licence is stated for it: use it for research, and do not pass it on.

{rows_read} pages of {queries} queries with {urls} urls were read.

| split | pages | distinct lists | click rate by position |
|---|---|---|---|
{rows}
Left out: {seen} pages of the test part whose list the training part shows, {beyond} beyond the most per query.

**How it was formed** (seed {seed}; {cap}):

- A *list* is the first {slate} urls of a page. Lists are the same if query and urls are, in the same order.
- *Splits*: lists drawn at random from the training part, with at most {valid_share} of its pages, are the validation split, its other
  lists are for training; the test split is the pages of the test part whose list the training part never shows.
- The *candidates* are the urls of the page and others that the query shows in the same part of the log, drawn in proportion to how
  often, {candidates} in all or as many as there are. Their order is shuffled. What a user would have clicked of the others is unknown.
- The log has no time. Everything below counts the pages of training whose list the log shows first before this one, and none
  of this list; validation and test count all of training. p = (clicks + 1) / (shown + 2) over everything counted.
- `score`, the upstream order: clicks over expected clicks of the url for this query, (clicks + 5 p) / (expected + 5 p), where
  each showing expects the click rate of its position.
- User features: `query`, the query with its region.
- Candidate features, of the url for this query: `log_shown` = ln(1 + times shown), `click_rate` = (clicks + 5 p) / (shown + 5),
  `last_click_rate` likewise, `mean_position` (from 1; null if never shown).
- Feedback: `click`, 1 if the url was clicked; `last_click`, 1 if it was the last of the page's urls that was clicked.
",
        rows_read = summary.rows,
        queries = summary.queries,
        urls = summary.urls,
        seen = summary.lists_seen_in_training,
        beyond = summary.beyond_most_per_query,
    )
}

//! The page as a reader's browser gets it: what it says, that it is well formed, safe and alone.

mod sample;

use std::collections::HashSet;

use nar4rec_report::*;
use proptest::prelude::*;

/// Elements that have no closing tag.
const VOID: [&str; 1] = ["meta"];

/// Walks the tags of a page and checks that they nest. Returns the value of every attribute as `(element, name, value)`.
fn checked_attributes(html: &str) -> Result<Vec<(String, String, String)>, String> {
    let mut open: Vec<&str> = Vec::new();
    let mut attributes = Vec::new();
    let mut rest = html.strip_prefix("<!doctype html>").ok_or("no doctype")?;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').ok_or("a tag without an end")?;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().unwrap_or("nothing");
            if last != name {
                return Err(format!("</{name}> closes {last}"));
            }
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("<{tag}> is no tag"));
        }
        for attribute in tag[name.len()..].split("\" ").filter(|text| text.contains('=')) {
            let (key, value) = attribute.split_once("=\"").ok_or(format!("{attribute} has no quotes"))?;
            attributes.push((name.into(), key.trim().into(), value.trim_end_matches(['"', '/']).into()));
        }
        if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(attributes) } else { Err(format!("{open:?} stay open")) }
}

/// Every report that is the sample with one part taken away, and the empty one.
fn reports() -> Vec<Report> {
    let full = sample::report();
    vec![
        full.clone(),
        Report::default(),
        Report { lead: None, facts: vec![], ..full.clone() },
        Report { metrics: None, ..full.clone() },
        Report { metrics: Some(MetricsTable::default()), ..full.clone() },
        Report { plots: vec![], ..full.clone() },
        Report { plots: vec![Plot::default()], ..full.clone() },
        Report { evaluator: vec![], ..full.clone() },
        Report { reranked: None, ..full.clone() },
        Report { reranked: Some(Reranked::default()), ..full.clone() },
        Report { heat_map: None, ..full.clone() },
        Report { heat_map: Some(HeatMap::default()), ..full.clone() },
        Report { training: vec![], ..full.clone() },
        Report { training: vec![Training::default()], ..full },
    ]
}

#[test]
fn every_page_is_well_formed_and_its_labels_resolve() {
    for report in reports() {
        let attributes = checked_attributes(&render(&report).unwrap()).unwrap();
        let ids: Vec<&str> = attributes.iter().filter(|a| a.1 == "id").map(|a| a.2.as_str()).collect();
        let distinct: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "ids repeat: {ids:?}");
        for (element, _, label) in attributes.iter().filter(|a| a.1 == "aria-labelledby") {
            assert!(distinct.contains(label.as_str()), "{element} is labelled by {label}, which is not on the page");
        }
    }
}

#[test]
fn the_page_needs_nothing_from_outside() {
    let html = render(&sample::report()).unwrap();
    for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "xmlns", "javascript"] {
        assert!(!html.contains(outside), "the page contains {outside}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn what_was_measured_is_on_the_page() {
    let html = render(&sample::report()).unwrap();
    for text in [
        "NAR4Rec on ml-1m-rerank",
        "6 min 41 s on 2 cores",
        "<strong class=\"best\">36.2</strong>",
        "35.3–37.0",
        "lower is better",
        "34,530",
        "−11.1 %",
        "1 × like + 2 × love",
        "from 13",
        "not chosen",
        "American Beauty",
        "contrastive α 0.3",
        "30 candidates are not shown",
        "Generator, Training loss: from ",
        "NDCG@6 over lists proposed. NAR4Rec: 44.0 at 1, ",
        "<li class=\"k2\">Edge-Rerank</li>",
    ] {
        assert!(html.contains(text), "the page does not say {text:?}");
    }
    assert_eq!(html.matches("<svg role=\"img\"").count(), 6);
    assert_eq!(html.matches("<table").count(), html.matches("<caption").count());
}

#[test]
fn parts_that_are_missing_leave_no_heading() {
    let html = render(&Report { title: "Nothing yet".into(), ..Report::default() }).unwrap();
    assert!(html.contains("<h1>Nothing yet</h1>"));
    assert!(!html.contains("<h2") && !html.contains("<table") && !html.contains("<svg"));
    for part in ["metrics", "plots", "evaluator", "reranked", "heat", "training"] {
        assert!(render(&sample::report()).unwrap().contains(&format!("<h2 id=\"{part}\">")), "no {part}");
    }
}

#[test]
fn ids_are_text_whatever_they_hold() {
    let html = render(&sample::report()).unwrap();
    assert!(!html.contains("<script>"));
    assert!(html.matches("&lt;script&gt;").count() >= 4);
}

#[test]
fn what_has_no_value_is_a_dash() {
    let row = System { name: "random".into(), values: vec![Measure::NONE], ..System::default() };
    let table = MetricsTable { columns: vec![Column::share("P@6")], rows: vec![row], note: None };
    let html = render(&Report { metrics: Some(table), ..Report::default() }).unwrap();
    assert!(html.contains("<td class=\"number\">–</td>"), "{html}");
    assert!(!render(&sample::report()).unwrap().contains("NaN"));
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    let mut report = sample::report();
    report.metrics.as_mut().unwrap().rows[4].values.pop();
    let message = render(&report).unwrap_err().to_string();
    assert_eq!(message, "row \"Random\" of the metrics table: found 6 values, expected 7");
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(render(&sample::report()).unwrap(), render(&sample::report()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_stays_text(text in "(?s)[<>&\"'/={}%# a-z\\PC]{0,40}", number in any::<f64>()) {
        let mut report = sample::report();
        report.title = text.clone();
        report.facts[0] = Fact::new(text.clone(), text.clone());
        report.metrics.as_mut().unwrap().rows[0].name = text.clone();
        report.metrics.as_mut().unwrap().rows[0].values[0] = Measure::bare(number);
        let reranked = report.reranked.as_mut().unwrap();
        reranked.after.items[0].id = text.clone();
        reranked.after.utility = number;
        reranked.alternatives[0].utility = number;
        let heat_map = report.heat_map.as_mut().unwrap();
        heat_map.rows[0].id = text;
        heat_map.rows[0].probabilities[0] = number;
        report.training[0].loss.points[3].value = number;
        let html = render(&report).unwrap();
        prop_assert!(checked_attributes(&html).is_ok(), "{:?}", checked_attributes(&html));
        prop_assert!(!html.contains("NaN") && !html.contains("inf%"));
    }
}

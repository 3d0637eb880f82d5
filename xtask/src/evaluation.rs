//! The form of what `nar4rec evaluate --json` prints, which other programs read:
//! `{"split", "lists", "generator": {METRIC: number}, "pipeline": {METRIC: number}, "evaluator": {METRIC: number}}`.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::{Map, Value};

/// The parts that are measured, each with at least one of its metrics.
const PARTS: [(&str, &str); 3] = [("generator", "NDCG@6"), ("pipeline", "NDCG@6"), ("evaluator", "AUC")];

/// Checks the file that holds the object.
///
/// # Errors
/// If it cannot be read or does not have the form.
pub fn check_file(path: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    check(&text).with_context(|| format!("{}", path.display()))
}

fn check(text: &str) -> anyhow::Result<()> {
    let object: Map<String, Value> = serde_json::from_str(text).context("expected one JSON object")?;
    let split = object.get("split").and_then(Value::as_str);
    anyhow::ensure!(split.is_some_and(|split| !split.is_empty()), "split: expected a name");
    let lists = object.get("lists").and_then(Value::as_u64);
    anyhow::ensure!(lists.is_some_and(|lists| lists > 0), "lists: expected a number above 0");
    for (part, metric) in PARTS {
        let metrics =
            object.get(part).and_then(Value::as_object).with_context(|| format!("{part}: expected an object"))?;
        anyhow::ensure!(metrics.get(metric).is_some_and(Value::is_number), "{part}.{metric}: expected a number");
        for (name, value) in metrics {
            check_numbers(&format!("{part}.{name}"), value)?;
        }
    }
    Ok(())
}

/// Every number is in 0..=1, also in the intervals beside the metrics.
fn check_numbers(path: &str, value: &Value) -> anyhow::Result<()> {
    match value {
        Value::Number(number) => {
            let inside = number.as_f64().is_some_and(|number| (0.0..=1.0).contains(&number));
            anyhow::ensure!(inside, "{path}: {number}, expected a number in 0..=1");
            Ok(())
        }
        Value::Array(values) => values.iter().try_for_each(|value| check_numbers(path, value)),
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, value)| check_numbers(&format!("{path}.{name}"), value))
        }
        _ => anyhow::bail!("{path}: {value}, expected a number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"split":"test","lists":12,"generator":{"P@6":0.3,"NDCG@6":0.4},
        "pipeline":{"NDCG@6":0.41,"intervals":{"NDCG@6":[0.38,1]}},"evaluator":{"AUC":0.7,"LogLoss":0.2}}"#;

    #[test]
    fn the_stated_form_passes() {
        check(GOOD).unwrap();
    }

    #[test]
    fn what_departs_from_it_is_named() {
        for (from, to, problem) in [
            ("\"test\"", "3", "split: expected a name"),
            ("12", "0", "lists: expected a number above 0"),
            ("\"pipeline\"", "\"p\"", "pipeline: expected an object"),
            ("\"AUC\"", "\"auc\"", "evaluator.AUC: expected a number"),
            ("0.41", "1.41", "pipeline.NDCG@6: 1.41, expected a number in 0..=1"),
            ("0.38", "-0.38", "pipeline.intervals.NDCG@6: -0.38, expected a number in 0..=1"),
            ("0.3,", "null,", "generator.P@6: null, expected a number"),
            ("0.2}}", "0.2}} {}", "expected one JSON object"),
        ] {
            let message = check(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert_eq!(message, problem, "{from} -> {to}");
        }
    }
}

//! Checks of lines that depend on more than the line, for [`crate::JsonLines::with_check`].

use std::collections::{BTreeSet, HashMap};

use nar4rec_slate::{Impression, InvalidRequest, Item};

use crate::Line;

/// Refuses feedback of a kind that is not in `kinds`.
pub fn known_feedback_kinds(
    kinds: BTreeSet<String>,
) -> impl FnMut(&Line<Impression>) -> Result<(), InvalidRequest> + Send + 'static {
    let known = kinds.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    move |line| {
        for (place, exposure) in line.value.shown().iter().enumerate() {
            if let Some(kind) = exposure.feedback.keys().find(|kind| !kinds.contains(*kind)) {
                let field = format!("shown[{place}].feedback.{kind}");
                return Err(InvalidRequest::new(field, format!("unknown kind of feedback, expected one of {known}")));
            }
        }
        Ok(())
    }
}

/// Refuses feedback that is no amount: it is not negative, and a number that a label can be made of.
pub(crate) fn amounts(line: &Line<Impression>) -> Result<(), InvalidRequest> {
    let range = 0.0..=f64::from(f32::MAX);
    for (place, exposure) in line.value.shown().iter().enumerate() {
        if let Some((kind, value)) = exposure.feedback.iter().find(|(_, value)| !range.contains(value)) {
            let (field, most) = (format!("shown[{place}].feedback.{kind}"), f32::MAX);
            return Err(InvalidRequest::new(field, format!("found {value}, expected a number from 0 to {most:e}")));
        }
    }
    Ok(())
}

/// Refuses an item id that stood on an earlier line.
pub(crate) fn distinct_items() -> impl FnMut(&Line<Item>) -> Result<(), InvalidRequest> + Send + 'static {
    let mut first: HashMap<String, u64> = HashMap::new();
    move |line| {
        let id = &line.value.id;
        if let Some(earlier) = first.get(id) {
            let problem = format!("{id:?} stands on line {earlier} already, expected distinct ids");
            return Err(InvalidRequest::new("id", problem));
        }
        first.insert(id.clone(), line.number);
        Ok(())
    }
}

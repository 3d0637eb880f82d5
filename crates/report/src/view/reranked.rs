//! A list before and after, and the evaluator's reasons: what it expects of each item and of each list it compared.

use std::collections::HashMap;

use serde::Serialize;

use super::expect_length;
use super::number::{decimals, grouped, place, scaled};
use crate::{Alternative, Fact, FeedbackKind, ReportError, Reranked, Scale, Slate, SlateItem};

/// How many alternatives are shown.
const ALTERNATIVES: usize = 12;

#[derive(Debug, Serialize)]
pub(super) struct View<'a> {
    request_id: &'a str,
    context: &'a [Fact],
    formula: String,
    slates: Vec<SlateView<'a>>,
    kinds: Vec<&'a str>,
    has_expected: bool,
    alternatives: Vec<AlternativeView<'a>>,
    left_out: Option<String>,
}

#[derive(Debug, Serialize)]
struct SlateView<'a> {
    name: &'a str,
    utility: String,
    items: Vec<ItemView<'a>>,
}

#[derive(Debug, Serialize)]
struct ItemView<'a> {
    id: &'a str,
    features: &'a [Fact],
    moved: Move,
    kinds: Vec<KindView<'a>>,
}

/// Where an item came from or goes to: the direction gives the sign and the colour.
#[derive(Debug, PartialEq, Serialize)]
struct Move {
    direction: &'static str,
    text: String,
}

#[derive(Debug, PartialEq, Serialize)]
struct KindView<'a> {
    name: &'a str,
    probability: String,
    width: String,
    feedback: Option<FeedbackView>,
}

#[derive(Debug, PartialEq, Serialize)]
struct FeedbackView {
    positive: bool,
    value: String,
}

#[derive(Debug, Serialize)]
struct AlternativeView<'a> {
    source: &'a str,
    items: &'a [String],
    expected: Vec<String>,
    utility: String,
    width: String,
    chosen: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(reranked: &'a Reranked) -> Result<Self, ReportError> {
        check(reranked)?;
        let Reranked { before, after, .. } = reranked;
        let kinds = &reranked.kinds;
        let goes_to: HashMap<&str, usize> =
            after.items.iter().enumerate().map(|(place, item)| (item.id.as_str(), place + 1)).collect();
        let leaving = |_: usize, item: &SlateItem| Move::going(goes_to.get(item.id.as_str()).copied());
        let coming = |position: usize, item: &SlateItem| Move::coming(item.upstream_position, position);
        let slates = [SlateView::new(before, kinds, leaving), SlateView::new(after, kinds, coming)];
        let slates = slates.into_iter().filter(|slate| !slate.items.is_empty()).collect();
        Ok(Self {
            request_id: &reranked.request_id,
            context: &reranked.context,
            formula: formula(kinds),
            slates,
            kinds: kinds.iter().map(|kind| kind.name.as_str()).collect(),
            has_expected: reranked.alternatives.iter().any(|alternative| !alternative.expected.is_empty()),
            left_out: (reranked.alternatives.len() > ALTERNATIVES)
                .then(|| grouped((reranked.alternatives.len() - ALTERNATIVES) as u64)),
            alternatives: alternatives(&reranked.alternatives, kinds.len()),
        })
    }
}

/// Whether there is anything to show.
pub(super) fn has_lists(reranked: &Reranked) -> bool {
    !(reranked.before.items.is_empty() && reranked.after.items.is_empty() && reranked.alternatives.is_empty())
}

/// Every item and alternative has one value per kind, or none.
fn check(reranked: &Reranked) -> Result<(), ReportError> {
    let kinds = reranked.kinds.len();
    let one_each = |what: &dyn Fn() -> String, found: usize| match found {
        0 => Ok(()),
        _ => expect_length(what, found, kinds),
    };
    for item in reranked.before.items.iter().chain(&reranked.after.items) {
        one_each(&|| format!("probabilities of item {:?}", item.id), item.probabilities.len())?;
        one_each(&|| format!("feedback on item {:?}", item.id), item.feedback.len())?;
    }
    for alternative in &reranked.alternatives {
        one_each(&|| format!("expectations of the alternative {:?}", alternative.source), alternative.expected.len())?;
    }
    Ok(())
}

/// `1 × like + 2 × love`: what the utility of a list adds up.
fn formula(kinds: &[FeedbackKind]) -> String {
    let weight = |weight: f64| {
        let text = decimals(weight, 3);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    let terms: Vec<String> = kinds.iter().map(|kind| format!("{} × {}", weight(kind.weight), kind.name)).collect();
    terms.join(" + ")
}

impl<'a> SlateView<'a> {
    fn new(slate: &'a Slate, kinds: &'a [FeedbackKind], moved: impl Fn(usize, &SlateItem) -> Move) -> Self {
        let items = slate.items.iter().enumerate().map(|(place, item)| ItemView {
            id: &item.id,
            features: &item.features,
            moved: moved(place + 1, item),
            kinds: kind_views(item, kinds),
        });
        Self { name: &slate.name, utility: decimals(slate.utility, 3), items: items.collect() }
    }
}

fn kind_views<'a>(item: &'a SlateItem, kinds: &'a [FeedbackKind]) -> Vec<KindView<'a>> {
    if item.probabilities.is_empty() && item.feedback.is_empty() {
        return Vec::new();
    }
    let view = |(index, kind): (usize, &'a FeedbackKind)| {
        let probability = item.probabilities.get(index).copied().unwrap_or(f64::NAN);
        KindView {
            name: &kind.name,
            probability: scaled(probability, Scale::Percent),
            width: place(probability, 0.0, 1.0),
            feedback: item.feedback.get(index).copied().flatten().map(FeedbackView::new),
        }
    };
    kinds.iter().enumerate().map(view).collect()
}

impl FeedbackView {
    fn new(value: f64) -> Self {
        let text = if value.fract() == 0.0 { decimals(value, 0) } else { decimals(value, 2) };
        Self { positive: value > 0.0, value: text }
    }
}

impl Move {
    fn coming(from: Option<usize>, to: usize) -> Self {
        let (direction, text) = match from {
            None => ("none", String::new()),
            Some(from) if from == to => ("stays", "stays".to_owned()),
            Some(from) => (if from > to { "up" } else { "down" }, format!("from {from}")),
        };
        Self { direction, text }
    }

    fn going(to: Option<usize>) -> Self {
        match to {
            Some(to) => Self { direction: "kept", text: format!("to {to}") },
            None => Self { direction: "left", text: "not chosen".to_owned() },
        }
    }
}

/// The best first; equal utilities stay in the order given, and what has none comes last. The chosen one is always shown.
fn alternatives(given: &[Alternative], kinds: usize) -> Vec<AlternativeView<'_>> {
    let rank = |alternative: &Alternative| if alternative.utility.is_finite() { alternative.utility } else { f64::MIN };
    let mut order: Vec<&Alternative> = given.iter().collect();
    order.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    if let Some(chosen) = order.iter().position(|alternative| alternative.chosen).filter(|&at| at >= ALTERNATIVES) {
        order.swap(ALTERNATIVES - 1, chosen);
    }
    order.truncate(ALTERNATIVES);
    let utilities = order.iter().map(|alternative| alternative.utility).filter(|utility| utility.is_finite());
    let (low, high) = utilities.fold((0.0_f64, f64::MIN_POSITIVE), |(low, high), u| (low.min(u), high.max(u)));
    order.into_iter().map(|alternative| AlternativeView::new(alternative, kinds, (low, high))).collect()
}

impl<'a> AlternativeView<'a> {
    fn new(alternative: &'a Alternative, kinds: usize, (low, high): (f64, f64)) -> Self {
        let expected = |kind| alternative.expected.get(kind).copied().unwrap_or(f64::NAN);
        let utility = alternative.utility;
        Self {
            source: &alternative.source,
            items: &alternative.items,
            expected: (0..kinds).map(|kind| decimals(expected(kind), 2)).collect(),
            utility: decimals(utility, 3),
            width: place(utility, low, high),
            chosen: alternative.chosen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds() -> Vec<FeedbackKind> {
        [("like", 1.0), ("love", 2.5)].map(|(name, weight)| FeedbackKind { name: name.into(), weight }).into()
    }

    #[test]
    fn the_formula_names_each_kind_and_its_weight() {
        assert_eq!(formula(&kinds()), "1 × like + 2.5 × love");
        assert_eq!(formula(&[FeedbackKind { name: "hate".into(), weight: -10.0 }]), "−10 × hate");
    }

    #[test]
    fn moves_say_where_from_and_where_to() {
        let coming = [(Some(13), 1), (Some(2), 4), (Some(3), 3), (None, 1)].map(|(from, to)| Move::coming(from, to));
        assert_eq!(coming.each_ref().map(|moved| moved.direction), ["up", "down", "stays", "none"]);
        assert_eq!(coming[0].text, "from 13");
        assert_eq!(Move::going(Some(2)).text, "to 2");
        assert_eq!(Move::going(None).direction, "left");
    }

    #[test]
    fn the_best_alternatives_come_first_and_the_chosen_one_is_among_them() {
        let given: Vec<Alternative> = (0..20)
            .map(|i| Alternative {
                utility: if i == 7 { f64::NAN } else { f64::from(i) },
                chosen: i == 2,
                ..Alternative::default()
            })
            .collect();
        let shown = alternatives(&given, 0);
        assert_eq!(shown.len(), ALTERNATIVES);
        assert_eq!((shown[0].utility.as_str(), shown[0].width.as_str()), ("19.000", "100.0"));
        assert!(shown[ALTERNATIVES - 1].chosen);
        assert!(shown.iter().all(|alternative| alternative.utility != "–"));
    }

    #[test]
    fn what_was_not_evaluated_or_not_logged_is_left_out() {
        let kinds = kinds();
        let item =
            SlateItem { probabilities: vec![0.25, f64::NAN], feedback: vec![Some(1.0), None], ..SlateItem::default() };
        let views = kind_views(&item, &kinds);
        assert_eq!((views[0].probability.as_str(), views[0].width.as_str()), ("25.0", "25.0"));
        assert_eq!(views[0].feedback, Some(FeedbackView { positive: true, value: "1".into() }));
        assert_eq!((views[1].probability.as_str(), &views[1].feedback), ("–", &None));
        assert!(kind_views(&SlateItem::default(), &kinds).is_empty());
    }

    #[test]
    fn a_value_too_many_is_refused() {
        let items = vec![SlateItem { id: "v1".into(), probabilities: vec![0.5; 3], ..SlateItem::default() }];
        let after = Slate { items, ..Slate::default() };
        let message = View::new(&Reranked { kinds: kinds(), after, ..Reranked::default() }).unwrap_err().to_string();
        assert_eq!(message, "probabilities of item \"v1\": found 3 values, expected 2");
    }
}

//! DNN and DCN against the same networks written naively.

use nar4rec_evaluator::Lists;

use super::{
    Case, Log,
    reference::{Named, assert_loss, dot, linear, named, placed_loss, sigmoid, states, sum},
    tiny,
};
use crate::SystemKind;

/// The logit of an item with this state where it stands.
fn logit(p: &Named, kind: SystemKind, state: &[f64], place: usize) -> f64 {
    let scope = kind.name();
    let first = sum(state, &p[&format!("{scope}.places")][place]);
    let rectified = |x: &[f64]| x.iter().map(|x| x.max(0.0)).collect::<Vec<f64>>();
    let hidden = |x: Vec<f64>| (0..2).fold(x, |x, layer| rectified(&linear(p, &format!("{scope}.hidden.{layer}"), &x)));
    let last = match kind {
        SystemKind::Dnn => hidden(rectified(&first)),
        _ => {
            let crossed = (0..tiny().dcn.crosses).fold(first.clone(), |x, layer| {
                let cross = format!("{scope}.crosses.{layer}");
                let strength = dot(&p[&format!("{cross}.weight")][0], &x);
                let product: Vec<f64> = first.iter().map(|x| x * strength).collect();
                sum(&sum(&product, &x), &p[&format!("{cross}.bias")][0])
            });
            [crossed, hidden(rectified(&first))].concat()
        }
    };
    linear(p, &format!("{scope}.head"), &last)[0]
}

const KINDS: [SystemKind; 2] = [SystemKind::Dnn, SystemKind::Dcn];

#[test]
fn the_loss_and_its_gradients_are_the_reference() {
    for kind in KINDS {
        let (case, log) = (Case::new(kind, &tiny(), 1), Log::new(&[4, 1, 6], 1));
        assert_loss(&case, &log, &|p| {
            let of_request = |request| states(p, kind.name(), &log, request);
            placed_loss((&log, case.seed()), &of_request, &|x, _, [item, place]| logit(p, kind, &x[item], place))
        });
    }
}

#[test]
fn items_are_predicted_where_they_stand_and_ranked_at_the_first_place() {
    for kind in KINDS {
        let (case, log) = (Case::new(kind, &tiny(), 1), Log::new(&[5], 1));
        let p = named(&case);
        let x = states(&p, kind.name(), &log, 0);
        let expected = |item: usize, place| logit(&p, kind, &x[item], place);
        let lists = [&[3, 0, 1][..], &[1, 3]];
        let found = case.probabilities(&log, &Lists::new(lists)).expect("probabilities");
        let places = lists.iter().flat_map(|list| list.iter().enumerate());
        for (found, (place, item)) in found.iter().zip(places) {
            let expected = sigmoid(expected(*item as usize, place));
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{kind:?}: {found}, not {expected}");
        }
        for (item, score) in case.rank(&log, 3)[0].scores.iter().enumerate() {
            assert!((f64::from(*score) - expected(item, 0)).abs() < 1e-5, "{kind:?}");
        }
    }
}

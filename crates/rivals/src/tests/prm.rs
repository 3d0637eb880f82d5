//! PRM against the same network written naively, with its norms in each place.

use nar4rec_layers::NormPlacement;

use super::{
    Case, Log,
    reference::{Named, assert_loss, attended, linear, named, softmax, states, sum},
    tiny,
};
use crate::{PrmConfig, SystemConfig, SystemKind};

/// The row to mean 0 and variance 1, then gain and bias; as it is where there is no such norm, or its place is another.
fn normalised(p: &Named, (name, here): (&str, bool), x: &[f64]) -> Vec<f64> {
    let Some(gain) = p.get(&format!("{name}.weight")).filter(|_| here) else { return x.to_vec() };
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    let unit = x.iter().map(|x| (x - mean) / (variance + 1e-5).sqrt());
    unit.zip(&gain[0]).zip(&p[&format!("{name}.bias")][0]).map(|((x, gain), bias)| x * gain + bias).collect()
}

/// Every row with what a sub-layer makes of all of them.
fn around(
    p: &Named,
    (name, norm): (&str, NormPlacement),
    x: &[Vec<f64>],
    sub_layer: impl Fn(&[Vec<f64>]) -> Vec<Vec<f64>>,
) -> Vec<Vec<f64>> {
    let at = |place, x: &[Vec<f64>]| -> Vec<Vec<f64>> {
        x.iter().map(|x| normalised(p, (name, norm == place), x)).collect()
    };
    let added = sub_layer(&at(NormPlacement::Pre, x));
    at(NormPlacement::Post, &x.iter().zip(&added).map(|(x, y)| sum(x, y)).collect::<Vec<_>>())
}

/// GELU in its tanh form.
fn gelu(x: &f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
}

/// The logits of a request's candidates.
fn logits(p: &Named, config: &PrmConfig, log: &Log, request: usize) -> Vec<f64> {
    let mut x = states(p, "prm", log, request);
    for layer in 0..config.layers {
        let named = |part: &str| format!("prm.blocks.{layer}.{part}");
        x = around(p, (&named("attention_norm"), config.norm), &x, |x| {
            let qkv: Vec<Vec<f64>> = x.iter().map(|x| linear(p, &named("attention.qkv"), x)).collect();
            let key_values: Vec<Vec<f64>> = qkv.iter().map(|row| row[config.width..].to_vec()).collect();
            let head = config.width / config.heads;
            let seen = qkv.iter().map(|row| attended(&row[..config.width], &key_values, head));
            seen.map(|seen| linear(p, &named("attention.out"), &seen)).collect()
        });
        x = around(p, (&named("feed_forward_norm"), config.norm), &x, |x| {
            let inner = x.iter().map(|x| linear(p, &named("feed_forward.in"), x).iter().map(gelu).collect::<Vec<_>>());
            inner.map(|inner| linear(p, &named("feed_forward.out"), &inner)).collect()
        });
    }
    x.iter().map(|x| linear(p, "prm.head", &normalised(p, ("prm.last_norm", true), x))[0]).collect()
}

/// Half the listwise cross-entropy over the candidates whose worth is known.
fn loss(p: &Named, config: &PrmConfig, log: &Log) -> f64 {
    let of_request = |request: usize| {
        let first = log.batch.request_offsets[request];
        let targets = &log.targets[first..log.batch.request_offsets[request + 1]];
        let known = logits(p, config, log, request).into_iter().zip(targets).filter(|(_, y)| !y.is_nan());
        let (z, y): (Vec<f64>, Vec<f64>) = known.map(|(z, y)| (z, f64::from(*y))).unzip();
        softmax(&z).iter().zip(&y).map(|(share, y)| -0.5 * y * share.ln()).sum::<f64>()
    };
    (0..log.batch.requests()).map(of_request).sum()
}

/// With norms after each sub-layer, as the paper has them, before, and without.
fn cases() -> impl Iterator<Item = (PrmConfig, Case)> {
    [NormPlacement::Post, NormPlacement::Pre, NormPlacement::None].into_iter().map(|norm| {
        let config = SystemConfig { prm: PrmConfig { norm, ..tiny().prm }, ..tiny() };
        let case = Case::new(SystemKind::Prm, &config, 1);
        (config.prm, case)
    })
}

#[test]
fn the_loss_and_its_gradients_are_the_reference() {
    let log = Log::new(&[4, 1, 6], 1);
    for (config, case) in cases() {
        assert_loss(&case, &log, &|p| loss(p, &config, &log));
    }
}

#[test]
fn candidates_are_ranked_by_the_logits_of_the_reference() {
    let log = Log::new(&[5, 3], 1);
    for (config, case) in cases() {
        let p = named(&case);
        for (request, ranked) in case.rank(&log, 3).iter().enumerate() {
            let shares = softmax(&logits(&p, &config, &log, request));
            for (score, share) in ranked.scores.iter().zip(&shares) {
                assert!((f64::from(*score) - share.ln()).abs() < 1e-4, "{:?}: {score}, not {share}", config.norm);
            }
            let mut order: Vec<usize> = (0..shares.len()).collect();
            order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
            assert_eq!(ranked.list, order[..3], "{:?}", config.norm);
        }
    }
}

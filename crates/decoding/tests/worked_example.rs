//! The worked example of `docs/decoding.md`, number for number.

#![allow(clippy::unwrap_used, reason = "a test may")]

use nar4rec_decoding::{Decoder, Group, Rules, Scores, Workspace};

const NAMES: [char; 4] = ['a', 'b', 'c', 'd'];
const P: [f32; 12] = [0.50, 0.70, 0.10, 0.40, 0.15, 0.15, 0.06, 0.10, 0.45, 0.04, 0.05, 0.30];
const STATES: [f32; 8] = [1.0, 0.0, 0.8, 0.6, 0.28, 0.96, 0.0, 1.0];

/// The lists of a decoder and their probabilities, to five digits.
fn decode(decoder: &str, rules: &Rules) -> Vec<(String, f64)> {
    let log_probabilities = P.map(f32::ln);
    let scores = Scores::new(&log_probabilities, &STATES, 4, 3).unwrap();
    let decoder: Decoder = toml::from_str(decoder).unwrap();
    let mut workspace = Workspace::default();
    let found = decoder.decode(&scores, rules, 3, 0, &mut workspace).unwrap();
    let named = |found: &nar4rec_decoding::Decoded| {
        let probability = (f64::from(found.log_probability).exp() * 1e5).round() / 1e5;
        (found.list.iter().map(|candidate| NAMES[candidate]).collect(), probability)
    };
    found.iter().map(named).collect()
}

fn list(name: &str, probability: f64) -> (String, f64) {
    (name.to_owned(), probability)
}

#[test]
fn decoders_without_rules() {
    let decode = |decoder| decode(decoder, &Rules::none(4));
    assert_eq!(decode("kind = 'greedy'"), [list("abc", 0.03375)]);
    assert_eq!(decode("kind = 'contrastive'\nalpha = 0.2"), [list("adc", 0.01125)]);
    assert_eq!(decode("kind = 'contrastive'\nalpha = 0.2\ntop_k = 2"), [list("acd", 0.015)]);
    assert_eq!(decode("kind = 'dpp'\nalpha = 0.5"), [list("acd", 0.015)]);
    assert_eq!(decode("kind = 'dpp'\nalpha = 0.1"), [list("abc", 0.03375)]);
    assert_eq!(decode("kind = 'beam'\nwidth = 2\nlists = 2"), [list("bac", 0.126), list("bad", 0.084)]);
    let best = [list("bac", 0.126), list("bad", 0.084), list("abc", 0.03375)];
    assert_eq!(decode("kind = 'k_best'\nlists = 3"), best);
}

#[test]
fn rules() {
    let authors = Group { at_most: Some(1), ..Group::new(vec![vec![7], vec![7], vec![8], vec![9]]) };
    let one_author = Rules::none(4).group(authors).unwrap();
    assert_eq!(decode("kind = 'k_best'", &one_author), [list("acd", 0.015)]);
    let pinned = one_author.pin(3, 0).unwrap();
    assert_eq!(decode("kind = 'k_best'", &pinned), [list("dac", 0.0126)]);
}

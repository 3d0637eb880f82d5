//! Queries and users for tests.

use proptest::prelude::*;

use crate::{Examination, FatigueConfig, KnownUser, Query, TrueCandidate, UserConfig};

/// A query of `n` candidates in three dimensions, so that many are alike.
pub(crate) fn query(n: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Query> {
    let candidate = (0..=2_u32, [-2..=2_i8, -2..=2, -2..=2]);
    proptest::collection::vec(candidate, n).prop_map(|candidates| {
        let made = |(at, (relevance, vector)): (usize, (u32, [i8; 3]))| TrueCandidate {
            id: format!("d{at}"),
            relevance,
            vector: vector.map(f32::from).to_vec(),
        };
        Query::new("q", candidates.into_iter().enumerate().map(made).collect())
    })
}

/// A user of any fatigue and examination.
pub(crate) fn user() -> impl Strategy<Value = KnownUser> {
    let examination =
        prop_oneof![Just(Examination::Logarithmic), (0.0..3.0).prop_map(|exponent| Examination::Power { exponent }),];
    let decay = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0];
    (examination, 0.0..3.0, decay, 0.0..1.0).prop_map(|(examination, strength, decay, attraction_floor)| {
        let fatigue = FatigueConfig { strength, decay };
        let config = UserConfig { examination, fatigue, attraction_floor, ..UserConfig::default() };
        KnownUser::new(config).expect("within the ranges")
    })
}

//! What holds of every decoder, whatever the matrix and the rules.

mod oracle;

use nar4rec_decoding::{
    Arrangement, Beam, Contrastive, DecodeError, Decoded, Decoder, Dpp, Greedy, Group, Gumbel, KBest, Neighbours,
    Proposal, ProposalConfig, Proposals, Rules, SEARCH_LIMIT, Sample, Scores, Workspace,
};
use oracle::{Case, NEVER, cases};
use proptest::prelude::*;

fn decoders() -> Vec<Decoder> {
    vec![
        Decoder::Greedy(Greedy {}),
        Decoder::Contrastive(Contrastive { alpha: 0.6, top_k: None }),
        Decoder::Contrastive(Contrastive { alpha: 0.2, top_k: Some(2) }),
        Decoder::Dpp(Dpp { alpha: 1.0, top_k: None }),
        Decoder::Dpp(Dpp { alpha: 0.3, top_k: Some(2) }),
        Decoder::Beam(Beam { width: 3, lists: 3 }),
        Decoder::Sample(Sample { top_k: None, temperature: 2.0, lists: 3 }),
        Decoder::Sample(Sample { top_k: Some(2), temperature: 0.5, lists: 2 }),
        Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 4 }),
        Decoder::KBest(KBest { lists: 5 }),
    ]
}

fn indices(found: &Decoded) -> Vec<usize> {
    found.list.as_slice().to_vec()
}

/// Candidate i gets the name at place i.
fn names(candidates: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..candidates).collect::<Vec<_>>()).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Lists hold distinct existing candidates (a permutation cannot do otherwise), have the right length and keep the
    /// rules; where none can, and only there, every decoder says so.
    #[test]
    fn rules_are_kept_or_refused(case in cases(6), seed: u64) {
        let all = case.lists();
        for decoder in decoders() {
            match case.decode(decoder, seed) {
                Ok(found) => {
                    prop_assert!(!found.is_empty() && case.pins_fit());
                    for found in &found {
                        prop_assert!(all.contains(&indices(found)), "{decoder:?} gave {found:?}");
                        prop_assert_eq!(found.log_probability, case.value(found.list.as_slice()) as f32);
                    }
                }
                Err(DecodeError::PinBeyondList { position, length, .. }) => {
                    prop_assert!(position >= length && length == case.length());
                }
                Err(error) => {
                    prop_assert!(case.pins_fit() && all.is_empty(), "{decoder:?} found none of {all:?}");
                    prop_assert_eq!(error, DecodeError::Unsatisfiable { length: case.length() });
                }
            }
        }
    }

    #[test]
    fn relabelling_the_candidates_relabels_the_lists(
        (case, names) in cases(7).prop_flat_map(|case| { let n = case.candidates; (Just(case), names(n)) }),
        seed: u64,
    ) {
        for decoder in decoders() {
            match (case.decode(decoder, seed), case.relabelled(&names).decode(decoder, seed)) {
                (Ok(before), Ok(after)) => {
                    let renamed = |found: &Decoded| indices(found).into_iter().map(|c| names[c]).collect::<Vec<_>>();
                    let before: Vec<_> = before.iter().map(renamed).collect();
                    prop_assert_eq!(before, after.iter().map(indices).collect::<Vec<_>>(), "{:?}", decoder);
                }
                (before, after) => prop_assert_eq!(before.is_err(), after.is_err()),
            }
        }
    }

    /// Candidates that stand nowhere change nothing.
    #[test]
    fn padding_changes_nothing(case in cases(6), padding in 1_usize..4, seed: u64) {
        let mut padded = case.clone();
        padded.candidates += padding;
        padded.log_probabilities.extend(vec![NEVER; padding * case.positions]);
        padded.states.extend(vec![0.5; padding * 3]);
        padded.groups.iter_mut().for_each(|group| group.values.extend(vec![vec![10]; padding]));
        for decoder in decoders() {
            prop_assert_eq!(case.decode(decoder, seed), padded.decode(decoder, seed), "{:?}", decoder);
        }
    }

    #[test]
    fn greedy_is_a_beam_of_one_and_contrastive_or_a_dpp_without_penalty(case in cases(7)) {
        let greedy = case.decode(Decoder::Greedy(Greedy {}), 0);
        prop_assert_eq!(&greedy, &case.decode(Decoder::Beam(Beam { width: 1, lists: 1 }), 0));
        let without = case.decode(Decoder::Contrastive(Contrastive { alpha: 0.0, top_k: None }), 0);
        let lists = |found: Result<Vec<Decoded>, _>| found.map(|found| found.iter().map(indices).collect::<Vec<_>>());
        prop_assert_eq!(lists(greedy.clone()), lists(without));
        let without = case.decode(Decoder::Dpp(Dpp { alpha: 0.0, top_k: None }), 0);
        prop_assert_eq!(greedy, without);
    }

    #[test]
    fn k_best_starts_with_the_best_never_rises_and_never_repeats(case in cases(7)) {
        let Ok(found) = case.decode(Decoder::KBest(KBest { lists: 12 }), 0) else { return Ok(()) };
        for other in decoders().into_iter().flat_map(|decoder| case.decode(decoder, 3).unwrap()) {
            prop_assert!(found[0].log_probability >= other.log_probability);
        }
        prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
        assert_distinct(&found)?;
    }

    #[test]
    fn samples_depend_on_the_seed_alone_and_gumbel_never_repeats(case in cases(7), seed: u64) {
        for decoder in decoders() {
            prop_assert_eq!(case.decode(decoder, seed), case.decode(decoder, seed));
        }
        if let Ok(found) = case.decode(Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 9 }), seed) {
            assert_distinct(&found)?;
        }
    }

    #[test]
    fn proposals_are_distinct_and_keep_the_rules(case in cases(6), seed: u64, arrange: bool) {
        let arrangement = if arrange { Arrangement::Greedy } else { Arrangement::Proposed };
        let config = ProposalConfig { seed, arrangement, ..ProposalConfig::default() };
        let Ok(found) = case.propose(&config) else {
            prop_assert!(case.lists().is_empty() || !case.pins_fit());
            return Ok(());
        };
        let lists: Vec<Decoded> = found.iter().map(|proposal| proposal.found.clone()).collect();
        assert_distinct(&lists)?;
        let all = case.lists();
        prop_assert!(lists.iter().all(|found| all.contains(&indices(found))));
        for Proposal { decoder, found } in &found {
            prop_assert!(config.decoders.contains(decoder) && found.list.len() == lists[0].list.len());
        }
        prop_assert_eq!(&found, &case.propose(&config).unwrap());
    }

    #[test]
    fn arranged_lists_are_the_proposed_ones_greedily_ordered(case in cases(6), seed: u64) {
        let proposed = ProposalConfig { seed, ..ProposalConfig::default() };
        let arranged = ProposalConfig { arrangement: Arrangement::Greedy, ..proposed.clone() };
        let Ok(before) = case.propose(&proposed) else { return Ok(()) };
        let mut expected = Vec::new();
        for Proposal { found, .. } in before {
            let others = (0..case.candidates).filter(|candidate| found.list.iter().all(|item| item != *candidate));
            let only = Case { excluded: case.excluded.iter().copied().chain(others).collect(), ..case.clone() };
            let greedy = only.decode(Decoder::Greedy(Greedy {}), 0).unwrap().remove(0);
            if !expected.contains(&greedy.list) {
                expected.push(greedy.list);
            }
        }
        let after = case.propose(&arranged).unwrap();
        prop_assert_eq!(after.into_iter().map(|proposal| proposal.found.list).collect::<Vec<_>>(), expected);
    }
}

fn assert_distinct(found: &[Decoded]) -> Result<(), TestCaseError> {
    let mut lists: Vec<_> = found.iter().map(indices).collect();
    lists.sort();
    lists.dedup();
    prop_assert_eq!(lists.len(), found.len());
    Ok(())
}

/// Sixty candidates of five authors for six positions, as a service would ask.
fn service_case() -> Case {
    let (candidates, positions) = (60, 6);
    let number = |i: usize| ((i * 2_654_435_761) % 10_007) as f32 / 10_007.0;
    Case {
        candidates,
        positions,
        asked: positions,
        // The first twenty candidates, all by author 0, are by far the most probable.
        log_probabilities: (0..360).map(|i| number(i) - if i < 120 { 3.0 } else { 6.0 }).collect(),
        states: (0..480).map(|i| number(i + 999) - 0.5).collect(),
        pins: vec![(59, 2)],
        excluded: vec![0, 7],
        groups: vec![
            Group {
                at_most: Some(2),
                neighbours: Neighbours::Distinct,
                ..Group::new((0..candidates).map(|c| vec![if c < 20 { 0 } else { c as u32 % 4 + 1 }]).collect())
            },
            Group { at_most: Some(3), ..Group::new((0..candidates).map(|c| vec![c as u32 % 3, 9]).take(60).collect()) },
        ],
    }
}

/// Rules that the probabilities pull hard against are kept without running into the search limit.
#[test]
fn rules_of_a_service_are_kept_at_its_size() {
    let mut case = service_case();
    case.groups[1].values.iter_mut().for_each(|values| values.truncate(1));
    for decoder in decoders() {
        for found in case.decode(decoder, 5).unwrap() {
            let places: Vec<_> = found.list.iter().map(Some).collect();
            assert!(case.keeps(&places), "{decoder:?} gave {found:?}");
        }
    }
}

/// Every candidate carries value 9, of which three are allowed: no list of six, and it is found out at once.
#[test]
fn a_crowded_value_is_refused_at_the_size_of_a_service() {
    for decoder in decoders() {
        assert_eq!(service_case().decode(decoder, 5), Err(DecodeError::Unsatisfiable { length: 6 }), "{decoder:?}");
    }
}

#[test]
fn a_proposal_has_about_eight_lists() {
    let case = Case { groups: vec![], ..service_case() };
    let found = case.propose(&ProposalConfig::default()).unwrap();
    assert!((7..=10).contains(&found.len()), "{} lists", found.len());
    let greedy = case.decode(Decoder::Greedy(Greedy {}), 0).unwrap();
    assert_eq!(found[0], Proposal { decoder: Decoder::Greedy(Greedy {}), found: greedy[0].clone() });
}

/// Forty probable candidates of one author, five of whom twenty positions may hold: too many near-equal ways for
/// k-best.
#[test]
fn a_decoder_that_gives_up_adds_nothing_to_a_proposal() {
    let case = service_case();
    let long = Case {
        positions: 20,
        asked: 20,
        log_probabilities: (0..1200)
            .map(|i| case.log_probabilities[i % 357] - if i < 800 { 0.0 } else { 9.0 })
            .collect(),
        groups: vec![Group {
            at_most: Some(5),
            ..Group::new((0..60).map(|c| if c < 40 { vec![0] } else { vec![] }).collect())
        }],
        ..case
    };
    let (greedy, k_best) = (Decoder::Greedy(Greedy {}), Decoder::KBest(KBest { lists: 1 }));
    let limit = DecodeError::SearchLimit { length: 20, limit: SEARCH_LIMIT };
    assert_eq!(long.decode(k_best, 0), Err(limit.clone()));
    let propose = |decoders| long.propose(&ProposalConfig { decoders, ..ProposalConfig::default() });
    let of_greedy = long.decode(greedy, 0).unwrap().into_iter().map(|found| Proposal { decoder: greedy, found });
    assert_eq!(propose(vec![k_best, greedy]), Ok(of_greedy.collect()));
    assert_eq!(propose(vec![k_best]), Err(limit));
}

#[test]
fn a_proposal_names_a_bad_setting() {
    let scores = Scores::new(&[0.0; 4], &[], 2, 2).unwrap();
    let (mut workspace, mut proposals) = (Workspace::default(), Proposals::default());
    let mut propose = |decoders| {
        let config = ProposalConfig { decoders, ..ProposalConfig::default() };
        config.propose(&scores, &Rules::none(2), 2, &mut workspace, &mut proposals)
    };
    let message = propose(vec![]).unwrap_err().to_string();
    assert_eq!(message, "proposal.decoders: 0, expected at least 1");
    let beam = Decoder::Beam(Beam { width: 0, lists: 1 });
    assert!(propose(vec![beam]).unwrap_err().to_string().starts_with("beam.width: 0"));
}

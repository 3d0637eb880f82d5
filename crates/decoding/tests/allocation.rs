//! After warm-up nothing is allocated, whatever the decoder and the rules.

#![allow(clippy::unwrap_used, reason = "a test may")]

use allocation_counter::measure;
use nar4rec_decoding::{
    Arrangement, Beam, Contrastive, Decoder, Dpp, Greedy, Group, Gumbel, KBest, Neighbours, ProposalConfig, Proposals,
    Rules, Sample, Scores, Workspace,
};

/// The numbers of a request.
struct Numbers {
    candidates: usize,
    positions: usize,
    log_probabilities: Vec<f32>,
    states: Vec<f32>,
}

impl Numbers {
    fn new(candidates: usize, positions: usize, seed: usize) -> Self {
        let number = |i: usize| (((i + 31 * seed) * 2_654_435_761) % 10_007) as f32 / 10_007.0;
        Self {
            candidates,
            positions,
            log_probabilities: (0..candidates * positions).map(|i| -6.0 * number(i)).collect(),
            states: (0..candidates * 20).map(|i| number(i + 7) - 0.5).collect(),
        }
    }

    fn scores(&self) -> Scores<'_> {
        Scores::new(&self.log_probabilities, &self.states, self.candidates, self.positions).unwrap()
    }

    /// A pin, an exclusion, and two groups that the probabilities pull against.
    fn rules(&self) -> Rules {
        let values = (0..self.candidates).map(|candidate| vec![candidate as u32 % 5]).collect();
        let tags = (0..self.candidates).map(|candidate| vec![candidate as u32 % 7, candidate as u32 % 3]).collect();
        let apart = Group { neighbours: Neighbours::Distinct, ..Group::new(values) };
        let limited = Group { at_most: Some(4), ..Group::new(tags) };
        let rules = Rules::none(self.candidates).pin(2, 1).and_then(|rules| rules.exclude(4));
        rules.and_then(|rules| rules.group(apart)).and_then(|rules| rules.group(limited)).unwrap()
    }
}

/// Requests of different sizes, the largest neither first nor last, with numbers from this seed on.
fn requests(seed: usize) -> Vec<Numbers> {
    let sizes = [(7, 3), (60, 6), (61, 6), (200, 12), (13, 6), (100, 10), (8, 1)];
    sizes.iter().zip(seed..).map(|(&(candidates, positions), seed)| Numbers::new(candidates, positions, seed)).collect()
}

fn decoders() -> Vec<Decoder> {
    vec![
        Decoder::Greedy(Greedy {}),
        Decoder::Contrastive(Contrastive { alpha: 0.2, top_k: Some(8) }),
        Decoder::Contrastive(Contrastive { alpha: 0.1, top_k: None }),
        Decoder::Dpp(Dpp { alpha: 0.5, top_k: Some(8) }),
        Decoder::Dpp(Dpp { alpha: 2.0, top_k: None }),
        Decoder::Beam(Beam { width: 4, lists: 3 }),
        Decoder::Sample(Sample { top_k: None, temperature: 1.0, lists: 3 }),
        Decoder::Sample(Sample { top_k: Some(5), temperature: 0.01, lists: 2 }),
        Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 4 }),
        Decoder::KBest(KBest { lists: 10 }),
    ]
}

/// How often `call` allocates after it has been made for `warm_up`, for each of the others.
fn allocations(warm_up: &[Numbers], others: &[Numbers], mut call: impl FnMut(&Numbers)) -> u64 {
    warm_up.iter().for_each(&mut call);
    measure(|| others.iter().for_each(&mut call)).count_total
}

/// Other requests of the same sizes, many times over.
fn others() -> Vec<Numbers> {
    (1..100).flat_map(|seed| requests(100 * seed)).collect()
}

#[test]
fn the_counter_counts() {
    let requests = requests(0);
    let copy = |request: &Numbers| drop(std::hint::black_box(request.states.clone()));
    assert_eq!(allocations(&requests, &requests, copy), requests.len() as u64);
}

#[test]
fn no_decoder_allocates() {
    let others = others();
    for decoder in decoders() {
        let mut workspace = Workspace::default();
        let decode = |request: &Numbers| {
            let rules = Rules::none(request.candidates);
            let found = decoder.decode(&request.scores(), &rules, request.positions, 1, &mut workspace).unwrap();
            assert_eq!(found[0].list.len(), request.positions);
        };
        assert_eq!(allocations(&requests(0), &others, decode), 0, "{decoder:?}");
    }
}

#[test]
fn no_proposal_allocates_however_it_is_arranged() {
    let others = others();
    for arrangement in [Arrangement::Proposed, Arrangement::Greedy] {
        let config = ProposalConfig { arrangement, ..ProposalConfig::default() };
        let (mut workspace, mut proposals) = (Workspace::default(), Proposals::default());
        let propose = |request: &Numbers| {
            let rules = Rules::none(request.candidates);
            config.propose(&request.scores(), &rules, request.positions, &mut workspace, &mut proposals).unwrap();
            assert!(!proposals.is_empty());
        };
        assert_eq!(allocations(&requests(0), &others, propose), 0, "{arrangement:?}");
    }
}

/// How far a search under groups goes depends on the numbers, so these are requests met before.
#[test]
fn no_decoder_allocates_under_rules_it_has_met() {
    let requests: Vec<Numbers> = requests(0).into_iter().filter(|request| request.positions == 6).collect();
    let rules: Vec<Rules> = requests.iter().map(Numbers::rules).collect();
    let rules_of = |request: &Numbers| rules.iter().find(|rules| rules.candidates() == request.candidates).unwrap();
    for decoder in decoders() {
        let mut workspace = Workspace::default();
        let decode = |request: &Numbers| {
            let (scores, rules) = (request.scores(), rules_of(request));
            let found = decoder.decode(&scores, rules, request.positions, 1, &mut workspace).unwrap();
            assert_eq!(found[0].list.len(), request.positions);
        };
        assert_eq!(allocations(&requests, &requests, decode), 0, "{decoder:?}");
    }
}

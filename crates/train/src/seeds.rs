//! Seeds for every random choice, from the run's seed and the place of the choice.

/// A seed for the choice at `place`: a chain of SplitMix64 finalisers (Steele et al. 2014), so that nearby places have
/// unrelated streams.
pub(crate) fn seed_at(seed: u64, place: &[u64]) -> u64 {
    place.iter().fold(mix(seed), |state, part| mix(state ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_seeds_of_their_own() {
        let mut seeds: Vec<u64> = (0..10).flat_map(|a| (0..10).map(move |b| seed_at(7, &[a, b]))).collect();
        seeds.push(seed_at(8, &[0, 0]));
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 101);
    }
}

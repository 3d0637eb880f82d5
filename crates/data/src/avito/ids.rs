//! A set of ids: one bit for each up to the greatest, 12.5 MB for a hundred million.

#[derive(Default)]
pub(super) struct Ids(Vec<u64>);

impl Ids {
    pub(super) fn contains(&self, id: u32) -> bool {
        self.0.get(id as usize / 64).is_some_and(|word| word & (1 << (id % 64)) != 0)
    }

    /// Whether it was new.
    pub(super) fn insert(&mut self, id: u32) -> bool {
        let word = id as usize / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = !self.contains(id);
        self.0[word] |= 1 << (id % 64);
        new
    }

    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

/// Sixty-four bits of an id and a seed, each of which depends on all of theirs (the finaliser of splitmix64).
pub(super) fn mixed(id: u32, seed: u64) -> u64 {
    let mut bits = seed.wrapping_add((u64::from(id) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_held_once() {
        let mut ids = Ids::default();
        assert!(ids.insert(64) && ids.insert(0) && !ids.insert(64));
        assert!(ids.contains(0) && ids.contains(64) && !ids.contains(1) && !ids.contains(u32::MAX));
        assert_eq!(ids.len(), 2);
    }

    #[test]
    fn mixed_ids_are_even() {
        let low = (0..10_000).filter(|&id| mixed(id, 7) < u64::MAX / 10).count();
        assert!((900..1_100).contains(&low), "{low}");
        assert_ne!(mixed(1, 0), mixed(1, 1));
    }
}

//! Which lists are for what, and which other urls compete with the shown ones.

use std::collections::{BTreeMap, HashMap};

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::YandexSerpOptions;
use super::log::{Log, Part, Serp};
use crate::Split;

/// The split of each list: those that the training part shows are for training or validation, the others are the test.
///
/// Lists are drawn at random for validation; one with which validation would exceed its share of the pages is passed over.
pub(super) fn splits(log: &Log, options: &YandexSerpOptions) -> Vec<Split> {
    let mut pages = vec![0_usize; log.lists.iter().max().map_or(0, |most| most + 1)];
    for serp in log.serps.iter().filter(|serp| serp.part == Part::Train) {
        pages[log.list(serp)] += 1;
    }
    let mut order: Vec<usize> = (0..pages.len()).filter(|&list| pages[list] > 0).collect();
    let mut splits = vec![Split::Test; pages.len()];
    for &list in &order {
        splits[list] = Split::Train;
    }
    let total: usize = pages.iter().sum();
    let mut left = (options.valid_share * total as f64) as usize;
    order.shuffle(&mut Pcg64Mcg::seed_from_u64(options.seed));
    for list in order {
        if pages[list] <= left {
            left -= pages[list];
            splits[list] = Split::Valid;
        }
    }
    splits
}

/// The urls that each query shows in each part of the log, with how often.
pub(super) struct Pools(HashMap<(Part, usize), BTreeMap<usize, u64>>);

impl Pools {
    pub(super) fn new(log: &Log) -> Self {
        let mut pools: HashMap<(Part, usize), BTreeMap<usize, u64>> = HashMap::new();
        for serp in &log.serps {
            let page = log.page(serp);
            let pool = pools.entry((serp.part, page.query)).or_default();
            page.urls.iter().for_each(|&url| *pool.entry(url).or_default() += 1);
        }
        Self(pools)
    }

    /// The urls of the page, the first positions first, and others of its query and part, `most` in all if there are so
    /// many, shuffled. Others are drawn in proportion to how often they are shown: drawn evenly, most of them would be
    /// urls that are hardly ever shown, and "shown before" would mean "shown".
    pub(super) fn candidates(&self, log: &Log, serp: &Serp, most: usize, rng: &mut Pcg64Mcg) -> Vec<usize> {
        let page = log.page(serp);
        let mut candidates: Vec<usize> = page.urls.iter().copied().take(most).collect();
        let pool = self.0.get(&(serp.part, page.query)).into_iter().flatten();
        let mut urn: Vec<(usize, u64)> = pool.map(|(&url, &times)| (url, times)).collect();
        urn.retain(|(url, _)| !page.urls.contains(url));
        while candidates.len() < most && !urn.is_empty() {
            let mut left = rng.random_range(0..urn.iter().map(|(_, times)| times).sum());
            let drawn = urn.iter().position(|&(_, times)| {
                let here = left < times;
                left = left.saturating_sub(times);
                here
            });
            candidates.push(urn.swap_remove(drawn.expect("less than the sum of all is left")).0);
        }
        candidates.shuffle(rng);
        candidates
    }
}

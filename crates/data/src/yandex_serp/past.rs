//! What was known before a list was shown: counts over the lists before it, and the features made of them.
//!
//! With p = (clicks + 1) / (shown + 2) over all urls and positions, and the rate of position k, r(k) = (clicks at k + 5 p) /
//! (shown at k + 5), of a url of this query
//!
//! ```text
//! rate = (clicks + 5 p) / (shown + 5)
//! COEC = (clicks + 5 p) / (Σ_k shown at k · r(k) + 5 p)           clicks over expected clicks
//! ```

use std::collections::HashMap;

use nar4rec_slate::{FeatureValue, Features};

use super::log::{Log, Serp};
use crate::converted::{named, rounded};

/// How many pages of average rate everything starts with.
const PRIOR: f64 = 5.0;

/// How often something was shown, in all and at each position, and what came of it.
#[derive(Clone, Default)]
struct Counts {
    shown: u32,
    clicks: u32,
    last_clicks: u32,
    shown_at: Vec<u32>,
}

impl Counts {
    fn add(&mut self, position: usize, clicked: bool, last: bool) {
        self.shown += 1;
        self.clicks += u32::from(clicked);
        self.last_clicks += u32::from(last);
        if self.shown_at.len() <= position {
            self.shown_at.resize(position + 1, 0);
        }
        self.shown_at[position] += 1;
    }
}

/// The smoothed rate of `count` among `shown`, of which the rate of everything is `p`.
fn rate(count: u32, shown: u32, p: f64) -> f64 {
    (f64::from(count) + PRIOR * p) / (f64::from(shown) + PRIOR)
}

/// The state of the world before a list.
#[derive(Default)]
pub(super) struct Past {
    all: Counts,
    /// Each position of a page.
    positions: Vec<Counts>,
    /// Each query and url.
    urls: HashMap<(usize, usize), Counts>,
}

impl Past {
    /// Takes in what came of one page.
    pub(super) fn add(&mut self, log: &Log, serp: &Serp) {
        let page = log.page(serp);
        if self.positions.len() < page.urls.len() {
            self.positions.resize(page.urls.len(), Counts::default());
        }
        for (position, (&url, &clicked)) in page.urls.iter().zip(&serp.clicked).enumerate() {
            let last = serp.last_click == Some(position);
            let own = self.urls.entry((page.query, url)).or_default();
            for counts in [&mut self.all, &mut self.positions[position], own] {
                counts.add(position, clicked, last);
            }
        }
    }

    /// The share of pages that were clicked, `p` in the file's head, and the same of the last click.
    fn average(&self, count: u32) -> f64 {
        (f64::from(count) + 1.0) / (f64::from(self.all.shown) + 2.0)
    }

    /// What is known of a url as an answer to a query: its score, which is its COEC, and its features.
    pub(super) fn known(&self, query: usize, url: usize) -> (f64, Features) {
        let none = Counts::default();
        let own = self.urls.get(&(query, url)).unwrap_or(&none);
        let (p, last) = (self.average(self.all.clicks), self.average(self.all.last_clicks));
        let expected = own.shown_at.iter().zip(&self.positions);
        let expected = expected.map(|(&shown, counts)| f64::from(shown) * rate(counts.clicks, counts.shown, p));
        let coec = (f64::from(own.clicks) + PRIOR * p) / (expected.sum::<f64>() + PRIOR * p);
        let places = own.shown_at.iter().enumerate().map(|(place, &shown)| (place + 1) as f64 * f64::from(shown));
        let mean = (own.shown > 0).then(|| rounded(places.sum::<f64>() / f64::from(own.shown)));
        let features = named([
            ("log_shown", rounded(f64::from(own.shown).ln_1p()).into()),
            ("click_rate", rounded(rate(own.clicks, own.shown, p)).into()),
            ("last_click_rate", rounded(rate(own.last_clicks, own.shown, last)).into()),
            ("mean_position", mean.map_or(FeatureValue::Missing, FeatureValue::Number)),
        ]);
        (rounded(coec), features)
    }
}

//! Which views make a list, and which other videos compete with them.

use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64Mcg;

use super::KuaiRandOptions;
use super::log::Log;

/// One shown list.
pub(super) struct Slate {
    pub(super) user: usize,
    /// The number of this list among the user's, from 0.
    pub(super) number: usize,
    /// When its first item was shown.
    pub(super) time_ms: u64,
    /// Its views, in order of time: indices into [`Log::views`].
    pub(super) views: Vec<usize>,
}

/// The lists of all users, in order of time, then of user id.
///
/// A user's views are cut into consecutive blocks of `length`. A block that spans more than `window_ms` is no list; the
/// next one then starts one view later.
pub(super) fn slates(log: &Log, length: usize, window_ms: u64) -> Vec<Slate> {
    let mut by_user: Vec<Vec<usize>> = vec![Vec::new(); log.users.len()];
    for (index, view) in log.views.iter().enumerate() {
        by_user[view.user].push(index);
    }
    let mut slates = Vec::new();
    for (user, views) in by_user.iter().enumerate() {
        let (mut from, mut number) = (0, 0);
        while let Some(block) = views.get(from..from + length) {
            let (first, last) = (log.views[block[0]].time_ms, log.views[block[length - 1]].time_ms);
            if last - first > window_ms {
                from += 1;
                continue;
            }
            slates.push(Slate { user, number, time_ms: first, views: block.to_vec() });
            from += length;
            number += 1;
        }
    }
    slates.sort_by(|a, b| (a.time_ms, &log.users[a.user], a.number).cmp(&(b.time_ms, &log.users[b.user], b.number)));
    slates
}

/// Draws candidates.
pub(super) struct Drawing<'a> {
    log: &'a Log,
    candidates: usize,
    window_ms: u64,
    rng: Pcg64Mcg,
    /// Whether each user ever watches a video: the videos of one user, sorted.
    watched: Vec<Vec<usize>>,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(log: &'a Log, options: &KuaiRandOptions, rng: Pcg64Mcg) -> Self {
        let mut watched = vec![Vec::new(); log.users.len()];
        for view in &log.views {
            watched[view.user].push(view.video);
        }
        for videos in &mut watched {
            videos.sort_unstable();
        }
        Self { log, candidates: options.candidates, window_ms: options.window_ms(), rng, watched }
    }

    /// The shown videos and others, shuffled; none if there are too few others.
    ///
    /// Views in the window are drawn without replacement; one of a video that the user ever watches, or that is drawn
    /// already, is passed over.
    pub(super) fn candidates(&mut self, slate: &Slate) -> Option<Vec<usize>> {
        let views = &self.log.views;
        let from = views.partition_point(|view| view.time_ms < slate.time_ms);
        let to = views.partition_point(|view| view.time_ms <= slate.time_ms + self.window_ms);
        let mut urn: Vec<usize> = (from..to).collect();
        let mut chosen: Vec<usize> = slate.views.iter().map(|&view| views[view].video).collect();
        while chosen.len() < self.candidates {
            if urn.is_empty() {
                return None;
            }
            let drawn = self.rng.random_range(0..urn.len() as u64) as usize;
            let video = views[urn.swap_remove(drawn)].video;
            if self.watched[slate.user].binary_search(&video).is_err() && !chosen.contains(&video) {
                chosen.push(video);
            }
        }
        chosen.shuffle(&mut self.rng);
        Some(chosen)
    }
}

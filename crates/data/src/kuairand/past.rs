//! What was known before a list was shown: counts that advance with time, and the features made of them.
//!
//! Rates are smoothed towards the rate of the whole log so far, `p = (positives + 1) / (views + 2)`:
//!
//! ```text
//! rate = (positives + 5 p) / (views + 5)
//! ```
//!
//! The upstream score is item-to-item collaborative filtering. With L(v) the users who liked video v so far and H the
//! user's last liked videos,
//!
//! ```text
//! score(v) = Σ_{h ∈ H} |L(v) ∩ L(h)| / √(|L(v)| |L(h)|)          0 where L(v) is empty
//! ```

use std::collections::VecDeque;

use nar4rec_slate::{Candidate, Exposure, FeatureValue, Features, Feedback, Impression, Request, User};

use super::lists::Slate;
use super::log::{Log, View};
use crate::converted::{named, rounded};

/// How many views of average rate every user and video starts with.
const PRIOR_VIEWS: f64 = 5.0;

/// The log's clock hours are China's.
const CHINA_OFFSET_HOURS: u64 = 8;

/// Views and what came of them.
#[derive(Clone, Default)]
struct Counts {
    views: u32,
    likes: u32,
    clicks: u32,
    long_views: u32,
}

impl Counts {
    fn add(&mut self, view: &View) {
        self.views += 1;
        self.likes += u32::from(view.like);
        self.clicks += u32::from(view.click);
        self.long_views += u32::from(view.long_view);
    }

    /// The smoothed rate of what `positives` counts, as in the file's head.
    fn rate(&self, all: &Self, positives: fn(&Self) -> u32) -> FeatureValue {
        let prior = (f64::from(positives(all)) + 1.0) / (f64::from(all.views) + 2.0);
        let rate = (f64::from(positives(self)) + PRIOR_VIEWS * prior) / (f64::from(self.views) + PRIOR_VIEWS);
        rounded(rate).into()
    }

    fn log_views(&self) -> FeatureValue {
        rounded(f64::from(self.views).ln_1p()).into()
    }
}

#[derive(Clone, Default)]
struct UserPast {
    counts: Counts,
    duration_ms: u64,
    with_duration: u64,
    /// The last liked videos, the oldest first.
    liked: VecDeque<usize>,
}

#[derive(Clone, Default)]
struct VideoPast {
    counts: Counts,
    first_ms: Option<u64>,
    /// The users who liked it; each watched it once.
    likers: Vec<usize>,
}

/// The state of the world just before a moment.
pub(super) struct Past<'a> {
    log: &'a Log,
    history: usize,
    /// How many views of the log are in.
    read: usize,
    all: Counts,
    users: Vec<UserPast>,
    videos: Vec<VideoPast>,
    /// Per user, how like the present one: scratch for the score.
    likeness: Vec<f64>,
}

impl<'a> Past<'a> {
    pub(super) fn new(log: &'a Log, history: usize) -> Self {
        Self {
            log,
            history,
            read: 0,
            all: Counts::default(),
            users: vec![UserPast::default(); log.users.len()],
            videos: vec![VideoPast::default(); log.videos.len()],
            likeness: vec![0.0; log.users.len()],
        }
    }

    /// Takes in the views before `time_ms`, and none at it.
    pub(super) fn advance(&mut self, time_ms: u64) {
        while let Some(view) = self.log.views.get(self.read).filter(|view| view.time_ms < time_ms) {
            self.read += 1;
            self.add(view);
        }
    }

    fn add(&mut self, view: &View) {
        self.all.add(view);
        let video = &mut self.videos[view.video];
        video.counts.add(view);
        video.first_ms.get_or_insert(view.time_ms);
        let user = &mut self.users[view.user];
        user.counts.add(view);
        user.duration_ms = user.duration_ms.saturating_add(view.duration_ms);
        user.with_duration += u64::from(view.duration_ms > 0);
        if view.like {
            video.likers.push(view.user);
            user.liked.push_back(view.video);
            if user.liked.len() > self.history {
                user.liked.pop_front();
            }
        }
    }

    /// The list as it is written: what was known before it, and what the user then did.
    pub(super) fn impression(&mut self, slate: &Slate, candidates: &[usize]) -> Impression {
        self.compare_users(slate.user);
        let id = self.log.users[slate.user].clone();
        let request_id = format!("{id}-{}", slate.number);
        let user = User { id: Some(id), features: self.user_features(slate) };
        let listed = candidates.iter().map(|&video| Candidate {
            id: self.log.videos[video].clone(),
            score: Some(rounded(self.score(video))),
            features: self.video_features(video, slate.time_ms),
        });
        let request = Request::new(request_id, user, listed.collect()).expect("drawn candidates are distinct");
        let request = request.at((slate.time_ms / 1000) as i64);
        let shown = slate.views.iter().map(|&view| {
            let view = &self.log.views[view];
            let candidate = candidates.iter().position(|&video| video == view.video);
            Exposure { candidate: candidate.expect("shown videos are candidates"), feedback: feedback(view) }
        });
        Impression::new(request, shown.collect()).expect("a user watches a video once")
    }

    /// Fills `likeness` so that the score of a video is a sum over its likers.
    fn compare_users(&mut self, user: usize) {
        self.likeness.fill(0.0);
        for &liked in &self.users[user].liked {
            let likers = &self.videos[liked].likers;
            let weight = 1.0 / (likers.len() as f64).sqrt();
            for &liker in likers {
                self.likeness[liker] += weight;
            }
        }
    }

    fn score(&self, video: usize) -> f64 {
        let likers = &self.videos[video].likers;
        if likers.is_empty() {
            return 0.0;
        }
        likers.iter().map(|&liker| self.likeness[liker]).sum::<f64>() / (likers.len() as f64).sqrt()
    }

    fn user_features(&self, slate: &Slate) -> Features {
        let UserPast { counts, duration_ms, with_duration, liked } = &self.users[slate.user];
        let hour = (slate.time_ms / 3_600_000 + CHINA_OFFSET_HOURS) % 24;
        let recent = liked.iter().map(|&video| self.log.videos[video].clone()).collect::<Vec<_>>();
        named([
            ("log_views", counts.log_views()),
            ("like_rate", counts.rate(&self.all, |counts| counts.likes)),
            ("click_rate", counts.rate(&self.all, |counts| counts.clicks)),
            ("long_view_rate", counts.rate(&self.all, |counts| counts.long_views)),
            ("mean_duration_seconds", seconds(duration_ms.checked_div(*with_duration).unwrap_or(0))),
            ("hour", hour.to_string().as_str().into()),
            ("recent", recent.into()),
        ])
    }

    fn video_features(&self, video: usize, time_ms: u64) -> Features {
        let VideoPast { counts, first_ms, .. } = &self.videos[video];
        let hours = first_ms.map(|first| rounded((time_ms - first) as f64 / 3_600_000.0));
        named([
            ("log_views", counts.log_views()),
            ("like_rate", counts.rate(&self.all, |counts| counts.likes)),
            ("long_view_rate", counts.rate(&self.all, |counts| counts.long_views)),
            ("hours_since_first_view", hours.map_or(FeatureValue::Missing, FeatureValue::Number)),
        ])
    }
}

fn feedback(view: &View) -> Feedback {
    let kinds = [
        ("like", view.like),
        ("click", view.click),
        ("long_view", view.long_view),
        ("follow", view.follow),
        ("comment", view.comment),
        ("forward", view.forward),
        ("profile_enter", view.profile_enter),
    ];
    let mut feedback: Feedback =
        kinds.into_iter().map(|(kind, given)| (kind.to_owned(), f64::from(u8::from(given)))).collect();
    if view.duration_ms > 0 {
        let ratio = (view.play_ms as f64 / view.duration_ms as f64).min(1.0);
        feedback.insert("play_ratio".to_owned(), rounded(ratio));
    }
    feedback
}

/// Milliseconds as seconds; 0 means unknown.
pub(super) fn seconds(milliseconds: u64) -> FeatureValue {
    if milliseconds == 0 { FeatureValue::Missing } else { (milliseconds as f64 / 1000.0).into() }
}

//! The page that lies beside converted data: origin, terms, weak points, and how everything was formed.

use super::{ConversionSummary, KuaiRandOptions};

pub(super) fn readme(options: &KuaiRandOptions, summary: &ConversionSummary) -> String {
    let KuaiRandOptions { seed, slate, candidates, history, window_hours, .. } = options;
    let ConversionSummary { rows, users, videos, duplicates, repeats, train, valid, test, .. } = summary;
    let short = summary.lists_short_of_candidates;
    let others = candidates - slate;
    format!(
        "# KuaiRand likes and hates as a reranking task

Real views of short videos (Kuaishou, April 2022), formed into lists by `nar4rec convert kuairand`.

**Licence and attribution.** CC BY-SA 4.0, as KuaiRand itself. Chongming Gao, Shijun Li, Yuan Zhang, Jiawei Chen, Biao Li,
Wenqiang Lei, Peng Jiang, Xiangnan He: *KuaiRand: An Unbiased Sequential Recommendation Dataset with Randomly Exposed
Videos*, CIKM 2022. The rows are a subset of KuaiRand-27K prepared for
`alessandrosocc/predict_explicit_negative_feedback_kuairand` (`processed_standard_kcore_15`). Changes: rows were formed
into lists and features as told below.

**Selection.** The subset holds only views that were liked or hated, of users who did both and liked at least 15. Rates are
far from those of a natural log, neighbours in time were not neighbours on a screen, and there is no position effect. Of
its {videos} videos {never_liked} occur only as hated: whether anybody liked a video before therefore nearly decides whether it
is liked now. Use it to learn the tools, not to learn about people.

| what | number |
|---|---|
| rows, users, videos | {rows}, {users}, {videos} |
| left out: duplicates, repeated views | {duplicates}, {repeats} |
| lists: train, valid, test | {train}, {valid}, {test} |
| lists left out for want of candidates | {short} |
| shown items, liked | {shown}, {liked} |

**How it was formed** (seed {seed}):

- Of each user and video only the first view counts.
- A *list* is {slate} consecutive views of a user within {window_hours} hours, in order of time. Its time is that of its first view.
- The other {others} *candidates* are videos that other users watched in the {window_hours} hours from the list's time on, drawn in proportion to
  those views, none that this user ever watched. What the user would have thought of them is unknown. The order is shuffled.
- Everything below is computed from views strictly before the list's time. A rate is (positives + 5 p) / (views + 5) with p the
  rate of the whole log so far.
- `score`, the upstream order: sum over the user's last {history} liked videos h of |L(v) ∩ L(h)| / sqrt(|L(v)| |L(h)|), with L(v) the
  users who liked v so far.
- User features: `log_views` = ln(1 + views), `like_rate`, `click_rate`, `long_view_rate`, `mean_duration_seconds` of the videos watched,
  `hour` (0 to 23, China time, a string), `recent` = the last {history} liked videos, the oldest first.
- Candidate features: `log_views`, `like_rate`, `long_view_rate`, `hours_since_first_view` (null if nobody watched it yet).
- Item features: `duration_seconds` (null if unknown), a property of the video, taken from any of its rows.
- Feedback: `like` (1 liked, 0 hated), `click`, `long_view`, `follow`, `comment`, `forward`, `profile_enter`, each 0 or 1, and `play_ratio` = play
  time / duration, at most 1, absent where the duration is unknown.
- Splits by the list's time: {train_share} train, {valid_share} valid, the rest test. A list may last up to {window_hours} hours, so the last lists of
  a split end after the next split begins.
",
        shown = summary.shown,
        liked = summary.liked,
        never_liked = summary.videos_never_liked,
        train_share = options.train_share,
        valid_share = options.valid_share,
    )
}

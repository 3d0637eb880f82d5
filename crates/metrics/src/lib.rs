//! Ranking and classification metrics with bootstrap intervals: slices in, numbers out.
//!
//! | module | what | unit of one value |
//! |---|---|---|
//! | [`RankingMetrics`] | P@k, NDCG@k, MAP@k, F1@k, Recall@k of one produced list | a list |
//! | [`auc`], [`log_loss`] | how well scores tell positives from negatives | all scored items, pooled |
//! | [`shown_recall`] | the paper's Recall@K, of what was shown | a list |
//! | [`intra_list_distance`] | how different the items of a list are | a list |
//! | [`item_coverage`], [`repetition`], [`distinct_pairs`] | how different the lists of a run are | a run |
//! | [`Bootstrap`] | 95% intervals by resampling lists, and of the [`Difference`] of two systems | any of the above |
//! | [`Tally`] | what a system earned on the lists of a query; [`Bootstrap::lift`] compares systems that served different lists | a query |
//! | [`kendall_tau_b`] | whether two orders of systems agree | a system |
//! | [`OffPolicy`] | what another policy would have earned: IPS, SNIPS, doubly robust | a logged decision |
//! | [`Summary`] | collects lists, finishes with every metric and its interval | a run |
//!
//! The list is the unit that is resampled, because items of one list share a user and a moment and are not independent:
//! an interval over items would be too narrow. Lists of one request that a log has many times over are resampled together
//! ([`Groups`]), for the same reason.
//!
//! Conventions. Relevance is counted over **all** candidates, not only over those that were shown, so a metric cannot be
//! raised by leaving items out. A list without a positive has no best order; it is left out of the ranking metrics and
//! counted. NaN and infinite scores are refused at the door.

/// The conventions in which other libraries differ, for whoever reads the figures.
pub const CONVENTIONS: &str = "Conventions: a candidate is relevant or not, over all candidates of a request; P@k = hits/k; NDCG@k with gain 1 \
    and discount 1/log2(place + 1); MAP@k over min(k, relevant candidates); a list without a relevant candidate is in no ranking \
    metric; AUC and LogLoss over all items together, equal scores count half in AUC; LogLoss in nats.";

mod bootstrap;
mod classification;
mod diversity;
mod error;
mod kendall;
mod lift;
mod off_policy;
mod paired;
mod ranking;
mod summary;

pub use bootstrap::{Bootstrap, Estimate, Groups};
pub use classification::{LogLoss, PROBABILITY_MARGIN, auc, log_loss};
pub use diversity::{distinct_pairs, intra_list_distance, item_coverage, repetition};
pub use error::MetricsError;
pub use kendall::kendall_tau_b;
pub use lift::Tally;
pub use off_policy::{ExpectedReward, LoggedAction, OffPolicy};
pub use paired::Difference;
pub use ranking::{Ideal, RankingMetrics, order_by_score, shown_recall};
pub use summary::{Figures, ListResult, Metric, ScoreKind, Summary};

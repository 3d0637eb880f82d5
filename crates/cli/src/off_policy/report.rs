//! What both logs of a campaign say about both policies.

use anyhow::Context;
use nar4rec_data::{Campaign, Exposure, OpenBandit, Source};
use nar4rec_metrics::{Bootstrap, Estimate, ExpectedReward, LoggedAction, OffPolicy};
use serde::Serialize;

use super::policy::{Policy, expected};

/// How estimates are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// The greatest weight.
    pub(crate) clip: Option<f64>,
    /// The resamples of the intervals.
    pub(crate) bootstrap: Bootstrap,
}

/// All that was estimated.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) clip: Option<f64>,
    pub(crate) resamples: usize,
    pub(crate) seed: u64,
    pub(crate) comparisons: Vec<Comparison>,
}

/// One policy predicted from the log of the other.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) campaign: &'static str,
    /// Whose clicks are predicted.
    pub(crate) target: &'static str,
    /// Whose log is used.
    pub(crate) log: &'static str,
    /// All positions together, then each.
    pub(crate) rows: Vec<Row>,
}

/// The click rates at a position.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// None: all positions.
    pub(crate) position: Option<u8>,
    pub(crate) rows: usize,
    pub(crate) effective_rows: f64,
    pub(crate) largest_weight: f64,
    /// Of the policy that wrote the log.
    pub(crate) logged: Option<Figure>,
    pub(crate) ips: Option<Figure>,
    pub(crate) snips: Option<Figure>,
    pub(crate) doubly_robust: Option<Figure>,
    /// Of the target in its own log.
    pub(crate) measured: Option<Figure>,
}

/// A click rate with its 95 % interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) interval: [f64; 2],
}

impl From<Estimate> for Figure {
    fn from(Estimate { value, low, high }: Estimate) -> Self {
        Self { value, interval: [low, high] }
    }
}

impl Report {
    /// Both directions for each campaign.
    pub(crate) fn new(campaigns: &[Campaign], options: Options) -> anyhow::Result<Self> {
        let Options { clip, bootstrap } = options;
        let mut report = Self { clip, resamples: bootstrap.resamples, seed: bootstrap.seed, comparisons: Vec::new() };
        for Campaign { name, random, bts } in campaigns {
            let [random_log, bts_log] = [read(random)?, read(bts)?];
            let (of_bts, of_random) = (Policy::observed(&bts_log), Policy::uniform([&random_log, &bts_log]));
            let mut add = |[target, log]: [&'static str; 2], question: Question| -> anyhow::Result<()> {
                let rows = question.rows(options).with_context(|| format!("the log of {log}, campaign {name}"))?;
                report.comparisons.push(Comparison { campaign: name, target, log, rows });
                Ok(())
            };
            add(["bts", "random"], Question { log: &random_log, policy: &of_bts, own: &bts_log })?;
            add(["random", "bts"], Question { log: &bts_log, policy: &of_random, own: &random_log })?;
        }
        Ok(report)
    }
}

fn read(path: &std::path::Path) -> anyhow::Result<Vec<Exposure>> {
    Ok(OpenBandit::new(Source::open(path)?)?.collect::<Result<_, _>>()?)
}

/// What would `policy` have earned where `log` was written? It earned what its `own` log says.
struct Question<'a> {
    log: &'a [Exposure],
    policy: &'a Policy,
    own: &'a [Exposure],
}

impl Question<'_> {
    fn rows(&self, options: Options) -> anyhow::Result<Vec<Row>> {
        let expected = expected(self.log, self.policy);
        [None, Some(1), Some(2), Some(3)].into_iter().map(|position| self.row(position, &expected, options)).collect()
    }

    fn row(&self, position: Option<u8>, expected: &[ExpectedReward], options: Options) -> anyhow::Result<Row> {
        let Options { clip, bootstrap } = options;
        let is_here = |exposure: &Exposure| position.is_none_or(|position| exposure.position == position);
        let here = self.log.iter().zip(expected).filter(|(exposure, _)| is_here(exposure));
        let (actions, expected): (Vec<_>, Vec<_>) =
            here.map(|(exposure, &expected)| (action(exposure, self.policy.probability(exposure)), expected)).unzip();
        let log = OffPolicy::new(&actions, clip)?;
        let own = self.own.iter().filter(|exposure| is_here(exposure));
        let own: Vec<_> = own.map(|exposure| action(exposure, exposure.propensity)).collect();
        Ok(Row {
            position,
            rows: log.rows(),
            effective_rows: log.effective_sample_size(),
            largest_weight: log.largest_weight(),
            logged: log.logged(&bootstrap).map(Figure::from),
            ips: log.ips(&bootstrap).map(Figure::from),
            snips: log.self_normalised(&bootstrap).map(Figure::from),
            doubly_robust: log.doubly_robust(&expected, &bootstrap)?.map(Figure::from),
            measured: OffPolicy::new(&own, None)?.logged(&bootstrap).map(Figure::from),
        })
    }
}

fn action(exposure: &Exposure, target: f64) -> LoggedAction {
    LoggedAction { reward: f64::from(u8::from(exposure.click)), propensity: exposure.propensity, target }
}

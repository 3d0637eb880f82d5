//! Where the time of a rerank goes: its stages one by one, and the layers of both networks.

use std::time::{Duration, Instant};

use nar4rec_infer::{Observer, Operation, Options, Ranking, RerankError, Reranker, Stage, Watch};
use nar4rec_model::Model;
use nar4rec_slate::Request;

use super::{
    layers::LayerClock,
    pace::Pace,
    report::{Layers, Profile, Stages},
};

/// How long each stage took, in the order of [`Stage::ALL`].
pub(crate) type StageTimes = [Duration; Stage::ALL.len()];

/// The profile of these requests, one at a time on this thread. Layers are timed in runs of their own: a clock around each
/// operation makes a stage a little longer.
pub(crate) fn profile(
    reranker: &Reranker,
    requests: &[Request],
    mut layers: LayerClocks,
    pace: &Pace,
) -> Result<Profile, RerankError> {
    let mut ranking = Ranking::default();
    pace.warm_up(|number| reranker.rerank_into(&requests[number % requests.len()], Options::default(), &mut ranking))?;
    // Of each request the quickest run counts, for what else the machine does only adds.
    let mut quickest: Vec<Option<StageTimes>> = vec![None; requests.len()];
    pace.run(pace.time, |number| {
        let place = number % requests.len();
        let mut clock = StageClock::start();
        reranker.rerank_observed(&requests[place], Options::default(), &mut ranking, &mut clock)?;
        let times = clock.stop();
        let whole = |times: &StageTimes| times.iter().sum::<Duration>();
        let is_quicker = |known: &StageTimes| whole(known) <= whole(&times);
        quickest[place] = quickest[place].filter(is_quicker).or(Some(times));
        Ok::<_, RerankError>(())
    })?;
    let mut passes = 0;
    pace.run(pace.time, |number| {
        passes += 1;
        let request = &requests[number % requests.len()];
        reranker.rerank_observed(request, Options::default(), &mut ranking, &mut layers)
    })?;
    Ok(Profile { stages: Stages::new(quickest.iter().flatten()), layers: layers.rows(passes) })
}

/// Keeps the time of every stage of one call.
struct StageClock {
    times: StageTimes,
    stage: Stage,
    since: Instant,
}

impl StageClock {
    /// The call begins; what is before its first stage belongs to that.
    fn start() -> Self {
        Self { times: StageTimes::default(), stage: Stage::Encode, since: Instant::now() }
    }

    /// The call has returned.
    fn stop(mut self) -> StageTimes {
        self.enter(Stage::Answer);
        self.times
    }
}

impl Watch for StageClock {
    fn begin(&mut self) {}

    fn end(&mut self, _: Operation) {}
}

impl Observer for StageClock {
    fn enter(&mut self, stage: Stage) {
        let now = Instant::now();
        self.times[self.stage as usize] += now - self.since;
        (self.stage, self.since) = (stage, now);
    }
}

/// Keeps the time of every layer of a model.
#[derive(Debug)]
pub(crate) struct LayerClocks {
    generator: LayerClock,
    evaluator: LayerClock,
    stage: Stage,
}

impl LayerClocks {
    /// For the layers of this model.
    pub(crate) fn new(model: &Model) -> Self {
        Self {
            generator: LayerClock::new("generator", model.generator.parameters.specs()),
            evaluator: LayerClock::new("evaluator", model.evaluator.parameters.specs()),
            stage: Stage::Encode,
        }
    }

    fn rows(&self, passes: u64) -> Layers {
        Layers { generator: self.generator.rows(passes), evaluator: self.evaluator.rows(passes) }
    }

    fn running(&mut self) -> &mut LayerClock {
        if self.stage == Stage::Evaluate { &mut self.evaluator } else { &mut self.generator }
    }
}

impl Watch for LayerClocks {
    fn begin(&mut self) {
        self.running().begin();
    }

    fn end(&mut self, operation: Operation) {
        self.running().end(operation);
    }
}

impl Observer for LayerClocks {
    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.running().start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_gives_all_time_to_the_stages() {
        let begin = Instant::now();
        let mut clock = StageClock::start();
        for stage in Stage::ALL {
            clock.enter(stage);
            while clock.since.elapsed().is_zero() {}
        }
        let times = clock.stop();
        assert!(times.iter().all(|time| !time.is_zero()));
        assert!(times.iter().sum::<Duration>() <= begin.elapsed());
    }
}

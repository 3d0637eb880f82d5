//! `nar4rec bench`: what does a model cost on this CPU?

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use nar4rec_infer::Reranker;
use nar4rec_model::Model;
use nar4rec_slate::Request;

use crate::{
    args::{BenchArgs, Machine},
    bench::{
        LatencyRow, LayerClocks, MachineInfo, ModelInfo, Pace, Report, Requests, ThroughputRow, latency, profile,
        steady, throughput, to_text,
    },
    console,
    failure::Interrupted,
    interrupt::Interrupt,
};

/// Requests of one call, for throughput.
const BATCHES: [usize; 4] = [1, 4, 16, 64];

/// Measures and prints.
pub(crate) fn bench(args: BenchArgs, machine: Machine) -> anyhow::Result<()> {
    let model = Model::load(&args.model)?;
    let catalog = model.items.iter().flatten().map(|item| item.id.clone()).collect();
    let info = ModelInfo::new(args.model.display().to_string(), &model);
    let clocks = LayerClocks::new(&model);
    let reranker = Reranker::new(model, machine.isa)?;
    let requests = Requests::load(&args, &reranker, catalog)?;
    let pace = Pace { time: args.seconds, interrupt: Interrupt::listen() };
    let report = Report {
        nar4rec: env!("CARGO_PKG_VERSION"),
        machine: MachineInfo::new(machine.isa),
        model: info,
        requests: requests.info(),
        latency: Vec::new(),
        throughput: Vec::new(),
        profile: None,
        steady: None,
        interrupted: false,
    };
    let mut session = Session { reranker, requests, pace, report, bar: bar() };
    match args.steady {
        Some(time) => session.steady(time)?,
        None => {
            session.latencies(&args.candidates)?;
            session.throughputs()?;
            session.profile(clocks)?;
        }
    }
    session.finish(args.json)
}

/// A measurement under way.
struct Session {
    reranker: Reranker,
    requests: Requests,
    pace: Pace,
    report: Report,
    bar: ProgressBar,
}

impl Session {
    /// The table of latencies.
    fn latencies(&mut self, candidates: &[usize]) -> anyhow::Result<()> {
        if !self.report.requests.made {
            let all = std::mem::take(&mut self.requests.all);
            self.latency(None, &all)?;
            self.requests.all = all;
        }
        for count in candidates {
            let some = self.requests.sized(*count, &self.reranker)?;
            self.latency(Some(*count), &some)?;
        }
        Ok(())
    }

    fn latency(&mut self, candidates: Option<usize>, requests: &[Request]) -> anyhow::Result<()> {
        if self.pace.interrupt.requested() {
            return Ok(());
        }
        self.tell(&match candidates {
            Some(count) => format!("latency, {count} candidates"),
            None => "latency, requests as they are".to_owned(),
        });
        let times = latency(&self.reranker, requests, &self.pace)?;
        self.report.latency.extend(times.latency().map(|latency| LatencyRow { candidates, latency }));
        Ok(())
    }

    /// The table of throughput: for each batch one thread, then all.
    fn throughputs(&mut self) -> anyhow::Result<()> {
        let all = self.report.machine.threads;
        for batch in BATCHES {
            for threads in if all == 1 { vec![1] } else { vec![1, all] } {
                self.tell(&format!("throughput, batch {batch}, threads {threads}"));
                let rate = throughput(&self.reranker, &self.requests.all, batch, threads, &self.pace)?;
                if self.pace.interrupt.requested() {
                    return Ok(());
                }
                let row = ThroughputRow::new(threads, batch, rate, &self.report.throughput);
                self.report.throughput.push(row);
            }
        }
        Ok(())
    }

    /// The tables of stages and layers.
    fn profile(&mut self, clocks: LayerClocks) -> anyhow::Result<()> {
        if self.pace.interrupt.requested() {
            return Ok(());
        }
        self.tell("where the time goes");
        let profile = profile(&self.reranker, &self.requests.all, clocks, &self.pace)?;
        self.report.profile = Some(profile).filter(|_| !self.pace.interrupt.requested());
        Ok(())
    }

    /// Nothing but a steady load.
    fn steady(&mut self, time: Duration) -> anyhow::Result<()> {
        self.tell("warm-up");
        let progress = |done: Duration| {
            let message = format!("steady load, {:.0} of {:.0} s", done.as_secs_f64(), time.as_secs_f64());
            self.bar.set_message(message);
        };
        self.report.steady = Some(steady(&self.reranker, &self.requests.all, (&self.pace, time), progress)?);
        Ok(())
    }

    /// Tells what is measured next, in a line of its own where lines are kept.
    fn tell(&self, what: &str) {
        if io::stderr().is_terminal() {
            self.bar.set_message(what.to_owned());
        } else {
            console::note(&format!("measuring: {what}"));
        }
    }

    /// Prints what there is.
    fn finish(mut self, json: bool) -> anyhow::Result<()> {
        self.bar.finish_and_clear();
        self.report.interrupted = self.pace.interrupt.requested();
        let text = if json { format!("{}\n", serde_json::to_string(&self.report)?) } else { to_text(&self.report) };
        console::result(&text)?;
        if self.report.interrupted {
            return Err(Interrupted("stopped: what was measured so far is above".to_owned()).into());
        }
        Ok(())
    }
}

/// Shows what is being measured, if somebody looks.
fn bar() -> ProgressBar {
    let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} measuring: {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

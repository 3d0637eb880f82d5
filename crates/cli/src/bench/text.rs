//! A report as tables for people.

use super::{
    histogram::Latency,
    layers::LayerRow,
    report::{Profile, Report, Steady, ThroughputRow},
    requests::CandidateInfo,
};

/// The report as text: times in microseconds, shares in per cent.
pub(crate) fn to_text(report: &Report) -> String {
    let mut text = head(report);
    if !report.latency.is_empty() {
        let rows = report.latency.iter().map(|row| {
            let name = row.candidates.map_or("as they are".to_owned(), |count| count.to_string());
            (name, row.latency)
        });
        text.push_str("\nlatency of one request on one thread, µs\n");
        text.push_str(&latencies("candidates", rows));
    }
    throughput(&report.throughput, &mut text);
    report.profile.iter().for_each(|profile| self::profile(profile, &mut text));
    report.steady.iter().for_each(|steady| self::steady(steady, &mut text));
    text
}

fn head(report: &Report) -> String {
    let Report { machine, model, requests, .. } = report;
    let CandidateInfo { least, mean, most } = requests.candidates;
    let lines = [
        ("nar4rec", report.nar4rec.to_owned()),
        ("cpu", machine.cpu.clone().unwrap_or_else(|| "not told by this system".to_owned())),
        ("threads", format!("{} of {}", machine.threads, machine.cores)),
        ("instructions", machine.isa.to_owned()),
        ("model", format!("{}, {}, lists of {}", model.path, model.precision, model.list_length)),
        (
            "parameters",
            format!("{} of the generator, {} of the evaluator", model.parameters.generator, model.parameters.evaluator),
        ),
        ("requests", requests.source.clone()),
        ("candidates", format!("{mean:.1} a request ({least} to {most})")),
    ];
    lines.iter().map(|(name, value)| format!("{name:<14}{value}\n")).collect()
}

fn latencies(name: &str, rows: impl Iterator<Item = (String, Latency)>) -> String {
    let mut text = format!("{name:<14}");
    ["count", "mean", "p50", "p90", "p99", "p99.9", "max"]
        .iter()
        .for_each(|name| text.push_str(&format!("{name:>10}")));
    text.push('\n');
    for (name, latency) in rows {
        text.push_str(&format!("{name:<14}{:>10}", latency.count));
        let Latency { mean, p50, p90, p99, p999, max, .. } = latency;
        for time in [Some(mean), p50, p90, p99, p999, Some(max)] {
            text.push_str(&cell(time));
        }
        text.push('\n');
    }
    text
}

/// A number of ten places; what is not known is a dash.
fn cell(number: Option<f64>) -> String {
    number.map_or(format!("{:>10}", "–"), |number| format!("{number:>10.1}"))
}

fn throughput(rows: &[ThroughputRow], text: &mut String) {
    if rows.is_empty() {
        return;
    }
    let [threads, batch] = ["threads", "batch"];
    text.push_str("\nthroughput, by requests in a batch and threads\n");
    text.push_str(&format!(
        "{threads:<14}{batch:>10}{:>14}{:>14}{:>14}\n",
        "requests/s", "candidates/s", "× one thread"
    ));
    for row in rows {
        text.push_str(&format!(
            "{:<14}{:>10}{:>14.0}{:>14.0}{:>14.2}\n",
            row.threads, row.batch, row.requests_per_second, row.candidates_per_second, row.over_one_thread
        ));
    }
}

fn profile(profile: &Profile, text: &mut String) {
    let stages = &profile.stages;
    let line = |name: &str, us: f64, share: f64| format!("{name:<40}{us:>10.1}{:>9.1}", 100.0 * share);
    text.push_str(&format!("\n{:<40}{:>10}{:>9}\n", "where the time of a rerank goes", "µs", "%"));
    for row in &stages.stages {
        text.push_str(&format!("{}\n", line(row.stage, row.us, row.share)));
    }
    text.push_str(&format!("{}\n", line("all", stages.rerank, 1.0)));
    let mut layers = |name: &str, rows: &[LayerRow]| {
        text.push_str(&format!("\n{name:<40}{:>10}{:>9}{:>10}\n", "µs", "%", "GFLOP/s"));
        for row in rows {
            text.push_str(&format!("{}{}\n", line(&row.layer, row.us, row.share), cell(row.gflops)));
        }
    };
    layers("layers of the generator", &profile.layers.generator);
    layers("layers of the evaluator", &profile.layers.evaluator);
}

fn steady(steady: &Steady, text: &mut String) {
    let windows = steady.windows.iter().map(|row| (format!("{:.1}–{:.1}", row.from, row.until), row.latency));
    let all = steady.latency.map(|latency| ("all".to_owned(), latency));
    text.push_str("\none thread at full load, µs\n");
    text.push_str(&latencies("seconds", windows.chain(all)));
    if let Some(spread) = steady.p99_over_p50 {
        text.push_str(&format!("\n{:<20}{spread:.2}\n", "p99 / p50"));
    }
    for (name, bytes) in
        [("memory, warmed up", steady.resident_after_warm_up), ("memory at the end", steady.resident_at_end)]
    {
        let bytes = bytes.map_or("not told by this system".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6));
        text.push_str(&format!("{name:<20}{bytes}\n"));
    }
}

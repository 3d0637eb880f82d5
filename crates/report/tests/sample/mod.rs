//! A report with every part filled in, from made-up numbers.

use nar4rec_report::*;

/// A report of a made-up run.
pub(crate) fn report() -> Report {
    Report {
        title: "NAR4Rec on ml-1m-rerank".into(),
        lead: Some(
            "The pipeline puts 36 of 100 liked films where the upstream order puts 24, on users' last lists.".into(),
        ),
        facts: facts(&[
            ("Data set", "ml-1m-rerank, test"),
            ("Lists", "5,755, of 50 candidates, 6 shown"),
            ("Lists without a liked item", "1,012, left out"),
            ("Seeds", "1, 2, 3"),
            ("Generator", "128 wide, 2 layers, 812,416 weights"),
            ("Evaluator", "64 wide, 2 layers, 214,017 weights"),
            ("Training time", "6 min 41 s on 2 cores"),
            ("Intervals", "95%, 1,000 resamples of lists"),
        ]),
        metrics: Some(metrics()),
        plots: vec![plot("NDCG@6", "lists proposed", Spacing::Even), plot("NDCG@6", "day", Spacing::Linear)],
        evaluator: vec![
            evaluator_row("like", 0.412, 0.7312, 0.6021, 0.6776),
            evaluator_row("love", 0.141, 0.7104, 0.3719, 0.4066),
            evaluator_row("skip", 0.003, f64::NAN, 0.0212, 0.0204),
        ],
        reranked: Some(reranked()),
        heat_map: Some(heat_map()),
        training: vec![training("Generator", "NDCG@6", 3.9, 0.31, 4), training("Evaluator", "AUC", 0.69, 0.64, 3)],
    }
}

fn plot(name: &str, over: &str, spacing: Spacing) -> Plot {
    let curve = |name: &str, first: f64| Curve {
        name: name.into(),
        points: [1.0, 2.0, 4.0, 8.0, 32.0]
            .map(|lists: f64| {
                let value = first + 0.01 * lists.ln();
                (lists, Measure::new(value, value - 0.006, value + 0.006))
            })
            .into(),
    };
    let curves = vec![curve("NAR4Rec", 0.44), curve("Edge-Rerank", 0.43)];
    Plot { name: name.into(), scale: Scale::Percent, over: over.into(), spacing, curves }
}

fn facts(pairs: &[(&str, &str)]) -> Vec<Fact> {
    pairs.iter().map(|&(name, value)| Fact::new(name, value)).collect()
}

fn metrics() -> MetricsTable {
    let mut columns: Vec<Column> = ["P@6", "NDCG@6", "MAP@6", "F1@6", "Recall@6", "AUC"].map(Column::share).into();
    columns.push(Column::loss("LogLoss"));
    let row = |name: &str, note: Option<&str>, values: [f64; 7]| System {
        name: name.into(),
        note: note.map(str::to_owned),
        values: values.map(|value| Measure::new(value, value - 0.009, value + 0.0085)).into(),
    };
    let none = f64::NAN;
    MetricsTable {
        columns,
        rows: vec![
            row(
                "NAR4Rec pipeline",
                Some("24 lists, best by evaluator"),
                [0.362, 0.467, 0.371, 0.384, 0.441, none, none],
            ),
            row("Generator alone", Some("contrastive, α 0.1"), [0.349, 0.455, 0.362, 0.371, 0.428, 0.874, 0.213]),
            row("Upstream order", None, [0.239, 0.321, 0.231, 0.255, 0.290, 0.801, none]),
            row("Popularity", None, [0.118, 0.152, 0.094, 0.122, 0.137, 0.655, none]),
            row("Random", Some("mean of 20 seeds"), [0.058, 0.071, 0.038, 0.061, 0.068, 0.5, none]),
        ],
        note: Some(
            "AUC pools all candidates of all lists; the pipeline orders lists, not candidates, so it has none.".into(),
        ),
    }
}

fn evaluator_row(kind: &str, positive_share: f64, auc: f64, log_loss: f64, base_log_loss: f64) -> EvaluatorRow {
    EvaluatorRow {
        kind: kind.into(),
        labels: 34_530,
        positive_share,
        auc: Measure::new(auc, auc - 0.006, auc + 0.006),
        log_loss: Measure::new(log_loss, log_loss - 0.004, log_loss + 0.004),
        base_log_loss,
    }
}

const FILMS: [(&str, &str, &str); 9] = [
    ("2858", "American Beauty", "Comedy, Drama"),
    ("1196", "The Empire Strikes Back", "Action, Adventure, Sci-Fi"),
    ("593", "The Silence of the Lambs", "Drama, Thriller"),
    ("2762", "The Sixth Sense", "Thriller"),
    ("110", "Braveheart", "Action, Drama, War"),
    ("1580", "Men in Black", "Action, Comedy, Sci-Fi"),
    ("1036", "Die Hard", "Action, Thriller"),
    ("<script>alert('id')</script>", "An id that must not run", "Film-Noir"),
    ("a-very-long-identifier-0123456789-0123456789-0123456789", "Yojimbo", "Comedy, Drama, Western"),
];

fn slate(name: &str, chosen: [usize; 6], utility: f64) -> Slate {
    let item = |(place, &film): (usize, &usize)| SlateItem {
        id: FILMS[film].0.into(),
        upstream_position: Some([1, 2, 3, 4, 5, 6, 9, 13, 31][film]),
        features: facts(&[("title", FILMS[film].1), ("genres", FILMS[film].2)]),
        probabilities: vec![0.78 - 0.09 * film as f64 + 0.01 * place as f64, 0.41 - 0.04 * film as f64],
        feedback: if film % 3 == 1 { vec![] } else { vec![Some(f64::from(film as u8 % 2)), Some(0.0)] },
    };
    Slate { name: name.into(), items: chosen.iter().enumerate().map(item).collect(), utility }
}

fn reranked() -> Reranked {
    let alternative = |source: &str, order: [usize; 6], like: f64, love: f64, chosen: bool| Alternative {
        source: source.into(),
        items: order.iter().map(|&film| FILMS[film].0.into()).collect(),
        expected: vec![like, love],
        utility: like + 2.0 * love,
        chosen,
    };
    Reranked {
        request_id: "u1203/17".into(),
        context: facts(&[("user", "u1203"), ("age", "25"), ("occupation", "student")]),
        kinds: [("like", 1.0), ("love", 2.0)].map(|(name, weight)| FeedbackKind { name: name.into(), weight }).into(),
        before: slate("Upstream order", [0, 1, 2, 3, 4, 5], 5.112),
        after: slate("NAR4Rec", [2, 0, 7, 3, 8, 6], 6.31),
        alternatives: vec![
            alternative("contrastive α 0.3", [2, 0, 3, 7, 6, 1], 2.91, 1.42, false),
            alternative("assignment 1", [2, 0, 7, 3, 8, 6], 3.11, 1.60, true),
            alternative("beam 2", [0, 2, 7, 3, 6, 8], 3.05, 1.51, false),
            alternative("gumbel 4", [0, 1, 4, 2, 6, 5], 2.62, 1.20, false),
        ],
    }
}

fn heat_map() -> HeatMap {
    let chosen = [2, 0, 7, 3, 8, 6];
    let logit = |candidate: usize, position: usize| {
        let wave = ((candidate * 7 + position * 3) % 11) as f64 / 5.0;
        let wanted = chosen.iter().position(|&film| film == candidate);
        wave - 0.06 * candidate as f64 + wanted.map_or(0.0, |at| 3.0 - 0.7 * at.abs_diff(position) as f64)
    };
    let total = |position| (0..50).map(|candidate| logit(candidate, position).exp()).sum::<f64>();
    let totals: Vec<f64> = (0..6).map(total).collect();
    let row = |candidate: usize| HeatRow {
        id: FILMS.get(candidate).map_or_else(|| (3000 + 37 * candidate).to_string(), |film| film.0.to_owned()),
        probabilities: totals.iter().enumerate().map(|(p, total)| logit(candidate, p).exp() / total).collect(),
        chosen_at: chosen.iter().position(|&film| film == candidate),
    };
    HeatMap { request_id: "u1203/17".into(), positions: 6, rows: (0..50).map(row).collect() }
}

fn training(name: &str, metric: &str, first_loss: f64, first_metric: f64, kept: usize) -> Training {
    let noise = |step: usize| ((step * 7919) % 101) as f64 / 101.0 - 0.5;
    let loss = |step: usize| first_loss * (0.55 + 0.45 * (-(step as f64) / 300.0).exp() + 0.05 * noise(step));
    let value = |epoch: usize| first_metric + 0.03 * epoch as f64 - 0.0035 * (epoch * epoch) as f64;
    let points = |steps: &mut dyn Iterator<Item = usize>, of: &dyn Fn(usize) -> f64, scale: usize| {
        steps.map(|at| Point { step: (at * scale) as f64, value: of(at) }).collect()
    };
    Training {
        name: name.into(),
        loss: Series { name: "Training loss".into(), scale: Scale::Plain, points: points(&mut (1..=1440), &loss, 1) },
        validation: Some(Series {
            name: format!("Validation {metric}"),
            scale: Scale::Percent,
            points: points(&mut (1..=6), &value, 240),
        }),
        kept_step: Some(240.0 * kept as f64),
    }
}

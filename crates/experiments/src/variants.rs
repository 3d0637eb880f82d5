//! What each grid compares.

use nar4rec_train::{Baseline, SystemKind};

use crate::{Subject, Variant};

/// What the curves of [`lists`] go over.
pub(crate) const LISTS_PROPOSED: &str = "lists proposed";

/// The same of exchanges.
pub(crate) const ROUNDS: &str = "rounds of exchanges, from the greedy list";

/// The same of [`sizes`].
const WIDTH: &str = "width";

/// The widths of [`sizes`].
const SIZES: [i32; 4] = [16, 32, 64, 128];

/// What one decoder proposes, as it proposes it.
const AS_PROPOSED: &str = "pipeline.arrangement = 'proposed'\npipeline.choice = 'list'";

/// No list but those that are proposed.
const NO_EXCHANGES: &str = "pipeline.exchanges.rounds = 0";

/// All systems.
pub(crate) fn rivals() -> Vec<Variant> {
    let baselines = Baseline::ALL.map(|baseline| Variant::new(baseline.name(), Subject::Baseline(baseline), ""));
    let rivals = SystemKind::ALL.map(|kind| Variant::new(kind.name(), Subject::Rival(kind), ""));
    let ours = [decoded("nar4rec-generator".to_owned(), "kind = 'greedy'"), Variant::nar4rec("nar4rec", "")];
    baselines.into_iter().chain(rivals).chain(ours).collect()
}

/// Where the states of positions come from.
pub(crate) fn positions() -> Vec<Variant> {
    ["shared", "candidates"].map(|kind| Variant::nar4rec(kind, &format!("generator.positions = '{kind}'"))).into()
}

/// What becomes of lists that did badly: the paper's loss, with a τ that half of the lists miss.
pub(crate) fn unlikelihood() -> Vec<Variant> {
    [("unlikelihood", true), ("likelihood-only", false)]
        .map(|(name, on)| {
            let loss = format!("weighting = 'list'\nutility_threshold = {{ quantile = 0.5 }}\nunlikelihood = {on}");
            Variant::nar4rec(name, &format!("[training.loss]\n{loss}"))
        })
        .into()
}

/// One list of one decoder, shown as it is.
fn decoded(name: String, decoder: &str) -> Variant {
    Variant::nar4rec(name, &format!("pipeline.decoders = [{{ {decoder} }}]\n{AS_PROPOSED}\n{NO_EXCHANGES}"))
}

/// One way of decoding at a time.
pub(crate) fn decoders() -> Vec<Variant> {
    let alone = [
        ("greedy", "kind = 'greedy'"),
        ("contrastive-0.05", "kind = 'contrastive', alpha = 0.05, top_k = 8"),
        ("contrastive-0.2", "kind = 'contrastive', alpha = 0.2, top_k = 8"),
        ("contrastive-0.6", "kind = 'contrastive', alpha = 0.6, top_k = 8"),
        ("beam-8", "kind = 'beam', width = 8, lists = 1"),
        ("k-best", "kind = 'k_best', lists = 1"),
        ("dpp", "kind = 'dpp', alpha = 0.2"),
        ("sample-top-8", "kind = 'sample', top_k = 8, temperature = 1.0, lists = 1"),
    ];
    alone.map(|(name, decoder)| decoded(name.to_owned(), decoder)).into()
}

/// More and more lists for the evaluator to choose from, proposed or found by exchanges.
pub(crate) fn lists() -> Vec<Variant> {
    let proposed = |name: String, decoders: &str| {
        Variant::nar4rec(name, &format!("pipeline.decoders = [{decoders}]\n{NO_EXCHANGES}"))
    };
    let greedy = proposed("greedy".to_owned(), "{ kind = 'greedy' }").along(LISTS_PROPOSED, 1.0, "greedy");
    let gumbel = [1, 3, 7, 15, 31, 63, 127, 255].map(|lists| {
        let gumbel = format!("{{ kind = 'gumbel', temperature = 0.7, lists = {lists} }}");
        let variant = proposed(format!("gumbel-{lists}"), &format!("{{ kind = 'greedy' }}, {gumbel}"));
        variant.along(LISTS_PROPOSED, f64::from(lists + 1), "greedy and Gumbel")
    });
    let best = [8, 32, 128].map(|lists| {
        let variant = proposed(format!("k-best-{lists}"), &format!("{{ kind = 'k_best', lists = {lists} }}"));
        variant.along(LISTS_PROPOSED, f64::from(lists), "k best")
    });
    let exchanged = [0, 1, 2, 4, 8].map(|rounds| {
        let patch =
            format!("pipeline.decoders = [{{ kind = 'greedy' }}]\n{AS_PROPOSED}\npipeline.exchanges.rounds = {rounds}");
        let variant = Variant::nar4rec(format!("exchanges-{rounds}"), &patch);
        variant.along(ROUNDS, f64::from(rounds), "")
    });
    std::iter::once(greedy).chain(gumbel).chain(best).chain(exchanged).collect()
}

/// The generator, of one layer, and Seq2Slate from narrow to wide: how good their lists are, and in `speed` how long they take.
pub(crate) fn sizes() -> Vec<Variant> {
    // What is narrow has nothing to spare.
    let dropout = |width| if width < 64 { 0.0 } else { 0.1 };
    let generators = SIZES.map(|width| {
        // Nobody asks its evaluator, so that is as small as can be.
        let sizes = format!(
            "[generator]\nwidth = {width}\nlayers = 1\nheads = 2\nfeed_forward = {}\ndropout = {:?}\n\
             [evaluator]\nwidth = 8\nlayers = 1\nheads = 1\nfeed_forward = 8\n\
             [training.evaluator]\nepochs = 1\n[training.negatives]\nlists = 0\n",
            2 * width,
            dropout(width)
        );
        let variant = decoded(format!("generator-{width}"), "kind = 'greedy'").with(&sizes);
        variant.along(WIDTH, f64::from(width), "generator")
    });
    let slates = [("seq2slate", "lstm"), ("seq2slate-no-encoder", "none")].into_iter().flat_map(|(name, encoder)| {
        SIZES.map(|width| {
            let dropout = dropout(width);
            let patch = format!("[systems.seq2slate]\nwidth = {width}\nencoder = '{encoder}'\ndropout = {dropout:?}");
            let variant = Variant::new(format!("{name}-{width}"), Subject::Rival(SystemKind::Seq2Slate), &patch);
            variant.along(WIDTH, f64::from(width), name)
        })
    });
    generators.into_iter().chain(slates).collect()
}

/// One setting at a time.
pub(crate) fn sensitivity() -> Vec<Variant> {
    let of = |(name, over): (&str, &'static str), field: &str, values: &[f64]| -> Vec<Variant> {
        let variant = |value: &f64| {
            let patch = format!("{field} = {value:?}");
            Variant::nar4rec(format!("{name}-{value}"), &patch).along(over, *value, "")
        };
        values.iter().map(variant).collect()
    };
    let mut variants = of(("omega", "ω"), "training.loss.contrastive_weight", &[0.0, 0.01, 0.05, 0.2]);
    variants.extend(of(("rho", "ρ"), "training.loss.margin", &[0.1, 0.4, 0.8]));
    variants.extend([0.25, 0.5, 0.75].map(|share| {
        let patch = format!("training.loss.utility_threshold = {{ quantile = {share} }}");
        Variant::nar4rec(format!("tau-quantile-{share}"), &patch).along(
            "τ, as a quantile of the lists' utility",
            share,
            "",
        )
    }));
    variants.extend([0, 1, 4].map(|lists| {
        let patch = format!("training.negatives.lists = {lists}");
        let name = format!("negatives-{lists}");
        Variant::nar4rec(name, &patch).along("drawn lists for each shown one", f64::from(lists), "")
    }));
    variants.extend([0.3, 3.0].map(|temperature| {
        let patch = format!("training.negatives.lists = 1\ntraining.negatives.temperature = {temperature:?}");
        Variant::nar4rec(format!("negatives-1-temperature-{temperature}"), &patch)
    }));
    variants.extend([0.05, 0.2, 0.6].into_iter().flat_map(|alpha| {
        [4, 8, 16].map(|top_k| {
            let decoder = format!("kind = 'contrastive', alpha = {alpha:?}, top_k = {top_k}");
            let name = format!("alpha-{alpha}-top-{top_k}");
            decoded(name, &decoder).along("α, the list of contrastive decoding alone", alpha, format!("top_k {top_k}"))
        })
    }));
    variants
}

/// How both are trained: the paper's best is one epoch of 1,024 lists at 0.001.
pub(crate) fn schedule() -> Vec<Variant> {
    let settings = [0.001, 0.004].into_iter().flat_map(|rate| {
        [256, 1024].into_iter().flat_map(move |batch| [1, 4].map(|epochs: i32| (rate, batch, epochs)))
    });
    let systems = [
        ("nar4rec", Subject::Nar4rec, &["generator", "evaluator"][..]),
        ("pier", Subject::Rival(SystemKind::Pier), &["systems.pier"][..]),
    ];
    let variant = |(name, subject, parts): (&str, Subject, &[&str]), (rate, batch, epochs): (f64, i32, i32)| {
        let run = |part: &&str| {
            format!("[training.{part}]\nlearning_rate = {rate:?}\nbatch_size = {batch}\nepochs = {epochs}\n")
        };
        let patch: String = parts.iter().map(run).collect();
        let curve = format!("{name}, rate {rate}, batch {batch}");
        Variant::new(format!("{name}-rate-{rate}-batch-{batch}-epochs-{epochs}"), subject, &patch).along(
            "epochs",
            f64::from(epochs),
            curve,
        )
    };
    settings.flat_map(|setting| systems.map(|system| variant(system, setting))).collect()
}

//! `nar4rec inspect`: what a model is.

use nar4rec_infer::Schema;
use nar4rec_model::{Manifest, Model};

use crate::{args::InspectArgs, console};

/// Prints what the model directory says, after checking all of it.
pub(crate) fn inspect(args: InspectArgs) -> anyhow::Result<()> {
    let manifest = Manifest::read(&args.model)?;
    let mut text = format!("{}\n", args.model.display());
    match nar4rec_train::system_at(&args.model)? {
        None => {
            let model = Model::load(&args.model)?;
            head(&manifest, model.config.precision.name(), model.config.generator.list_length, &mut text);
            networks(&manifest, &model, &mut text);
            catalog(model.items.as_ref().map(Vec::len), &mut text);
            features(&model.schema, &mut text)?;
        }
        Some(system) => {
            let network = nar4rec_train::load_rival(system, &args.model)?;
            head(&manifest, "f32", network.config.list_length, &mut text);
            line(&mut text, system.name(), &format!("{} parameters", manifest.parameters.network));
            catalog(network.items.as_ref().map(Vec::len), &mut text);
            features(&network.schema, &mut text)?;
        }
    }
    if args.json {
        return console::result(&format!("{}\n", serde_json::to_string_pretty(&manifest)?));
    }
    training(&manifest, &mut text);
    console::result(&text)
}

fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("  {name:<16}{value}\n"));
}

fn head(manifest: &Manifest, precision: &str, list_length: usize, text: &mut String) {
    line(text, "written by", &format!("nar4rec {}, format {}", manifest.nar4rec, manifest.format));
    line(text, "served in", precision);
    let bytes: u64 = manifest.files.values().map(|file| file.bytes).sum();
    line(text, "size", &format!("{:.1} MB in {} files", bytes as f64 / 1e6, manifest.files.len() + 1));
    line(text, "lists", &format!("of up to {list_length} items"));
}

fn catalog(items: Option<usize>, text: &mut String) {
    line(text, "catalog", &items.map_or("none".to_owned(), |items| format!("{items} items")));
}

fn networks(manifest: &Manifest, model: &Model, text: &mut String) {
    let (generator, evaluator) = (&model.config.generator, &model.config.evaluator);
    let network = |d: usize, l: usize, h: usize, f: usize, count: u64| {
        format!("{count} parameters: width {d}, layers {l}, heads {h}, feed-forward {f}")
    };
    let g = network(
        generator.width,
        generator.layers,
        generator.heads,
        generator.feed_forward,
        manifest.parameters.generator,
    );
    let e = network(
        evaluator.width,
        evaluator.layers,
        evaluator.heads,
        evaluator.feed_forward,
        manifest.parameters.evaluator,
    );
    line(text, "generator", &g);
    line(text, "evaluator", &e);
    let kinds: Vec<String> = evaluator.feedback.iter().map(|kind| format!("{} × {}", kind.weight, kind.name)).collect();
    line(text, "utility", &kinds.join(" + "));
}

fn features(schema: &Schema, text: &mut String) -> anyhow::Result<()> {
    let spec = schema.input_spec()?;
    text.push_str("\nfeatures\n");
    line(text, "user numbers", &listed(&spec.user_number_names));
    line(text, "numbers", &listed(&spec.candidate_number_names));
    let bags = spec.user_bags.iter().chain(&spec.candidate_bags);
    for bag in bags {
        let table = &spec.tables[bag.table];
        let value = format!("embedded by table {}, {} rows of {}", table.name, table.rows, table.dim);
        line(text, &bag.name, &value);
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn training(manifest: &Manifest, text: &mut String) {
    let provenance = &manifest.provenance;
    text.push_str("\ntraining\n");
    line(text, "seed", &provenance.seed.to_string());
    line(text, "lists", &provenance.data.lists.to_string());
    for (name, sha256) in &provenance.data.files {
        line(text, name, &format!("sha256 {}", &sha256[..sha256.len().min(16)]));
    }
    for (split, metrics) in &provenance.metrics {
        let figures: Vec<String> =
            metrics.iter().filter_map(|(name, value)| Some(format!("{name} {:.4}", (*value)?))).collect();
        line(text, split, &figures.join(", "));
    }
    if let Some(cost) = &provenance.quantisation {
        text.push_str("\nquantisation\n");
        text.push_str(&super::quantize::text(cost));
    }
}

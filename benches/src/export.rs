//! Models, inputs and answers in a folder, for other implementations to be compared with.
//!
//! ```text
//!   DIR/model/                a model directory whose parameters are all drawn at random
//!   DIR/fresh/                one as training begins with it
//!   DIR/sample.json           sizes, lists, settings, the list that is chosen and the loss of a training step
//!   DIR/requests.f32          numbers of 64 requests, [64, n, 32]         DIR/log_probabilities.f32   [64, n, m]
//!   DIR/training.f32          numbers of 256 lists' requests, [256, n, 32]     DIR/labels.f32         [256, m]
//!   DIR/probabilities.f32     of the lists of the first request, [8, m]
//! ```
//!
//! Numbers are `f32`, little-endian. The answers are those of the executor that is timed.

use std::{fs, path::Path};

use anyhow::Context;
use nar4rec_evaluator::Lists;
use nar4rec_kernels::Isa;
use nar4rec_tensor::{Eager, Exec, Purpose, Weights, Workspace};
use nar4rec_train::{FitConfig, LossConfig};
use serde_json::json;

use crate::{
    Shape,
    paths::{
        choice::Chooser,
        networks::some_lists,
        training::{LISTS, THRESHOLD, expected_loss, labels},
    },
    shape::{ALPHAS, NUMBERS, batch, contrastive_decoders},
};

/// Requests with answers.
const REQUESTS: usize = 64;

/// Lists of the first request that the evaluator judges.
const JUDGED: usize = 8;

/// What is written beside models and requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Training {
    /// The lists of a training step and their loss, which takes a while to work out for a large shape.
    Written,
    /// Nothing of that.
    Left,
}

/// Writes the folder.
///
/// # Errors
/// If a file cannot be written.
pub fn export(shape: &Shape, dir: &Path, training: Training) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let model = shape.model(contrastive_decoders())?;
    model.save(&dir.join("model"))?;
    let requests = shape.requests(REQUESTS);
    let (all, first) = (batch(&requests), batch(&requests[..1]));
    write(&dir.join("requests.f32"), &all.candidate_numbers)?;

    let weights =
        |parameters: &nar4rec_tensor::Parameters| Weights::new(parameters.clone(), Isa::detect(), Purpose::Inference);
    let (generator, evaluator) = (weights(&model.generator.parameters), weights(&model.evaluator.parameters));
    let mut workspace = Workspace::default();
    let mut ex = Eager::new(&generator, &mut workspace);
    let output = model.generator.layers.forward(&mut ex, &all);
    write(&dir.join("log_probabilities.f32"), ex.data(output.log_probabilities))?;

    let lists = some_lists(shape, JUDGED);
    let mut rows = Lists::default();
    lists.iter().for_each(|list| rows.push(list.iter().map(|index| *index as u32)));
    let mut ex = Eager::new(&evaluator, &mut workspace);
    let logits = model.evaluator.layers.forward(&mut ex, &first, &rows);
    let probabilities: Vec<f32> = ex.data(logits).iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect();
    write(&dir.join("probabilities.f32"), &probabilities)?;

    let loss = match training {
        Training::Written => Some(export_training(shape, dir)?),
        Training::Left => None,
    };
    let mut chooser = Chooser::new(model, shape.candidates);
    let (chosen, utility) = chooser.choose(&first);
    let (fit, losses) = (FitConfig::default(), LossConfig::default());
    let sample = json!({
        "candidates": shape.candidates, "positions": shape.positions, "width": shape.width, "layers": shape.layers,
        "heads": shape.heads, "feed_forward": shape.feed_forward, "numbers": NUMBERS,
        "requests": REQUESTS, "lists": lists, "alphas": ALPHAS, "chosen": chosen, "utility": utility,
        "training": {
            "lists": LISTS, "threshold": THRESHOLD, "loss": loss, "clip_norm": fit.clip_norm,
            "weight_decay": fit.weight_decay, "margin": losses.margin, "contrastive_weight": losses.contrastive_weight,
        },
    });
    let path = dir.join("sample.json");
    fs::write(&path, sample.to_string()).with_context(|| format!("writing {}", path.display()))
}

/// What a training step needs, and its loss.
fn export_training(shape: &Shape, dir: &Path) -> anyhow::Result<f64> {
    let (model, requests, labels) = (shape.fresh_model(contrastive_decoders())?, shape.requests(LISTS), labels(shape));
    model.save(&dir.join("fresh"))?;
    write(&dir.join("training.f32"), &batch(&requests).candidate_numbers)?;
    write(&dir.join("labels.f32"), &labels)?;
    Ok(expected_loss(shape, &model, &requests, &labels))
}

fn write(path: &Path, numbers: &[f32]) -> anyhow::Result<()> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_the_numbers_it_should() {
        let dir = tempfile::tempdir().unwrap();
        let shape: Shape = "n7-m3-d8-l1".parse().unwrap();
        export(&shape, dir.path(), Training::Written).unwrap();
        let numbers = |name: &str| fs::metadata(dir.path().join(name)).unwrap().len() / 4;
        assert_eq!(numbers("requests.f32"), 64 * 7 * 32);
        assert_eq!(numbers("log_probabilities.f32"), 64 * 7 * 3);
        assert_eq!(numbers("probabilities.f32"), 8 * 3);
        assert_eq!((numbers("training.f32"), numbers("labels.f32")), (256 * 7 * 32, 256 * 3));
        let sample = fs::read_to_string(dir.path().join("sample.json")).unwrap();
        let sample: serde_json::Value = serde_json::from_str(&sample).unwrap();
        assert_eq!(sample["chosen"].as_array().unwrap().len(), 3);
        assert!(sample["training"]["loss"].as_f64().unwrap().is_finite());
        assert!(dir.path().join("model/model.safetensors").exists() && dir.path().join("fresh").exists());
    }
}

//! `about.json`: what made the goldens, and the configuration of each.
//!
//! Configurations are read by the models' own types, so a golden also says that they understand the names.

use nar4rec_evaluator::EvaluatorConfig;
use nar4rec_features::{BagSpec, InputSpec, TableSpec};
use nar4rec_generator::GeneratorConfig;
use serde::Deserialize;

use crate::golden;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers and the test of the script's hash"))]
    pub(crate) script: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers and the test of the script's hash"))]
    pub(crate) script_sha256: String,
    #[expect(dead_code, reason = "for readers")]
    seed: u64,
    #[expect(dead_code, reason = "for readers")]
    torch: String,
    #[expect(dead_code, reason = "for readers")]
    numpy: String,
    #[expect(dead_code, reason = "for readers")]
    safetensors: String,
    pub(crate) generators: Vec<GeneratorAbout>,
    pub(crate) evaluators: Vec<EvaluatorAbout>,
    pub(crate) ten_steps: TenStepsAbout,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GeneratorAbout {
    pub(crate) name: String,
    pub(crate) spec: SpecAbout,
    pub(crate) config: GeneratorConfig,
    pub(crate) objective: ObjectiveAbout,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectiveAbout {
    pub(crate) margin: f32,
    pub(crate) omega: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvaluatorAbout {
    pub(crate) name: String,
    pub(crate) spec: SpecAbout,
    pub(crate) config: EvaluatorConfig,
    pub(crate) list_length: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenStepsAbout {
    pub(crate) optimiser: OptimiserAbout,
    pub(crate) generator: GeneratorAbout,
    pub(crate) evaluator: EvaluatorAbout,
}

/// The optimiser of the ten steps: AdamW that decays matrices only, after gradients were clipped by their global norm.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimiserAbout {
    /// The same at every step.
    pub learning_rate: f32,
    /// β₁
    pub beta1: f32,
    /// β₂
    pub beta2: f32,
    /// ε
    pub epsilon: f32,
    /// Of matrices; vectors and tables are not decayed.
    pub weight_decay: f32,
    /// Gradients are multiplied by min(1, clip_norm / (norm + 1e-6)).
    pub clip_norm: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpecAbout {
    user_numbers: usize,
    candidate_numbers: usize,
    tables: Vec<TableAbout>,
    user_bags: Vec<usize>,
    candidate_bags: Vec<usize>,
    interactions: Vec<(usize, usize)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableAbout {
    name: String,
    rows: usize,
    dim: usize,
}

impl About {
    /// Reads the file.
    pub(crate) fn read() -> Self {
        serde_json::from_slice(&golden::bytes("about.json")).unwrap_or_else(|error| panic!("about.json: {error}"))
    }
}

impl From<SpecAbout> for InputSpec {
    fn from(about: SpecAbout) -> Self {
        let table = |table: TableAbout| TableSpec { name: table.name, rows: table.rows, dim: table.dim };
        let names = |side: &str, count: usize| (0..count).map(|i| format!("{side}.{i}")).collect();
        let bags = |side: &str, tables: Vec<usize>| {
            let named = |(i, table)| BagSpec { name: format!("{side}.bag{i}"), table };
            tables.into_iter().enumerate().map(named).collect()
        };
        Self {
            user_numbers: about.user_numbers,
            candidate_numbers: about.candidate_numbers,
            own_numbers: about.candidate_numbers,
            item_numbers: 0,
            user_number_names: names("user", about.user_numbers),
            candidate_number_names: names("candidate", about.candidate_numbers),
            tables: about.tables.into_iter().map(table).collect(),
            user_bags: bags("user", about.user_bags),
            candidate_bags: bags("candidate", about.candidate_bags),
            own_bags: 0,
            interactions: about.interactions,
            products: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_beside_the_goldens_made_them() {
        let about = About::read();
        let digest = hmac_sha256::Hash::hash(&golden::bytes(&about.script));
        let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, about.script_sha256, "the script was changed: run it again and commit what it writes");
    }
}

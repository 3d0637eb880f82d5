//! What the evaluator is made of and what it predicts.

use std::collections::BTreeMap;

use nar4rec_layers::{Activation, BlockConfig, ConfigError, NormPlacement};
use serde::{Deserialize, Serialize};

/// One kind of feedback and what it is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedbackKind {
    /// Its name in the data.
    pub name: String,
    /// w in the utility of a list: Σ w · feedback.
    #[serde(default = "one")]
    pub weight: f32,
    /// The amount that counts as 1, for feedback that is an amount, such as 30 seconds of play; more counts as 1 too.
    #[serde(default = "one")]
    pub scale: f32,
}

fn one() -> f32 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl FeedbackKind {
    /// The name of the kind that no log need have: 1 of every item that was shown. It tells models that learn from candidates that
    /// were not shown too, which are 0, how an item that was shown and met with nothing differs from these.
    pub const SHOWN: &str = "shown";

    /// A kind that is 0 or 1 and worth `weight`.
    pub fn new(name: impl Into<String>, weight: f32) -> Self {
        Self { name: name.into(), weight, scale: 1.0 }
    }

    /// Observed feedback as a label in 0..=1.
    pub fn label(&self, feedback: f64) -> f32 {
        (feedback as f32 / self.scale).clamp(0.0, 1.0)
    }

    /// The label in 0..=1 of an item that was shown and met this feedback; `None` if this kind was not observed.
    pub fn label_of(&self, feedback: &BTreeMap<String, f64>) -> Option<f32> {
        match feedback.get(&self.name) {
            Some(value) => Some(self.label(*value)),
            None => (self.name == Self::SHOWN).then_some(1.0),
        }
    }
}

/// The evaluator's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluatorConfig {
    /// Width of every state.
    pub width: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads; they divide the width.
    pub heads: usize,
    /// Inner width of the feed-forward layers.
    pub feed_forward: usize,
    /// Probability of dropping a number of the first states or of a sub-layer's result in training.
    pub dropout: f32,
    /// Where to normalise: `pre`, `post` or `none`.
    pub norm: NormPlacement,
    /// Between the maps of a feed-forward layer: `gelu` or `relu`.
    pub activation: Activation,
    /// Numbers by which items are held alike: each place reads how alike its item is to those above. 0 leaves it to
    /// attention, and is not written, so that programs from before likeness read such a model.
    #[serde(skip_serializing_if = "is_zero")]
    pub likeness: usize,
    /// The kinds of feedback, each with its weight in a list's utility.
    pub feedback: Vec<FeedbackKind>,
}

impl Default for EvaluatorConfig {
    fn default() -> Self {
        let block = BlockConfig::default();
        Self {
            width: block.width,
            layers: block.layers,
            heads: block.heads,
            feed_forward: block.feed_forward,
            dropout: block.dropout,
            norm: block.norm,
            activation: block.activation,
            likeness: 0,
            feedback: Vec::new(),
        }
    }
}

impl EvaluatorConfig {
    /// The make of its blocks.
    pub fn block(&self) -> BlockConfig {
        BlockConfig {
            width: self.width,
            layers: self.layers,
            heads: self.heads,
            feed_forward: self.feed_forward,
            dropout: self.dropout,
            norm: self.norm,
            activation: self.activation,
        }
    }

    /// Checks that such an evaluator exists.
    ///
    /// # Errors
    /// If a size does not fit, there is no feedback kind, one stands twice, or a weight or scale is not a number it can be.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.block().validate()?;
        if self.feedback.is_empty() {
            return Err(ConfigError::new("feedback", "empty, expected at least one kind"));
        }
        for (index, kind) in self.feedback.iter().enumerate() {
            let error =
                |field: &str, problem: String| Err(ConfigError::new(format!("feedback[{index}].{field}"), problem));
            if self.feedback[..index].iter().any(|other| other.name == kind.name) {
                return error("name", format!("{:?} stands twice, expected distinct kinds", kind.name));
            }
            if !kind.weight.is_finite() {
                return error("weight", format!("{}, expected a finite number", kind.weight));
            }
            if !(kind.scale.is_finite() && kind.scale > 0.0) {
                return error("scale", format!("{}, expected a number above 0", kind.scale));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_become_labels() {
        let seconds = FeedbackKind { name: "play_seconds".into(), weight: 1.0, scale: 30.0 };
        assert_eq!([0.0, 15.0, 30.0, 300.0].map(|x| seconds.label(x)), [0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn what_was_not_observed_is_unknown_but_for_being_shown() {
        let observed = |name: &str, feedback: &[(&str, f64)]| {
            let feedback = feedback.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            FeedbackKind::new(name, 1.0).label_of(&feedback)
        };
        assert_eq!(observed("click", &[("click", 1.0), ("like", 0.0)]), Some(1.0));
        assert_eq!(observed("click", &[("like", 0.0)]), None);
        assert_eq!(observed("shown", &[("like", 0.0)]), Some(1.0));
        assert_eq!(observed("shown", &[("shown", 0.0)]), Some(0.0), "a log may say so itself");
    }

    #[test]
    fn what_cannot_be_is_named() {
        let message = |feedback: Vec<FeedbackKind>| {
            EvaluatorConfig { feedback, ..EvaluatorConfig::default() }.validate().unwrap_err().to_string()
        };
        let click = FeedbackKind::new("click", 1.0);
        assert_eq!(message(vec![]), "feedback: empty, expected at least one kind");
        assert!(message(vec![click.clone(), click.clone()]).starts_with("feedback[1].name: \"click\" stands twice"));
        assert!(message(vec![FeedbackKind { weight: f32::NAN, ..click.clone() }]).starts_with("feedback[0].weight"));
        assert!(message(vec![FeedbackKind { scale: 0.0, ..click }]).starts_with("feedback[0].scale: 0"));
    }
}

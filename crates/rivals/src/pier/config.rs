//! What a PIER is made of.

use nar4rec_layers::ConfigError;
use serde::{Deserialize, Serialize};

use crate::config::{check_drawn_lists, check_share, checked_sizes, out_of_range};

/// What a PIER is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PierConfig {
    /// Width of a candidate's first state.
    pub width: usize,
    /// Widths of the item tower's layers after it.
    pub tower: Vec<usize>,
    /// Width of what a place reads of each field of its list, and of the user's past.
    pub attention: usize,
    /// Widths of the layers that predict from item, list and past together.
    pub hidden: Vec<usize>,
    /// Probability of dropping a number of the first states in training.
    pub dropout: f32,
    /// All permutations of up to five places are proposed where there are at most this many.
    pub enumerated: usize,
    /// Otherwise as many lists as this, found by a beam of this width.
    pub beam: usize,
    /// K: of the proposed lists, those nearest to the user's past that the network compares.
    pub kept: usize,
    /// Planes of the hash, at most 64.
    pub bits: usize,
    /// The user's last items that are taken for the past, at most.
    pub past: usize,
    /// What a past list counts, as a multiple of the one after it.
    pub recency: f32,
    /// What the item tower's loss counts beside that of the lists: the tower decides what is proposed.
    pub item_weight: f32,
    /// The weight of the difference between near and far lists in the loss.
    pub contrast: f32,
    /// Lists at either end that it compares in training.
    pub contrasted: usize,
    /// Lists drawn of known candidates that are learned from with each shown list, where candidates not shown are known.
    pub drawn_lists: usize,
}

impl Default for PierConfig {
    fn default() -> Self {
        Self {
            width: 128,
            tower: vec![128, 64],
            attention: 16,
            hidden: vec![128, 64],
            dropout: 0.1,
            enumerated: 1000,
            beam: 256,
            kept: 32,
            bits: 64,
            past: 50,
            recency: 0.8,
            item_weight: 10.0,
            contrast: 0.01,
            contrasted: 4,
            drawn_lists: 1,
        }
    }
}

impl PierConfig {
    /// Checks that such a network exists.
    ///
    /// # Errors
    /// If a number is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        checked_sizes(self.width, &self.hidden, self.dropout)?;
        for (index, size) in self.tower.iter().enumerate() {
            out_of_range(&format!("tower[{index}]"), *size, 1 << 14)?;
        }
        let sizes = [
            ("attention", self.attention, 1 << 10),
            ("enumerated", self.enumerated, 1 << 20),
            ("beam", self.beam, 1 << 16),
            ("kept", self.kept, self.beam),
            ("bits", self.bits, 64),
            ("past", self.past, 1 << 16),
            ("contrasted", self.contrasted, self.beam),
        ];
        sizes.into_iter().try_for_each(|(field, size, most)| out_of_range(field, size, most))?;
        check_drawn_lists(self.drawn_lists)?;
        check_share("recency", self.recency)?;
        for (field, weight) in [("item_weight", self.item_weight), ("contrast", self.contrast)] {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(ConfigError::new(field, format!("{weight}, expected a number of at least 0")));
            }
        }
        Ok(())
    }

    /// Width of the item tower's last states.
    pub(super) fn tower_width(&self) -> usize {
        self.tower.last().copied().unwrap_or(self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_named() {
        type Change = fn(&mut PierConfig);
        let cases: [(&str, Change); 13] = [
            ("width: 0", |c| c.width = 0),
            ("tower[1]: 0", |c| c.tower = vec![4, 0]),
            ("attention: 0", |c| c.attention = 0),
            ("hidden[0]: 0", |c| c.hidden = vec![0]),
            ("dropout: 1", |c| c.dropout = 1.0),
            ("enumerated: 0", |c| c.enumerated = 0),
            ("kept: 9, expected between 1 and 8", |c| (c.beam, c.kept) = (8, 9)),
            ("bits: 65", |c| c.bits = 65),
            ("past: 0", |c| c.past = 0),
            ("recency: 0, ", |c| c.recency = 0.0),
            ("item_weight: -1", |c| c.item_weight = -1.0),
            ("contrast: NaN", |c| c.contrast = f32::NAN),
            ("drawn_lists: 1000", |c| c.drawn_lists = 1000),
        ];
        for (start, change) in cases {
            let mut config = PierConfig::default();
            assert!(config.validate().is_ok());
            change(&mut config);
            let message = config.validate().unwrap_err().to_string();
            assert!(message.starts_with(start), "{message}");
        }
    }
}

//! The decoders as a configuration: one entry, one way from P̂ to lists.
//!
//! ```toml
//! decoders = [
//!     { kind = "greedy" },
//!     { kind = "contrastive", alpha = 0.1, top_k = 8 },
//!     { kind = "dpp", alpha = 0.5, top_k = 8 },
//!     { kind = "beam", width = 4, lists = 2 },
//!     { kind = "sample", top_k = 10, temperature = 0.8, lists = 2 },
//!     { kind = "gumbel", temperature = 1.0, lists = 3 },
//!     { kind = "k_best", lists = 4 },
//! ]
//! ```

use serde::{Deserialize, Serialize};

use crate::task::Task;
use crate::workspace::Memory;
use crate::{Beam, Contrastive, DecodeError, Decoded, Dpp, Greedy, Gumbel, KBest, Rules, Sample, Scores, Workspace};

/// A way from a probability matrix to lists.
///
/// ```
/// use nar4rec_decoding::{Decoder, Rules, Scores, Workspace};
/// // Two candidates, two positions: the first is better at both, but the second loses more at the front.
/// let log_probabilities = [0.6_f32, 0.9, 0.4, 0.1].map(f32::ln);
/// let scores = Scores::new(&log_probabilities, &[], 2, 2)?;
/// let (rules, mut workspace) = (Rules::none(2), Workspace::default());
/// for (kind, list) in [("greedy", [0, 1]), ("k_best", [1, 0])] {
///     let decoder: Decoder = serde_json::from_str(&format!(r#"{{"kind":"{kind}"}}"#)).expect("a known kind");
///     let found = decoder.decode(&scores, &rules, 2, 0, &mut workspace)?;
///     assert_eq!(found[0].list.as_slice(), list); // 0.6 · 0.1 and 0.4 · 0.9
/// }
/// # Ok::<(), nar4rec_decoding::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Decoder {
    /// The most probable untaken candidate of each position.
    Greedy(Greedy),
    /// Probable and unlike what is chosen already.
    Contrastive(Contrastive),
    /// Probable and adding to what is chosen already.
    Dpp(Dpp),
    /// The most probable partial lists are kept.
    Beam(Beam),
    /// Independent draws, position by position.
    Sample(Sample),
    /// Distinct lists drawn without replacement.
    Gumbel(Gumbel),
    /// The exact most probable lists.
    KBest(KBest),
}

impl Decoder {
    /// Its kind, as the configuration names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Greedy(_) => "greedy",
            Self::Contrastive(_) => "contrastive",
            Self::Dpp(_) => "dpp",
            Self::Beam(_) => "beam",
            Self::Sample(_) => "sample",
            Self::Gumbel(_) => "gumbel",
            Self::KBest(_) => "k_best",
        }
    }

    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// [`DecodeError::Setting`] naming the first that is not.
    pub fn validate(&self) -> Result<(), DecodeError> {
        match self {
            Self::Greedy(_) => Ok(()),
            Self::Contrastive(contrastive) => contrastive.validate(),
            Self::Dpp(dpp) => dpp.validate(),
            Self::Beam(beam) => beam.validate(),
            Self::Sample(sample) => sample.validate(),
            Self::Gumbel(gumbel) => gumbel.validate(),
            Self::KBest(k_best) => k_best.validate(),
        }
    }

    /// Lists of `length` candidates that keep the rules, best first (samples: in the order drawn); at least one.
    ///
    /// The lists are shorter where the scores have fewer positions, or fewer candidates are neither excluded nor
    /// impossible everywhere. `seed` matters to the sampling decoders only. The lists lie in the workspace until its next
    /// use.
    ///
    /// # Errors
    /// If a setting is out of range, the rules are for another number of candidates or pin a position beyond the list,
    /// no list keeps the rules, or the search for one was given up.
    pub fn decode<'w>(
        &self,
        scores: &Scores,
        rules: &Rules,
        length: usize,
        seed: u64,
        workspace: &'w mut Workspace,
    ) -> Result<&'w [Decoded], DecodeError> {
        self.validate()?;
        let Workspace { places, memory } = workspace;
        let task = Task::new(scores, rules, length, places)?;
        memory.begin(&task, self.most_lists());
        self.run(&task, seed, memory)?;
        Ok(memory.found.as_slice())
    }

    /// It finds no more lists than this.
    pub(crate) fn most_lists(&self) -> usize {
        match *self {
            Self::Greedy(_) | Self::Contrastive(_) | Self::Dpp(_) => 1,
            Self::Beam(Beam { width, lists }) => lists.min(width),
            Self::Sample(Sample { lists, .. }) | Self::Gumbel(Gumbel { lists, .. }) | Self::KBest(KBest { lists }) => {
                lists
            }
        }
    }

    /// Decodes the task that the memory was begun for, with settings that are known to be valid, into its `found`.
    pub(crate) fn run(&self, task: &Task, seed: u64, memory: &mut Memory) -> Result<(), DecodeError> {
        memory.found.clear();
        match self {
            Self::Greedy(greedy) => greedy.decode(task, memory),
            Self::Contrastive(contrastive) => contrastive.decode(task, memory),
            Self::Dpp(dpp) => dpp.decode(task, memory),
            Self::Beam(beam) => beam.decode(task, memory),
            Self::Sample(sample) => sample.decode(task, seed, memory),
            Self::Gumbel(gumbel) => gumbel.decode(task, seed, memory),
            Self::KBest(k_best) => k_best.decode(task, memory),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Decoder, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_given_has_a_default() {
        assert_eq!(read("kind = 'greedy'"), Ok(Decoder::Greedy(Greedy {})));
        let contrastive = Contrastive { alpha: 0.1, top_k: Some(8) };
        assert_eq!(read("kind = 'contrastive'\ntop_k = 8"), Ok(Decoder::Contrastive(contrastive)));
        assert_eq!(read("kind = 'dpp'\ntop_k = 8"), Ok(Decoder::Dpp(Dpp { alpha: 1.0, top_k: Some(8) })));
        assert_eq!(read("kind = 'beam'\nwidth = 3"), Ok(Decoder::Beam(Beam { width: 3, lists: 1 })));
        assert_eq!(read("kind = 'sample'"), Ok(Decoder::Sample(Sample::default())));
        assert_eq!(read("kind = 'gumbel'\nlists = 2"), Ok(Decoder::Gumbel(Gumbel { temperature: 1.0, lists: 2 })));
        assert_eq!(read("kind = 'k_best'\nlists = 4"), Ok(Decoder::KBest(KBest { lists: 4 })));
    }

    #[test]
    fn unknown_fields_and_kinds_are_errors() {
        for kind in ["greedy", "contrastive", "dpp", "beam", "sample", "gumbel", "k_best"] {
            assert_eq!(read(&format!("kind = '{kind}'")).unwrap().name(), kind);
            let error = read(&format!("kind = '{kind}'\nwidht = 3")).unwrap_err();
            assert!(error.contains("unknown field `widht`"), "{kind}: {error}");
        }
        assert!(read("kind = 'mmr'").unwrap_err().contains("unknown variant `mmr`"));
    }

    #[test]
    fn settings_out_of_range_name_the_field() {
        for (text, field) in [
            ("kind = 'contrastive'\nalpha = 1.5", "contrastive.alpha: 1.5, expected a number from 0 to 1"),
            ("kind = 'contrastive'\nalpha = nan", "contrastive.alpha: NaN"),
            ("kind = 'contrastive'\ntop_k = 0", "contrastive.top_k: 0, expected at least 1"),
            ("kind = 'dpp'\nalpha = -0.5", "dpp.alpha: -0.5, expected a number of at least 0"),
            ("kind = 'dpp'\nalpha = inf", "dpp.alpha: inf"),
            ("kind = 'dpp'\ntop_k = 0", "dpp.top_k: 0, expected at least 1"),
            ("kind = 'beam'\nwidth = 0", "beam.width: 0"),
            ("kind = 'beam'\nlists = 0", "beam.lists: 0"),
            ("kind = 'sample'\ntop_k = 0", "sample.top_k: 0"),
            ("kind = 'sample'\nlists = 0", "sample.lists: 0"),
            ("kind = 'sample'\ntemperature = 0.0", "sample.temperature: 0, expected a number above 0"),
            ("kind = 'gumbel'\ntemperature = inf", "gumbel.temperature: inf"),
            ("kind = 'gumbel'\nlists = 0", "gumbel.lists: 0"),
            ("kind = 'k_best'\nlists = 0", "k_best.lists: 0"),
        ] {
            let message = read(text).unwrap().validate().unwrap_err().to_string();
            assert!(message.starts_with(field), "{text}: {message}");
        }
    }

    #[test]
    fn json_and_toml_round_trip() {
        let dpp = Decoder::Dpp(Dpp::default());
        for decoder in crate::ProposalConfig::default().decoders.into_iter().chain([dpp]) {
            let text = toml::to_string(&decoder).unwrap();
            assert_eq!(read(&text), Ok(decoder));
            let json = serde_json::to_string(&decoder).unwrap();
            assert_eq!(serde_json::from_str::<Decoder>(&json).unwrap(), decoder);
        }
    }
}

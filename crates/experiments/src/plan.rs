//! Which experiments there are, and the variants of each.

use nar4rec_data::DataSet;
use nar4rec_train::{Baseline, Config, SystemKind};
use toml::{Table, Value};

use crate::{ExperimentError, known_user, variants};

/// What a variant is a variant of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An order that needs no model.
    Baseline(Baseline),
    /// A system that NAR4Rec is compared with.
    Rival(SystemKind),
    /// NAR4Rec.
    Nar4rec,
}

/// One row of an experiment's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Its name, which is a file's name too.
    pub name: String,
    /// What it is a variant of.
    pub subject: Subject,
    /// What it changes in the configuration.
    pub patch: Table,
    /// Its place on a curve, if it is one of a sweep.
    pub along: Option<Along>,
}

/// A place on a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Along {
    /// What the curve goes over.
    pub over: &'static str,
    /// Where on it.
    pub x: f64,
    /// Which of the curves that go over this.
    pub curve: String,
}

impl Variant {
    pub(crate) fn new(name: impl Into<String>, subject: Subject, patch: &str) -> Self {
        Self { name: name.into(), subject, patch: patch.parse().expect("patches are TOML"), along: None }
    }

    /// The same on a curve.
    pub(crate) fn along(self, over: &'static str, x: f64, curve: impl Into<String>) -> Self {
        Self { along: Some(Along { over, x, curve: curve.into() }), ..self }
    }

    /// The same with further changes.
    pub(crate) fn with(mut self, patch: &str) -> Self {
        merge(&mut self.patch, &patch.parse().expect("patches are TOML"));
        self
    }

    pub(crate) fn nar4rec(name: impl Into<String>, patch: &str) -> Self {
        Self::new(name, Subject::Nar4rec, patch)
    }

    /// The configuration with this variant's changes.
    ///
    /// # Errors
    /// If the changed configuration is not valid.
    pub fn config(&self, base: &Config, seed: u64) -> Result<Config, ExperimentError> {
        self.changed(base, seed, &self.patch)
    }

    /// The configuration its model is trained with: the pipeline is not changed, as variants of it alone share a model.
    ///
    /// # Errors
    /// If the changed configuration is not valid.
    pub fn training_config(&self, base: &Config, seed: u64) -> Result<Config, ExperimentError> {
        let mut patch = self.patch.clone();
        patch.remove("pipeline");
        self.changed(base, seed, &patch)
    }

    fn changed(&self, base: &Config, seed: u64, patch: &Table) -> Result<Config, ExperimentError> {
        let invalid = |problem: String| ExperimentError::Variant { name: self.name.clone(), problem };
        let mut table = Table::try_from(base).map_err(|error| invalid(error.to_string()))?;
        merge(&mut table, patch);
        table.insert("seed".to_owned(), Value::Integer(seed as i64));
        let text = toml::to_string(&table).map_err(|error| invalid(error.to_string()))?;
        Config::from_toml(&text).map_err(|error| invalid(error.to_string()))
    }

    /// The name of the model it uses: variants of the pipeline alone share one. Nothing if it needs no model.
    pub fn model(&self) -> Option<&str> {
        match self.subject {
            Subject::Baseline(_) => None,
            Subject::Nar4rec if self.patch.keys().all(|key| key == "pipeline") => Some("nar4rec"),
            Subject::Nar4rec | Subject::Rival(_) => Some(&self.name),
        }
    }
}

/// `changes` over `table`; tables are merged, everything else is replaced.
fn merge(table: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(Value::Table(old)), Value::Table(new)) if !is_choice(old) => merge(old, new),
            _ => drop(table.insert(key.clone(), change.clone())),
        }
    }
}

/// A table that names one of several things, as in `{ quantile = 0.5 }`, is replaced as a whole.
fn is_choice(table: &Table) -> bool {
    table.len() == 1 && ["quantile", "value"].iter().any(|key| table.contains_key(*key))
}

/// The variants of a grid, all of them.
#[derive(Debug, Clone, Copy)]
pub struct Variants(fn() -> Vec<Variant>);

impl Variants {
    /// All of them.
    pub fn all(self) -> Vec<Variant> {
        (self.0)()
    }

    /// Those of these names, or all.
    ///
    /// # Errors
    /// If a name is not that of a variant.
    pub fn named(self, names: &[String]) -> Result<Vec<Variant>, ExperimentError> {
        chosen(self.all(), names, |variant| &variant.name)
    }
}

/// What is of one of these names, or all if there are none.
pub(crate) fn chosen<T>(all: Vec<T>, names: &[String], name: fn(&T) -> &str) -> Result<Vec<T>, ExperimentError> {
    if let Some(unknown) = names.iter().find(|wanted| all.iter().all(|one| name(one) != **wanted)) {
        let mut expected: Vec<&str> = all.iter().map(name).collect();
        expected.dedup();
        let expected = expected.join(", ");
        return Err(ExperimentError::Name { what: "variant", found: unknown.clone(), expected });
    }
    Ok(all.into_iter().filter(|one| names.is_empty() || names.iter().any(|wanted| wanted == name(one))).collect())
}

/// What an experiment does.
#[derive(Debug, Clone, Copy)]
pub enum Plan {
    /// Trains variants with several seeds, and measures how good their lists are: a [`Grid`](crate::Grid).
    Grid(Variants),
    /// Measures how long systems take with their initial weights: a [`Speed`](crate::Speed).
    Speed,
    /// Lets systems serve a known user day by day: an [`Online`](crate::Online).
    Online(Variants),
}

impl Plan {
    /// The names of all variants.
    pub fn names(self) -> Vec<String> {
        match self {
            Self::Grid(variants) | Self::Online(variants) => {
                variants.all().into_iter().map(|variant| variant.name).collect()
            }
            Self::Speed => crate::speed::systems().into_iter().map(|system| system.name().to_owned()).collect(),
        }
    }
}

/// An experiment of the paper's readers (docs/method.md §6, §7).
#[derive(Debug, Clone, Copy)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it asks, in a line.
    pub about: &'static str,
    /// What it does.
    pub plan: Plan,
    /// Whether it needs a user whose mind is known: a simulated log.
    pub needs_truth: bool,
}

impl Experiment {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::grid("rivals", "all systems on the same lists", variants::rivals),
        Self {
            needs_truth: true,
            ..Self::grid(
                "oracle",
                "all systems on a user whose mind is known: the share of the best possible, and what was lost where",
                variants::rivals,
            )
        },
        Self::grid("domains", "all systems on several data sets: does their order hold", variants::rivals),
        Self::grid("positions", "positions shared by all requests, or made of their candidates", variants::positions),
        Self::grid("unlikelihood", "lists that did badly made unlikelier, or left out", variants::unlikelihood),
        Self::grid("decoders", "one way of decoding at a time, everything else fixed", variants::decoders),
        Self::grid(
            "sizes",
            "the generator and Seq2Slate from narrow to wide; speed has how long they take",
            variants::sizes,
        ),
        Self::grid("lists", "how many lists the evaluator is given, proposed or found by exchanges", variants::lists),
        Self::grid(
            "sensitivity",
            "ω, ρ, τ, α × top_k and the choice of negatives, one at a time",
            variants::sensitivity,
        ),
        Self::grid("schedule", "learning rate × batch × epochs, beside PIER", variants::schedule),
        Self {
            name: "speed",
            about: "how long training and inference take, and how that grows with the list",
            plan: Plan::Speed,
            needs_truth: false,
        },
        Self {
            name: "online",
            about: "an A/B test on a user whose mind is known, of systems that learn every night from what they showed",
            plan: Plan::Online(Variants(variants::rivals)),
            needs_truth: true,
        },
    ];

    const fn grid(name: &'static str, about: &'static str, variants: fn() -> Vec<Variant>) -> Self {
        Self { name, about, plan: Plan::Grid(Variants(variants)), needs_truth: false }
    }

    /// Checks that it can be run on this data set.
    ///
    /// # Errors
    /// If it needs a user whose mind is known, and the data set is no simulated log.
    pub fn accepts(&self, data: &DataSet) -> Result<(), ExperimentError> {
        if self.needs_truth {
            known_user(data)?;
        }
        Ok(())
    }

    /// The experiment of this name.
    ///
    /// # Errors
    /// If there is none; the message has the names there are.
    pub fn named(name: &str) -> Result<Self, ExperimentError> {
        let found = Self::ALL.into_iter().find(|experiment| experiment.name == name);
        found.ok_or_else(|| ExperimentError::Name {
            what: "experiment",
            found: name.to_owned(),
            expected: Self::ALL.map(|experiment| experiment.name).join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_is_a_configuration() {
        for experiment in Experiment::ALL {
            let Plan::Grid(variants) = experiment.plan else { continue };
            let variants = variants.named(&[]).unwrap();
            assert!(variants.len() >= 2, "{}", experiment.name);
            let bases = ["", "choice = 'items'\narrangement = 'greedy'", "exchanges = { rounds = 4 }"];
            let bases = bases.map(|pipeline| Config::from_toml(&format!("[pipeline]\n{pipeline}")).unwrap());
            for variant in &variants {
                for base in &bases {
                    let config = variant.config(base, 7).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(config.seed, 7);
                }
                assert_eq!(variants.iter().filter(|other| other.name == variant.name).count(), 1);
                assert!(
                    variant.name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
                    "{}",
                    variant.name
                );
            }
        }
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        let variant = Variant::nar4rec("x", "training.loss.margin = 0.7\npipeline.decoders = [{ kind = 'greedy' }]");
        let base = Config::default();
        let mut expected = Config { seed: 3, ..base.clone() };
        expected.training.loss.margin = 0.7;
        expected.pipeline.decoders.truncate(1);
        assert_eq!(variant.config(&base, 3).unwrap(), expected);
        let threshold = Variant::nar4rec("x", "training.loss.utility_threshold = { value = 2.0 }");
        assert!(threshold.config(&base, 3).is_ok());
        let wrong = Variant::nar4rec("x", "generator.heads = 3").config(&base, 3).unwrap_err();
        assert!(wrong.to_string().starts_with("variant x: generator.heads: 3"), "{wrong}");
    }

    #[test]
    fn variants_of_the_pipeline_share_a_model() {
        let base = Config::default();
        let variant = Variant::nar4rec("x", "training.loss.margin = 0.7\npipeline.generator_weight = 1.0");
        let trained_with = variant.training_config(&base, base.seed).unwrap();
        assert_eq!((trained_with.training.loss.margin, &trained_with.pipeline), (0.7, &base.pipeline));
        assert_eq!(Variant::nar4rec("x", "pipeline.generator_weight = 1.0").model(), Some("nar4rec"));
        assert_eq!(Variant::nar4rec("x", "training.loss.margin = 0.7").model(), Some("x"));
        assert_eq!(Variant::new("random", Subject::Baseline(Baseline::Random), "").model(), None);
    }

    #[test]
    fn unknown_names_are_told_with_those_there_are() {
        let message = Experiment::named("rival").unwrap_err().to_string();
        assert!(message.starts_with("no experiment is named \"rival\", expected one of rivals, "), "{message}");
        let Plan::Grid(rivals) = Experiment::named("rivals").unwrap().plan else { panic!("rivals is a grid") };
        assert!(rivals.named(&["prmm".to_owned()]).unwrap_err().to_string().starts_with("no variant is named"));
        assert_eq!(rivals.named(&["prm".to_owned(), "random".to_owned()]).unwrap().len(), 2);
    }
}

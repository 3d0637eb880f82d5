//! The checks that make a schema one that can be encoded with. Each message names the field of the JSON.

use std::collections::HashSet;

use super::{Encoding, Feature, Missing, NumberFeature, SCHEMA_VERSION, Schema, ScoreFeature, Table};
use crate::SchemaError;

type Check = Result<(), SchemaError>;

impl Schema {
    /// Whether requests can be encoded with this schema.
    ///
    /// # Errors
    /// Another version; a name that stands twice; a reference to a table or feature that is not there or of the wrong
    /// kind; a table without use; a number that must be finite or positive and is not; no input at all for a
    /// candidate.
    pub fn validate(&self) -> Check {
        if self.version != SCHEMA_VERSION {
            let problem = format!("{}, expected {SCHEMA_VERSION}, the version that this program knows", self.version);
            return Err(SchemaError::new("version", problem));
        }
        self.check_tables()?;
        self.score.as_ref().map_or(Ok(()), check_score)?;
        for (level, features) in [("user", &self.user), ("item", &self.item), ("candidate", &self.candidate)] {
            self.check_level(level, features)?;
        }
        if self.score.is_none() && self.item.is_empty() && self.candidate.is_empty() {
            return Err(SchemaError::new(
                "item",
                "no feature here, none at candidate level and no score, expected one",
            ));
        }
        self.check_names_on_candidates()?;
        self.check_products()?;
        self.check_interactions()
    }

    fn check_tables(&self) -> Check {
        let used: HashSet<&str> = self.user.iter().chain(self.candidate_side()).filter_map(Feature::table).collect();
        let mut names = HashSet::new();
        for (index, table) in self.tables.iter().enumerate() {
            let at = format!("tables[{index}]");
            check_name(&at, &table.name, &mut names)?;
            check_table(&at, table)?;
            if !used.contains(table.name.as_str()) {
                return Err(SchemaError::new(at, format!("no feature uses {:?}, expected at least one", table.name)));
            }
        }
        Ok(())
    }

    fn check_level(&self, level: &str, features: &[Feature]) -> Check {
        let mut names = HashSet::new();
        for (index, feature) in features.iter().enumerate() {
            let at = format!("{level}[{index}]");
            check_name(&at, feature.name(), &mut names)?;
            match feature {
                Feature::Number(number) => check_number(&at, number)?,
                Feature::List(list) if list.max_length == 0 => {
                    return Err(SchemaError::new(format!("{at}.max_length"), "0, expected at least 1"));
                }
                Feature::Category(_) | Feature::List(_) => {}
            }
            if let Some(name) = feature.table()
                && !self.tables.iter().any(|table| table.name == name)
            {
                return Err(SchemaError::new(format!("{at}.table"), format!("{name:?} is none of the tables")));
            }
        }
        Ok(())
    }

    fn check_names_on_candidates(&self) -> Check {
        let item: HashSet<&str> = self.item.iter().map(Feature::name).collect();
        match self.candidate.iter().position(|feature| item.contains(feature.name())) {
            Some(index) => {
                let problem = format!("{:?} is an item feature too, expected one level", self.candidate[index].name());
                Err(SchemaError::new(format!("candidate[{index}].name"), problem))
            }
            None => Ok(()),
        }
    }

    fn check_products(&self) -> Check {
        let mut seen = HashSet::new();
        for (index, product) in self.products.iter().enumerate() {
            let at = format!("products[{index}]");
            find(self.user.iter(), &product.user, is_number)
                .ok_or_else(|| absent(format!("{at}.user"), &product.user, "a number at user level"))?;
            find(self.candidate_side(), &product.item, is_number)
                .ok_or_else(|| absent(format!("{at}.item"), &product.item, "a number at item or candidate level"))?;
            check_once(&at, seen.insert(product))?;
        }
        Ok(())
    }

    fn check_interactions(&self) -> Check {
        let mut seen = HashSet::new();
        for (index, pair) in self.interactions.iter().enumerate() {
            let at = format!("interactions[{index}]");
            let user = find(self.user.iter(), &pair.user, is_bag)
                .ok_or_else(|| absent(format!("{at}.user"), &pair.user, "a category or list at user level"))?;
            let wanted = "a category or list at item or candidate level";
            let item = find(self.candidate_side(), &pair.item, is_bag)
                .ok_or_else(|| absent(format!("{at}.item"), &pair.item, wanted))?;
            if user.table() != item.table() {
                let (user, item) = (user.table().unwrap_or_default(), item.table().unwrap_or_default());
                let problem = format!("tables {user:?} and {item:?}, expected two features of one table");
                return Err(SchemaError::new(at, problem));
            }
            check_once(&at, seen.insert(pair))?;
        }
        Ok(())
    }
}

fn is_number(feature: &Feature) -> bool {
    matches!(feature, Feature::Number(_))
}

fn is_bag(feature: &Feature) -> bool {
    !is_number(feature)
}

/// The feature called `name` among `features`, if it is of the kind that `fits`.
fn find<'a>(
    mut features: impl Iterator<Item = &'a Feature>,
    name: &str,
    fits: fn(&Feature) -> bool,
) -> Option<&'a Feature> {
    features.find(|feature| feature.name() == name && fits(feature))
}

fn absent(field: String, name: &str, wanted: &str) -> SchemaError {
    SchemaError::new(field, format!("{name:?} is not the name of {wanted}"))
}

fn check_name<'a>(at: &str, name: &'a str, seen: &mut HashSet<&'a str>) -> Check {
    if name.is_empty() {
        return Err(SchemaError::new(format!("{at}.name"), "empty, expected a name"));
    }
    if !seen.insert(name) {
        return Err(SchemaError::new(format!("{at}.name"), format!("{name:?} stands twice, expected distinct names")));
    }
    Ok(())
}

fn check_once(at: &str, first: bool) -> Check {
    if first { Ok(()) } else { Err(SchemaError::new(at, "stands twice, expected distinct pairs")) }
}

fn check_table(at: &str, table: &Table) -> Check {
    if table.dim == 0 {
        return Err(SchemaError::new(format!("{at}.dim"), "0, expected at least 1"));
    }
    match &table.encoding {
        Encoding::Hash { buckets: 0 } => {
            Err(SchemaError::new(format!("{at}.encoding.buckets"), "0, expected at least 1"))
        }
        Encoding::Hash { .. } => Ok(()),
        Encoding::Dictionary { values } => {
            let mut seen = HashSet::with_capacity(values.len());
            match values.iter().position(|value| !seen.insert(value.as_str())) {
                Some(index) => {
                    let problem = format!("{:?} stands twice, expected distinct strings", values[index]);
                    Err(SchemaError::new(format!("{at}.encoding.values[{index}]"), problem))
                }
                None => Ok(()),
            }
        }
    }
}

fn check_number(at: &str, number: &NumberFeature) -> Check {
    check_moments(at, number.mean, number.std)?;
    match number.missing {
        Missing::Value(value) if !value.is_finite() => {
            Err(SchemaError::new(format!("{at}.missing.value"), format!("{value}, expected a finite number")))
        }
        Missing::Value(_) | Missing::Mean | Missing::Zero => Ok(()),
    }
}

fn check_moments(at: &str, mean: f64, std: f64) -> Check {
    if !mean.is_finite() {
        return Err(SchemaError::new(format!("{at}.mean"), format!("{mean}, expected a finite number")));
    }
    if !(std.is_finite() && std > 0.0) {
        return Err(SchemaError::new(format!("{at}.std"), format!("{std}, expected a finite number greater than 0")));
    }
    Ok(())
}

fn check_score(score: &ScoreFeature) -> Check {
    check_moments("score", score.mean, score.std)?;
    let distinct: HashSet<_> = score.columns.iter().collect();
    if score.columns.is_empty() {
        return Err(SchemaError::new("score.columns", "empty, expected at least one (or `score` null)"));
    }
    if distinct.len() < score.columns.len() {
        return Err(SchemaError::new("score.columns", "one stands twice, expected distinct columns"));
    }
    Ok(())
}

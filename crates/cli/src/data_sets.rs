//! `--data DIR`, or `--data NAME=DIR` for each of several data sets.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::failure::Misuse;

/// A folder, which may have been given a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedFolder {
    name: Option<String>,
    folder: PathBuf,
}

impl FromStr for NamedFolder {
    type Err = String;

    /// What stands before the first `=` is a name, and will be a folder's; a folder that is there is one whatever its name holds.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, folder)) = text.split_once('=').filter(|_| !Path::new(text).is_dir()) else {
            return Ok(Self { name: None, folder: text.into() });
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            return Err(format!("{name:?} is no name of a data set, expected letters, digits, - and _ before the ="));
        }
        if folder.is_empty() {
            return Err(format!("{name}: nothing after the =, expected the data set's folder"));
        }
        Ok(Self { name: Some(name.to_owned()), folder: folder.into() })
    }
}

/// What a command runs on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DataSets {
    /// One data set, without a name.
    One(PathBuf),
    /// Data sets with distinct names, at least one.
    Named(Vec<(String, PathBuf)>),
}

impl DataSets {
    /// All that stood on the command line.
    pub(crate) fn new(given: &[NamedFolder]) -> Result<Self, Misuse> {
        if let [NamedFolder { name: None, folder }] = given {
            return Ok(Self::One(folder.clone()));
        }
        let mut named: Vec<(String, PathBuf)> = Vec::new();
        for NamedFolder { name, folder } in given {
            let Some(name) = name else {
                let problem = "one of several without a name, expected --data NAME=DIR";
                return Err(Misuse(format!("--data {}: {problem}", folder.display())));
            };
            // Some file systems do not tell upper from lower case.
            if named.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(Misuse(format!("--data {name}={}: the name stands twice", folder.display())));
            }
            named.push((name.clone(), folder.clone()));
        }
        Ok(Self::Named(named))
    }

    /// The folder, for an experiment that runs on one data set.
    pub(crate) fn only(self, experiment: &str) -> Result<PathBuf, Misuse> {
        match self {
            Self::One(folder) => Ok(folder),
            Self::Named(_) => {
                let problem = "runs on one data set, expected --data DIR without a name";
                Err(Misuse(format!("--data: {experiment} {problem}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use super::*;

    fn sets(given: &[&str]) -> Result<DataSets, String> {
        let given: Vec<NamedFolder> = given.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        DataSets::new(&given).map_err(|error| error.to_string())
    }

    #[test]
    fn one_or_several() {
        assert_eq!(sets(&["logs/a"]), Ok(DataSets::One("logs/a".into())));
        assert_eq!(sets(&["a=x"]), Ok(DataSets::Named(vec![("a".into(), "x".into())])));
        let several = sets(&["a=x", "b_2=y/z=1"]);
        assert_eq!(several, Ok(DataSets::Named(vec![("a".into(), "x".into()), ("b_2".into(), "y/z=1".into())])));
        let root = tempfile::tempdir().unwrap();
        let dated = root.path().join("date=2024-01-01");
        std::fs::create_dir(&dated).unwrap();
        assert_eq!(sets(&[dated.to_str().unwrap()]), Ok(DataSets::One(dated)));
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (given, expected) in [
            (&["=x"][..], "\"\" is no name of a data set"),
            (&["../a=x"], "\"../a\" is no name of a data set, expected letters, digits, - and _"),
            (&["report.md=x"], "\"report.md\" is no name"),
            (&["a="], "a: nothing after the ="),
            (&["a=x", "y"], "--data y: one of several without a name, expected --data NAME=DIR"),
            (&["x", "y"], "--data x: one of several without a name"),
            (&["a=x", "A=y"], "--data A=y: the name stands twice"),
        ] {
            let problem = sets(given).unwrap_err();
            assert!(problem.starts_with(expected), "{given:?}: {problem}");
        }
    }
}

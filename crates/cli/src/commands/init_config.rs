//! `nar4rec init-config`: a configuration that explains itself.

use crate::console;

/// Every field with its default, as `Config::default` has it.
const COMMENTED: &str = include_str!("../../assets/config.toml");

/// Prints it.
pub(crate) fn init_config() -> anyhow::Result<()> {
    console::result(COMMENTED)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use nar4rec_train::Config;

    use super::COMMENTED;

    #[test]
    fn it_says_what_the_defaults_are() {
        assert_eq!(Config::from_toml(COMMENTED).unwrap(), Config::default());
    }

    /// The paths of all fields.
    fn paths(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    paths(value, format!("{path}.{name}").trim_start_matches('.'), found);
                }
            }
            _ => drop(found.insert(path.to_owned())),
        }
    }

    #[test]
    fn it_names_every_field() {
        // What has no default, or none that can be written down, is named in a comment.
        let commented = COMMENTED.replace("# relevance =", "relevance =");
        let config = Config { relevance: Some(String::new()), ..Config::default() };
        let (mut expected, mut written) = (BTreeSet::new(), BTreeSet::new());
        paths(&serde_json::to_value(config).unwrap(), "", &mut expected);
        let table: toml::Table = commented.parse().unwrap();
        paths(&serde_json::to_value(table).unwrap(), "", &mut written);
        let missing: Vec<_> = expected.difference(&written).collect();
        assert!(missing.is_empty(), "init-config does not have {missing:?}");
    }

    #[test]
    fn the_configurations_of_the_repository_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty());
        for file in files {
            Config::from_toml(&fs::read_to_string(&file).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }
}

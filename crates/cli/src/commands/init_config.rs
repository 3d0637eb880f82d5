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
    use nar4rec_train::Config;

    use super::COMMENTED;

    #[test]
    fn it_says_what_the_defaults_are() {
        assert_eq!(Config::from_toml(COMMENTED).unwrap(), Config::default());
    }

    /// The values of every field that is not commented out.
    fn leaves(value: &serde_json::Value, path: &str, names: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    leaves(value, &format!("{path}.{name}"), names);
                }
            }
            _ => names.push(path.rsplit('.').next().unwrap_or_default().to_owned()),
        }
    }

    #[test]
    fn it_names_every_field() {
        let config = Config { relevance: Some(String::new()), ..Config::default() };
        let mut names = Vec::new();
        leaves(&serde_json::to_value(config).unwrap(), "", &mut names);
        for name in names {
            assert!(COMMENTED.contains(&name), "init-config does not mention `{name}`");
        }
    }
}

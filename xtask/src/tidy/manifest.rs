//! Rules on the manifests of the crates: what is common to them stands once, in the workspace's.

use toml::{Table, Value};

use crate::Finding;

/// Fields that every crate takes from the workspace.
const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "license"];

/// The crate that has lints of its own, because it alone may hold `unsafe`, and what they must deny.
const OWN_LINTS: &str = "crates/kernels/Cargo.toml";
const OWN_LINTS_DENY: [(&str, &str); 2] =
    [("rust", "unsafe_op_in_unsafe_fn"), ("clippy", "undocumented_unsafe_blocks")];

const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Checks the manifest of one crate.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let manifest = match text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(path, 1, format!("write valid TOML: {}", error.message()))],
    };
    let mut findings = package(path, text, &manifest);
    findings.extend(lints(path, &manifest));
    findings.extend(dependencies(path, text, &manifest));
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    findings.extend(targets.filter_map(Value::as_table).flat_map(|table| dependencies(path, text, table)));
    findings
}

fn package(path: &str, text: &str, manifest: &Table) -> Vec<Finding> {
    let field = |name: &str| manifest.get("package").and_then(|package| package.get(name));
    let foreign = INHERITED.iter().filter(|name| !is_inherited(field(name)));
    let mut findings: Vec<Finding> = foreign
        .map(|name| {
            Finding::new(path, key_line(text, name), format!("write `{name}.workspace = true` under `[package]`"))
        })
        .collect();
    if field("description").and_then(Value::as_str).is_none_or(str::is_empty) {
        findings.push(Finding::new(path, 1, "add a `description`: one sentence on what the crate is for"));
    }
    findings
}

fn lints(path: &str, manifest: &Table) -> Vec<Finding> {
    let lints = manifest.get("lints");
    if path != OWN_LINTS {
        let problem = "write `[lints]` and `workspace = true`: the workspace's lints hold for every crate";
        return if is_inherited(lints) { Vec::new() } else { vec![Finding::new(path, 1, problem)] };
    }
    let denies = |tool: &str, lint: &str| {
        lints.and_then(|lints| lints.get(tool)?.get(lint)).and_then(Value::as_str) == Some("deny")
    };
    let allowed = OWN_LINTS_DENY.iter().filter(|(tool, lint)| !denies(tool, lint));
    allowed
        .map(|(tool, lint)| Finding::new(path, 1, format!("write `{lint} = \"deny\"` under `[lints.{tool}]`")))
        .collect()
}

fn dependencies(path: &str, text: &str, table: &Table) -> Vec<Finding> {
    let tables = DEPENDENCIES.iter().filter_map(|name| table.get(*name)?.as_table());
    let foreign = tables.flatten().filter(|(_, dependency)| !is_inherited(Some(dependency)));
    foreign
        .map(|(name, _)| {
            let problem = "its version belongs to `[workspace.dependencies]`: write";
            Finding::new(path, key_line(text, name), format!("`{name}`: {problem} `{name}.workspace = true` here"))
        })
        .collect()
}

/// The first line that opens with a key; the first of the file if the key is written another way.
fn key_line(text: &str, key: &str) -> usize {
    let opens = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '=', '.']));
    text.lines().position(opens).map_or(1, |at| at + 1)
}

/// `NAME.workspace = true`, also with features beside it.
fn is_inherited(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"A.\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n[dependencies]\n\
        serde.workspace = true\nrand = { workspace = true, features = [\"std\"] }\n";

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_inherited_passes() {
        assert_eq!(messages("crates/a/Cargo.toml", GOOD), [""; 0]);
    }

    #[test]
    fn each_field_of_its_own_is_found() {
        for name in INHERITED {
            let text = GOOD.replace(&format!("\n{name}.workspace = true"), &format!("\n{name} = \"1\""));
            let found = messages("crates/a/Cargo.toml", &text);
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].contains(&format!("write `{name}.workspace = true`")), "{found:?}");
        }
        assert!(messages("a/Cargo.toml", &GOOD.replace("\"A.\"", "\"\""))[0].contains("add a `description`"));
        assert!(messages("a/Cargo.toml", "[package")[0].contains("valid TOML"));
    }

    #[test]
    fn dependencies_with_a_version_or_a_path_are_found() {
        for (table, line) in [("dependencies", 13), ("dev-dependencies", 14), ("target.'cfg(unix)'.dependencies", 14)] {
            for dependency in ["toml = \"1\"", "toml = { path = \"../a\" }", "toml.git = \"x\""] {
                let header = if table == "dependencies" { String::new() } else { format!("[{table}]\n") };
                let found = messages("a/Cargo.toml", &format!("{GOOD}{header}{dependency}\n"));
                assert_eq!(found.len(), 1, "{table} {dependency}");
                assert!(found[0].starts_with(&format!("a/Cargo.toml:{line}: `toml`")), "{found:?}");
            }
        }
    }

    #[test]
    fn only_the_kernels_have_lints_of_their_own() {
        let own = GOOD.replace(
            "[lints]\nworkspace = true",
            "[lints.rust]\nunsafe_op_in_unsafe_fn = \"deny\"\n[lints.clippy]\nundocumented_unsafe_blocks = \"deny\"",
        );
        assert_eq!(messages(OWN_LINTS, &own), [""; 0]);
        assert_eq!(messages("crates/a/Cargo.toml", &own).len(), 1);
        assert_eq!(messages(OWN_LINTS, &own.replace("\"deny\"", "\"warn\"")).len(), 2);
    }
}

//! The layers of the workspace: a crate may only depend on crates of a lower level.
//!
//! [`ROLES`] says where each crate stands, [`Graph`] is what `cargo metadata` says about it. [`inference`] watches over all
//! that `nar4rec-infer` brings with it, [`facade`] over the crate that only re-exports.

pub mod facade;
pub mod inference;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Where a crate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A layer of the product; its normal dependencies stand strictly lower.
    Level(u8),
    /// Support for tests: a dev-dependency, never more.
    Testing,
    /// A tool of the workspace: nothing depends on it.
    Tool,
}

/// Every crate of the workspace, from the bottom up.
pub const ROLES: [(&str, Role); 25] = [
    ("nar4rec-kernels", Role::Level(0)),
    ("nar4rec-slate", Role::Level(0)),
    ("nar4rec-decoding", Role::Level(1)),
    ("nar4rec-features", Role::Level(1)),
    ("nar4rec-metrics", Role::Level(1)),
    ("nar4rec-report", Role::Level(1)),
    ("nar4rec-tensor", Role::Level(1)),
    ("nar4rec-autograd", Role::Level(2)),
    ("nar4rec-data", Role::Level(2)),
    ("nar4rec-layers", Role::Level(2)),
    ("nar4rec-losses", Role::Level(2)),
    ("nar4rec-evaluator", Role::Level(3)),
    ("nar4rec-generator", Role::Level(3)),
    ("nar4rec-simulator", Role::Level(3)),
    ("nar4rec-model", Role::Level(4)),
    ("nar4rec-rivals", Role::Level(4)),
    ("nar4rec-infer", Role::Level(5)),
    ("nar4rec-onnx", Role::Level(5)),
    ("nar4rec-train", Role::Level(6)),
    ("nar4rec", Role::Level(7)),
    ("nar4rec-experiments", Role::Level(7)),
    ("nar4rec-cli", Role::Level(8)),
    ("nar4rec-testing", Role::Testing),
    ("nar4rec-benches", Role::Tool),
    ("xtask", Role::Tool),
];

/// The crates of a workspace and what each depends on within it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Graph {
    /// Crate → its dependencies that are crates of the workspace too.
    pub crates: BTreeMap<String, Vec<Dependency>>,
}

/// A dependency on a crate of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The crate depended on.
    pub name: String,
    /// Whether only its tests, examples and benchmarks need it.
    pub dev: bool,
}

impl Graph {
    /// The graph of the workspace at a root, as `cargo metadata` tells it.
    ///
    /// # Errors
    /// If `cargo metadata` fails.
    pub fn of_workspace(root: &Path) -> anyhow::Result<Self> {
        let mut command = MetadataCommand::new();
        command.manifest_path(root.join("Cargo.toml")).no_deps().other_options(["--offline".to_owned()]);
        let metadata = command.exec().context("running `cargo metadata`")?;
        let packages = metadata.workspace_packages();
        let is_member = |name: &str| packages.iter().any(|package| package.name.as_str() == name);
        let crates = packages.iter().map(|package| {
            let inner = package.dependencies.iter().filter(|dependency| is_member(&dependency.name));
            let inner = inner.map(|dependency| Dependency {
                name: dependency.name.clone(),
                dev: dependency.kind == DependencyKind::Development,
            });
            (package.name.to_string(), inner.collect())
        });
        Ok(Self { crates: crates.collect() })
    }

    /// Whatever breaks the layering, with the fix.
    pub fn violations(&self, roles: &[(&str, Role)]) -> Vec<String> {
        let role = |name: &str| roles.iter().find(|(other, _)| *other == name).map(|&(_, role)| role);
        let mut violations = Vec::new();
        for (name, dependencies) in &self.crates {
            let Some(from) = role(name) else {
                violations.push(format!("{name} has no layer: add it to `ROLES` in xtask/src/layers.rs"));
                continue;
            };
            let known = dependencies.iter().filter_map(|dependency| Some((dependency, role(&dependency.name)?)));
            violations.extend(known.filter_map(|(dependency, to)| violation(name, from, dependency, to)));
        }
        let gone = roles.iter().filter(|(name, _)| !self.crates.contains_key(*name));
        violations
            .extend(gone.map(|(name, _)| format!("{name} is gone: delete it from `ROLES` in xtask/src/layers.rs")));
        violations
    }

    /// The layers as text, the highest first: each crate with its normal dependencies.
    pub fn map(&self) -> String {
        let mut map = String::new();
        for (name, role) in ROLES.iter().rev() {
            let label = match role {
                Role::Level(level) => format!("L{level}"),
                Role::Testing => "dev".to_owned(),
                Role::Tool => "tool".to_owned(),
            };
            let dependencies = self.crates.get(*name).map_or(&[][..], Vec::as_slice);
            let mut normal: Vec<&str> = dependencies.iter().filter(|to| !to.dev).map(|to| short(&to.name)).collect();
            normal.sort_unstable();
            let line = format!("{label:<5}{:<10} {}", short(name), normal.join(" "));
            writeln!(map, "{}", line.trim_end()).expect("a string takes all that is written to it");
        }
        map
    }
}

/// What is wrong with one dependency, if anything.
fn violation(name: &str, from: Role, dependency: &Dependency, to: Role) -> Option<String> {
    let other = &dependency.name;
    match (from, to) {
        (_, Role::Tool) => Some(format!("{name} depends on {other}, a tool: move what it needs into a crate")),
        _ if dependency.dev || from == Role::Tool => None,
        (Role::Level(_), Role::Testing) => Some(format!("{name} depends on {other}: make it a dev-dependency")),
        (Role::Level(from), Role::Level(to)) if to >= from => Some(format!(
            "{name} (level {from}) depends on {other} (level {to}), which must stand lower: move what is needed down"
        )),
        _ => None,
    }
}

fn short(name: &str) -> &str {
    name.strip_prefix("nar4rec-").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: [(&str, Role); 4] =
        [("low", Role::Level(0)), ("high", Role::Level(1)), ("support", Role::Testing), ("tool", Role::Tool)];

    /// The violations of a workspace of all the crates above with one dependency.
    fn violations(from: &str, to: &str, dev: bool) -> Vec<String> {
        let mut graph = Graph::default();
        for (name, _) in SMALL {
            graph.crates.insert(name.to_owned(), Vec::new());
        }
        graph.crates.entry(from.to_owned()).or_default().push(Dependency { name: to.to_owned(), dev });
        graph.violations(&SMALL)
    }

    #[test]
    fn downwards_tests_and_tools_are_free() {
        for (from, to, dev) in [
            ("high", "low", false),
            ("low", "high", true),
            ("low", "support", true),
            ("support", "high", false),
            ("support", "support", true),
            ("tool", "high", false),
            ("tool", "support", false),
        ] {
            assert_eq!(violations(from, to, dev), [""; 0], "{from} -> {to}");
        }
    }

    #[test]
    fn each_forbidden_dependency_is_found() {
        for (from, to, dev, fix) in [
            ("low", "high", false, "move what is needed down"),
            ("high", "high", false, "move what is needed down"),
            ("high", "support", false, "make it a dev-dependency"),
            ("high", "tool", false, "move what it needs into a crate"),
            ("high", "tool", true, "move what it needs into a crate"),
            ("support", "tool", false, "move what it needs into a crate"),
        ] {
            let found = violations(from, to, dev);
            assert_eq!(found.len(), 1, "{from} -> {to}");
            assert!(found[0].contains(fix), "{found:?}");
        }
    }

    #[test]
    fn crates_and_roles_must_match() {
        let found = violations("new", "low", false);
        assert_eq!(found, ["new has no layer: add it to `ROLES` in xtask/src/layers.rs"]);
        let found = Graph::default().violations(&SMALL[..1]);
        assert_eq!(found, ["low is gone: delete it from `ROLES` in xtask/src/layers.rs"]);
    }

    #[test]
    fn the_map_shows_every_crate_with_what_it_needs() {
        let mut graph = Graph::default();
        let dependency = |name: &str, dev| Dependency { name: name.to_owned(), dev };
        let needs = vec![dependency("nar4rec-slate", false), dependency("nar4rec-testing", true)];
        graph.crates.insert("nar4rec-features".to_owned(), needs);
        let map = graph.map();
        assert_eq!(map.lines().count(), ROLES.len());
        assert!(map.contains("\nL1   features   slate\n"), "{map}");
    }
}

//! What comes with the inference crate: `cargo tree -p nar4rec-infer -e normal` for this machine.
//!
//! A service that embeds the reranker builds all of it, so it is kept small and free of what only training needs.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

/// The crate that services embed.
pub const INFERENCE: &str = "nar4rec-infer";

/// The most packages it may bring, itself included.
pub const PACKAGES: usize = 40;

/// Packages it must not bring, and why; a `*` stands for any ending.
const FORBIDDEN: [(&str, &str); 11] = [
    ("nar4rec-autograd", "what is served needs no gradients"),
    ("nar4rec-train", "what is served needs no training"),
    ("nar4rec-data", "requests come from the caller"),
    ("nar4rec-losses", "what is served needs no training"),
    ("nar4rec-testing", "it is for tests"),
    ("tokio*", "the threads are the caller's"),
    ("async-*", "the threads are the caller's"),
    ("smol*", "the threads are the caller's"),
    ("futures*", "the threads are the caller's"),
    ("rayon*", "the threads are the caller's"),
    ("bincode*", "it is unmaintained; only the training checkpoint uses it"),
];

/// The distinct packages, as `name version`, that the inference crate brings.
///
/// # Errors
/// If `cargo tree` fails.
pub fn packages(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args([
        "tree",
        "--locked",
        "--package",
        INFERENCE,
        "--edges",
        "normal",
        "--prefix",
        "none",
    ]);
    let output = command.stdin(Stdio::null()).output().context("running `cargo tree`")?;
    anyhow::ensure!(output.status.success(), "`cargo tree`: {}", String::from_utf8_lossy(&output.stderr));
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

/// The packages that `cargo tree --prefix none` lists; it repeats one for each crate that needs it.
fn parse(tree: &str) -> BTreeSet<String> {
    let package = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?))
    };
    tree.lines().filter_map(package).collect()
}

/// Whatever is wrong with the packages, with the fix.
pub fn violations(packages: &BTreeSet<String>) -> Vec<String> {
    let mut violations = Vec::new();
    for package in packages {
        let name = package.split(' ').next().unwrap_or_default();
        if let Some((_, why)) = FORBIDDEN.iter().find(|(pattern, _)| matches(pattern, name)) {
            let find = format!("cargo tree -p {INFERENCE} -e normal -i {name}");
            violations.push(format!("{INFERENCE} brings {name}, but {why}: `{find}` shows who needs it"));
        }
    }
    if packages.len() > PACKAGES {
        let list: Vec<&str> = packages.iter().map(String::as_str).collect();
        let (found, list) = (packages.len(), list.join(", "));
        let fix = "switch features off, or write the little that is used";
        violations.push(format!("{INFERENCE} brings {found} packages, at most {PACKAGES}: {fix}; they are {list}"));
    }
    violations
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_and_two_versions_count_twice() {
        let tree = "nar4rec-infer v0.1.0 (/a/b)\nserde v1.0.1\nserde v1.0.1 (*)\nserde v2.0.0\nthiserror-impl v2.0.0 (proc-macro)\n\n";
        let expected = ["nar4rec-infer v0.1.0", "serde v1.0.1", "serde v2.0.0", "thiserror-impl v2.0.0"];
        assert_eq!(parse(tree).iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn each_forbidden_package_is_found() {
        for name in
            ["nar4rec-autograd", "nar4rec-data", "tokio", "futures-core", "async-std", "smol", "rayon-core", "bincode"]
        {
            let found = violations(&parse(&format!("nar4rec-infer v0.1.0\n{name} v1.0.0\n")));
            assert_eq!(found.len(), 1, "{name}");
            assert!(found[0].contains(&format!("brings {name}, but ")), "{found:?}");
        }
        assert_eq!(violations(&parse("nar4rec-infer v0.1.0\nnar4rec-layers v0.1.0\nserde v1.0.0\n")), [""; 0]);
    }

    #[test]
    fn the_number_of_packages_has_a_limit() {
        let tree = |packages: usize| (0..packages).map(|i| format!("p{i} v1.0.0\n")).collect::<String>();
        assert_eq!(violations(&parse(&tree(PACKAGES))), [""; 0]);
        assert!(violations(&parse(&tree(PACKAGES + 1)))[0].contains("brings 41 packages, at most 40"));
    }
}

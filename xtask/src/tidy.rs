//! The house rules, checked on the text of the repository. Each message tells the fix.
//!
//! | rules on | module |
//! |---|---|
//! | Rust files: documentation, length, what must not stand in them | [`rust`] |
//! | every text file: marks of unfinished work, private paths | [`text`] |
//! | Markdown: links, the list of crates in `docs/architecture.md` | [`markdown`] |
//! | `Cargo.toml`: what comes from the workspace | [`manifest`] |

pub mod manifest;
pub mod markdown;
pub mod rust;
pub mod text;
pub mod tree;

use std::path::Path;

use crate::Finding;
use tree::Tree;

/// Whatever breaks a house rule in the repository at a root.
///
/// # Errors
/// If a file cannot be read.
pub fn findings(root: &Path) -> anyhow::Result<Vec<Finding>> {
    Ok(check(&Tree::read(root)?, |path| root.join(path).exists()))
}

/// Whatever breaks a house rule in a tree; `exists` tells whether a link's target is there.
fn check(tree: &Tree, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        findings.extend(text::check(&file.path, &file.text));
    }
    for file in tree.with_extension("rs") {
        findings.extend(rust::check(&file.path, &file.text));
    }
    for file in tree.with_extension("md") {
        findings.extend(markdown::check_links(&file.path, &file.text, &exists));
    }
    for file in tree.files.iter().filter(|file| file.path.ends_with("/Cargo.toml")) {
        findings.extend(manifest::check(&file.path, &file.text));
    }
    findings.extend(markdown::check_architecture(tree.text(markdown::ARCHITECTURE), &tree.crate_folders()));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files that findings in a tree name.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let file = |&(path, text): &(&str, &str)| tree::File { path: path.to_owned(), text: text.to_owned() };
        let tree = Tree { files: files.iter().map(file).collect() };
        check(&tree, |path| tree.text(path).is_some()).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn every_kind_of_file_is_checked() {
        let good = [
            ("docs/architecture.md", "`crates/a`, see [a](../crates/a/README.md)"),
            ("crates/a/README.md", ""),
            ("crates/a/src/lib.rs", "//! A."),
        ];
        assert_eq!(found(&good), [""; 0]);
        for bad in [
            ("configs/a.toml", concat!("# TO", "DO")),
            (".ci/run", concat!("cd /wo", "rk/main")),
            ("crates/a/src/a.rs", "fn f() {}"),
            ("docs/a.md", "[a](gone.md)"),
            ("xtask/Cargo.toml", "[package]\ndescription = \"A.\"\nversion = \"1\""),
        ] {
            let found = found(&[&good[..], &[bad]].concat());
            assert!(!found.is_empty() && found.iter().all(|path| path == bad.0), "{bad:?}: {found:?}");
        }
        let missing = found(&[("docs/architecture.md", ""), ("crates/b/Cargo.toml", "")]);
        assert!(missing.contains(&markdown::ARCHITECTURE.to_owned()), "{missing:?}");
    }
}

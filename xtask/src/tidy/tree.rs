//! The text files of the repository.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::Context;

/// Files with these endings are text that someone reads or runs.
const EXTENSIONS: [&str; 12] = ["css", "html", "j2", "js", "json", "md", "py", "rs", "sh", "toml", "yaml", "yml"];

/// Folders with a dot that hold files of ours; the others belong to tools.
const DOT_FOLDERS: [&str; 3] = [".cargo", ".ci", ".github"];

/// Folders that are built, not written.
const BUILT_FOLDERS: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// One text file.
#[derive(Debug)]
pub struct File {
    /// From the root of the repository, with `/` between folders.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// All text files below a root, ordered by path.
#[derive(Debug, Default)]
pub struct Tree {
    /// The files.
    pub files: Vec<File>,
}

impl Tree {
    /// Reads the repository at a root.
    ///
    /// # Errors
    /// If a folder or file cannot be read, or a text file is not UTF-8.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if is_ours(&name) {
                    self.read_folder(&entry.path(), &format!("{path}/"))?;
                }
            } else if is_text(&path) {
                let text = fs::read_to_string(entry.path()).with_context(|| format!("reading {path}"))?;
                self.files.push(File { path, text });
            }
        }
        Ok(())
    }

    /// The files whose name ends in a dot and this.
    pub fn with_extension(&self, extension: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file_extension(&file.path) == Some(extension))
    }

    /// The text of a file, if there is one at that path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// The folders of the crates, such as `crates/slate`.
    pub fn crate_folders(&self) -> Vec<&str> {
        let folders = self.files.iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
        folders.filter(|folder| folder.starts_with("crates/")).collect()
    }
}

fn is_ours(folder: &str) -> bool {
    if folder.starts_with('.') { DOT_FOLDERS.contains(&folder) } else { !BUILT_FOLDERS.contains(&folder) }
}

fn is_text(path: &str) -> bool {
    path.starts_with(".ci/") || file_extension(path).is_some_and(|extension| EXTENSIONS.contains(&extension))
}

fn file_extension(path: &str) -> Option<&str> {
    Path::new(path).extension().and_then(OsStr::to_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_seen_without_what_is_built() {
        let tree = Tree::read(crate::root()).unwrap();
        for path in [".ci/run", ".cargo/config.toml", "Cargo.toml", "deny.toml", "xtask/src/tidy/tree.rs"] {
            assert!(tree.text(path).is_some(), "{path}");
        }
        assert!(tree.crate_folders().contains(&"crates/slate"));
        assert!(tree.with_extension("rs").any(|file| file.path == "xtask/tests/tidy.rs"));
        assert!(tree.files.iter().all(|file| !file.path.starts_with("target/") && !file.path.starts_with(".git/")));
    }
}

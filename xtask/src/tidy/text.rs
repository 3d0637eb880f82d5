//! Rules on every text file.

use crate::Finding;
use crate::source::{Source, line_at, word_lines};

/// Marks of unfinished work, spelled in two so that this file keeps its own rule.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Folders of one machine that no reader has, spelled in two likewise.
const PRIVATE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/bash")];

/// Checks one file. In Rust the marks count in code and comments, elsewhere anywhere; private paths count everywhere.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = private_paths(path, text);
    if path.ends_with(".rs") {
        let Source { code, comments } = Source::new(text);
        findings.extend(marks(path, &code));
        findings.extend(marks(path, &comments));
    } else {
        findings.extend(marks(path, text));
    }
    findings
}

fn marks(path: &str, text: &str) -> Vec<Finding> {
    let lines = MARKS.iter().flat_map(|mark| word_lines(text, mark).into_iter().map(move |line| (mark, line)));
    lines.map(|(mark, line)| Finding::new(path, line, format!("{mark}: do it now, or open an issue"))).collect()
}

/// An absolute path below a private folder; `docs/work/` and `../work/` are other folders.
fn private_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for private in PRIVATE_PATHS {
        for (start, _) in text.match_indices(private) {
            let longer = |c: char| c.is_alphanumeric() || "._-/}".contains(c);
            if !text[..start].ends_with(longer) {
                let message = format!("`{private}` exists on one machine only: use a path relative to the repository");
                findings.push(Finding::new(path, line_at(text, start), message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(path, text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn unfinished_work_is_found() {
        for mark in MARKS {
            assert_eq!(lines("a.md", &format!("fine\nsoon: {mark} more")), [2]);
            assert_eq!(lines("a.rs", &format!("//! a\n// {mark}(me): more")), [2]);
            assert_eq!(lines("a.rs", &format!("//! a\n/* {mark} */ fn f() {{}}")), [2]);
            assert_eq!(lines("run", &format!("# {mark}")), [1]);
            assert_eq!(lines("a.rs", &format!("//! a\nlet a = \"{mark}\";")), NONE, "a literal is data");
            assert_eq!(lines("a.sh", &format!("mktemp name.{mark}X")), NONE, "a longer word");
        }
    }

    #[test]
    fn private_paths_are_found_wherever_they_stand() {
        for private in PRIVATE_PATHS {
            assert_eq!(lines("a.rs", &format!("//! a\nlet a = \"{private}x\";\n// {private}")), [2, 3]);
            assert_eq!(lines("a.md", &format!("[a]({private}x)\n`..{private}` docs{private}")), [1]);
        }
    }
}

//! Rules on Markdown: links lead somewhere, and the map of the architecture is complete.

use crate::Finding;
use crate::source::word_lines;

/// The map of the crates.
pub const ARCHITECTURE: &str = "docs/architecture.md";

/// Checks that each link to a file is relative, stays in the repository and leads to something that exists.
pub fn check_links(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, target) in links(text) {
        let file = target.split(['#', '?']).next().unwrap_or_default();
        if file.is_empty() || is_url(&target) {
            continue;
        }
        let problem = match resolve(path, file) {
            None => "leads out of the repository: name what is there instead of linking it",
            Some(resolved) if !exists(&resolved) => "leads to no file: correct the link, or add the file",
            Some(_) => continue,
        };
        findings.push(Finding::new(path, line, format!("`{target}` {problem}")));
    }
    findings
}

/// Checks that the architecture names the folder of every crate.
pub fn check_architecture(text: Option<&str>, crate_folders: &[&str]) -> Vec<Finding> {
    let Some(text) = text else {
        return vec![Finding::new(ARCHITECTURE, 1, "missing: write the map of the crates and the invariants")];
    };
    let missing = crate_folders.iter().filter(|folder| word_lines(text, folder).is_empty());
    missing.map(|folder| Finding::new(ARCHITECTURE, 1, format!("add `{folder}` to the map of the crates"))).collect()
}

fn is_url(target: &str) -> bool {
    ["http:", "https:", "mailto:", "data:"].iter().any(|scheme| target.starts_with(scheme))
}

/// A target as a path from the root of the repository, unless it leaves it.
fn resolve(from: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The targets of all links and pictures outside code, with their lines: `[a](b)`, `[a]: b`, `href="b"`, `src="b"`.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut fence = None;
    for (at, line) in text.lines().enumerate() {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        if mark.is_some() && (fence.is_none() || fence == mark) {
            fence = if fence.is_none() { mark } else { None };
        } else if fence.is_none() {
            links.extend(links_of_line(&without_code(line)).into_iter().map(|target| (at + 1, target)));
        }
    }
    links
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn links_of_line(line: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for (open, close) in [("](", ')'), ("href=\"", '"'), ("src=\"", '"')] {
        for (start, _) in line.match_indices(open) {
            let rest = &line[start + open.len()..];
            targets.extend(rest.split_once(close).map(|(target, _)| target));
        }
    }
    if line.starts_with('[') {
        targets.extend(line.split_once("]: ").map(|(_, target)| target));
    }
    let address = |target: &str| target.trim().trim_start_matches('<').split([' ', '>']).next().map(str::to_owned);
    targets.into_iter().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    /// The broken links of `docs/a.md` in a repository that holds `README.md`, `docs/a.md` and `docs/img/a.png`.
    fn broken(text: &str) -> Vec<usize> {
        let exists = |path: &str| ["README.md", "docs/a.md", "docs/img/a.png", "docs/img"].contains(&path);
        check_links("docs/a.md", text, exists).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        assert_eq!(broken("[a](../README.md#why) ![b](img/a.png \"b\") [c](<./a.md>) [d](#here) [e](img/)"), NONE);
        assert_eq!(broken("[a](https://a.b/c) <img src=\"img/a.png\"> [`x`](a.md)\n[r]: ../README.md\n"), NONE);
        assert_eq!(broken("`[a](gone.md)`\n```sh\n[a](gone.md)\n~~~\n```\n~~~\n[a](gone.md)\n~~~\n"), NONE);
    }

    #[test]
    fn broken_links_are_found() {
        for text in
            ["[a](gone.md)", "[a][r]\n[r]: gone.md", "<img src=\"gone.png\">", "<a href=\"gone.md\">", "![a](b.png)"]
        {
            assert_eq!(broken(text), [text.lines().count()], "{text}");
        }
        assert_eq!(broken("```\n```\n[a](a.md) [b](gone.md)"), [3]);
        assert_eq!(broken("[a](docs/a.md)"), [1], "relative to the file, not to the root");
    }

    #[test]
    fn links_out_of_the_repository_are_found() {
        assert_eq!(broken("[a](../../shared/README.md)\n[b](/etc/hosts)"), [1, 2]);
    }

    #[test]
    fn the_architecture_names_every_crate() {
        let text = Some("| `crates/slate` | requests |\n| `crates/slated` | |");
        assert_eq!(check_architecture(text, &["crates/slate"]), []);
        let findings = check_architecture(text, &["crates/slate", "crates/sla", "crates/model"]);
        assert_eq!(findings.len(), 2);
        assert!(findings[1].message.contains("add `crates/model`"));
        assert_eq!(check_architecture(None, &[]).len(), 1);
    }
}

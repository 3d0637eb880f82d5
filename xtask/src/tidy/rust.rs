//! Rules on Rust files.

use crate::Finding;
use crate::source::{Source, lines_with, word_lines};

/// The longest file, and the longest file of tests, in lines.
const FILE_LINES: usize = 600;
const TEST_FILE_LINES: usize = 900;

/// The longest function, in lines.
const FUNCTION_LINES: usize = 80;

/// The only folder that may hold `unsafe`.
const UNSAFE_FOLDER: &str = "crates/kernels/";

/// Macros that must not stay in code.
const MACROS: [(&str, &str); 3] = [
    ("todo!", "write it, or leave the function out"),
    ("unimplemented!", "write it, or return an error that says so"),
    ("dbg!", "delete it"),
];

/// Checks one Rust file.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let source = Source::new(text);
    let mut findings = Vec::new();
    findings.extend(opening(path, text));
    findings.extend(file_length(path, text));
    findings.extend(function_lengths(path, &source));
    findings.extend(macros(path, &source));
    findings.extend(ignored_tests(path, &source));
    findings.extend(unsafe_code(path, &source));
    findings.extend(unwraps(path, &source));
    findings
}

fn opening(path: &str, text: &str) -> Option<Finding> {
    let problem = "open the file with `//!`: what it is, its formula, its shapes, why this way";
    (!text.starts_with("//!")).then(|| Finding::new(path, 1, problem))
}

fn file_length(path: &str, text: &str) -> Option<Finding> {
    let limit = if is_test(path) { TEST_FILE_LINES } else { FILE_LINES };
    let lines = text.lines().count();
    let problem = || format!("{lines} lines, at most {limit}: split the file where it changes the subject");
    (lines > limit).then(|| Finding::new(path, limit + 1, problem()))
}

fn function_lengths(path: &str, source: &Source) -> Vec<Finding> {
    let long = source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES);
    long.map(|function| {
        let (name, lines) = (function.name, function.lines);
        let problem =
            format!("`{name}` has {lines} lines, at most {FUNCTION_LINES}: give each of its steps a function");
        Finding::new(path, function.line, problem)
    })
    .collect()
}

fn macros(path: &str, source: &Source) -> Vec<Finding> {
    let found = MACROS.iter().flat_map(|(name, fix)| {
        let lines = lines_with(&source.code, name).into_iter();
        lines.map(move |line| Finding::new(path, line, format!("`{name}`: {fix}")))
    });
    found.collect()
}

/// `#[ignore]`, also behind `cfg_attr`, and a documentation example that is not compiled.
fn ignored_tests(path: &str, source: &Source) -> Vec<Finding> {
    let is_attribute = |line: &str| line.contains("#[ignore") || line.contains("#[cfg_attr(");
    let attributes = source.code.lines().enumerate().filter(|(_, line)| is_attribute(line));
    let attributes = attributes.filter(|(_, line)| !word_lines(line, "ignore").is_empty());
    let problem = "an ignored test is no test: make it fast enough to run, or delete it";
    let tests = attributes.map(|(at, _)| Finding::new(path, at + 1, problem));
    let examples = lines_with(&source.comments, "```ignore").into_iter();
    let problem = "an ignored example is no example: make it compile, or mark it `text`";
    tests.chain(examples.map(|line| Finding::new(path, line, problem))).collect()
}

fn unsafe_code(path: &str, source: &Source) -> Vec<Finding> {
    if path.starts_with(UNSAFE_FOLDER) {
        return Vec::new();
    }
    let problem = format!("`unsafe` belongs to {UNSAFE_FOLDER}: put the kernel there, behind a safe function");
    word_lines(&source.code, "unsafe").into_iter().map(|line| Finding::new(path, line, problem.clone())).collect()
}

fn unwraps(path: &str, source: &Source) -> Vec<Finding> {
    if is_test(path) || !path.contains("/src/") {
        return Vec::new();
    }
    let problem = "`.unwrap()` in a library: return the error, or `expect(\"why it cannot fail\")` where it cannot";
    let lines = lines_with(&source.code_outside_tests(), ".unwrap()").into_iter();
    lines.map(|line| Finding::new(path, line, problem)).collect()
}

/// Whether a file is compiled for tests only, by its place: `tests.rs`, or below a folder `tests`.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [usize; 0] = [];

    /// The lines of what is wrong with a file whose first line is in order.
    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(path, &format!("//! a\n{text}")).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_file_opens_with_its_documentation() {
        assert_eq!(check("crates/a/src/a.rs", "//! What it is.\n"), []);
        for text in ["", "\n//! late\n", "// a\n", "/// a\n", "use a;\n//! a\n"] {
            let findings = check("crates/a/tests/a.rs", text);
            assert_eq!(findings.len(), 1, "{text:?}");
            assert!(findings[0].message.contains("open the file with"));
        }
    }

    #[test]
    fn files_have_a_greatest_length() {
        for (path, limit) in [("crates/a/src/a.rs", 600), ("crates/a/src/a/tests.rs", 900), ("a/tests/a.rs", 900)] {
            assert_eq!(lines(path, &"\n".repeat(limit - 1)), NONE);
            assert_eq!(lines(path, &"\n".repeat(limit)), [limit + 1]);
        }
    }

    #[test]
    fn functions_have_a_greatest_length() {
        let function = |body: usize| format!("impl A {{\n pub fn a() {{\n{}}}\n}}\n", "// }\n".repeat(body));
        assert_eq!(lines("a.rs", &function(78)), NONE);
        assert_eq!(lines("a.rs", &function(79)), [3]);
    }

    #[test]
    fn macros_of_unfinished_work_are_found_in_code_only() {
        for (name, _) in MACROS {
            assert_eq!(lines("a.rs", &format!("fn f() {{\n {name}(1) }}")), [3]);
            assert_eq!(lines("a.rs", &format!("// {name}()\nconst A: &str = \"{name}()\";")), NONE);
        }
    }

    #[test]
    fn ignored_tests_are_found() {
        for attribute in ["#[ignore]", "#[ignore = \"slow\"]", "#[cfg_attr(miri, ignore)]", "#[test] #[ignore]"] {
            assert_eq!(lines("a.rs", &format!("{attribute}\nfn f() {{}}")), [2], "{attribute}");
        }
        assert_eq!(lines("a.rs", "/// ```ignore\n/// a\n/// ```\nfn f() {}"), [2]);
        assert_eq!(lines("a.rs", "#[cfg_attr(test, derive(A))]\n// #[ignore]\nfn ignore() {}"), NONE);
    }

    #[test]
    fn unsafe_stands_in_the_kernels_only() {
        let text = "#![forbid(unsafe_code)]\n// unsafe\nfn f() { unsafe { g() } }";
        assert_eq!(lines("crates/tensor/src/a.rs", text), [4]);
        assert_eq!(lines("crates/kernels/src/a.rs", text), NONE);
    }

    #[test]
    fn unwrap_stands_in_tests_only() {
        let text = "fn f() { g().unwrap() }\n/// a.unwrap()\n#[cfg(test)]\nmod t { fn f() { g().unwrap() } }\n\
                    fn h() { g().unwrap_or(1) }";
        assert_eq!(lines("crates/a/src/a.rs", text), [2]);
        for path in ["crates/a/src/a/tests.rs", "crates/a/tests/b.rs", "crates/a/examples/b.rs"] {
            assert_eq!(lines(path, text), NONE, "{path}");
        }
    }
}

//! The facade re-exports and nothing else: its library holds `pub use`, documentation and attributes.

use crate::Finding;
use crate::source::{Source, item_end, line_at};

/// The library of the facade.
pub const FACADE: &str = "crates/nar4rec/src/lib.rs";

/// Every item of the facade that is no re-export.
pub fn check(text: &str) -> Vec<Finding> {
    let code = Source::new(text).code;
    let mut findings = Vec::new();
    let mut at = 0;
    while let Some(offset) = code[at..].find(|c: char| !c.is_whitespace()) {
        let start = at + offset;
        if code[start..].starts_with('#') {
            at = attribute_end(&code, start);
            continue;
        }
        if code[start..].starts_with("pub use ") {
            at = code[start..].find(';').map_or(code.len(), |length| start + length + 1);
        } else {
            at = item_end(&code, start);
            let item = code[start..at].lines().next().unwrap_or_default().trim_end();
            let problem = format!("`{item}`: move it to the crate it belongs to and re-export it with `pub use`");
            findings.push(Finding::new(FACADE, line_at(&code, start), problem));
        }
    }
    findings
}

/// After the bracket that closes the attribute.
fn attribute_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'[' => depth += 1,
            b']' if depth == 1 => return at + 1,
            b']' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn re_exports_documentation_and_attributes_pass() {
        let text = "//! Facade: fn main() {}\n#![doc = include_str!(\"a[.md\")]\n#![warn(a, b)]\n\n/// A.\n#[doc(inline)]\n\
                    pub use a::{b, c};\n#[cfg(feature = \"x\")] pub use d as e;\n// fn\n";
        assert_eq!(check(text), []);
        assert_eq!(check(""), []);
    }

    #[test]
    fn anything_else_is_found() {
        for item in
            ["use a::b;", "pub mod a { pub use b; }", "mod a;", "fn f() {}", "pub type A = B;", "pub(crate) use a;"]
        {
            let findings = check(&format!("//! Facade.\npub use a::b;\n#[allow(x[0])]\n{item}\n"));
            assert_eq!(findings.len(), 1, "{item}");
            assert_eq!(findings[0].line, 4, "{item}");
        }
    }
}

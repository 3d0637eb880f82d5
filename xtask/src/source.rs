//! Rust source with code, comments and literals told apart, so that a rule about code is not misled by a string.
//!
//! [`Source::code`] and [`Source::comments`] have the lines and columns of the original; whatever else stood there is
//! blank, the inside of string and character literals in both. Functions and test modules are found by counting brackets
//! in what remains; only a const argument in braces, `Grid<{ N }>`, outside all brackets would end its item early.

/// A Rust file, split.
#[derive(Debug)]
pub struct Source {
    /// The code, without comments and literals.
    pub code: String,
    /// The comments, documentation included.
    pub comments: String,
}

/// A function with a body, or its declaration in a trait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, counted from 1.
    pub line: usize,
    /// How many lines it spans, from `fn` to the closing brace.
    pub lines: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

impl Source {
    /// Splits the text of a Rust file.
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let (mut code, mut comments) = (String::new(), String::new());
        let mut at = 0;
        while at < chars.len() {
            let (kind, end) = token(&chars, at);
            for &c in &chars[at..end] {
                let blank = if c == '\n' { '\n' } else { ' ' };
                code.push(if kind == Kind::Code { c } else { blank });
                comments.push(if kind == Kind::Comment { c } else { blank });
            }
            at = end;
        }
        Self { code, comments }
    }

    /// Every function, in the order of their `fn`; one that stands in another is counted in both.
    pub fn functions(&self) -> Vec<Function> {
        let starts = word_starts(&self.code, "fn");
        starts.into_iter().filter_map(|start| self.function_at(start)).collect()
    }

    /// The function whose `fn` stands at the offset; a pointer type such as `fn(f32)` is none.
    fn function_at(&self, start: usize) -> Option<Function> {
        let name = self.code[start + "fn".len()..].trim_start();
        let name: String = name.chars().take_while(|&c| is_word(c)).collect();
        let end = item_end(&self.code, start);
        let lines = self.code[start..end].matches('\n').count() + 1;
        (!name.is_empty()).then(|| Function { name, line: line_at(&self.code, start), lines })
    }

    /// The code without what is compiled for tests only.
    pub fn code_outside_tests(&self) -> String {
        let mut code = self.code.clone();
        for marker in ["#[cfg(test)]", "#[cfg(all(test,"] {
            while let Some(start) = code.find(marker) {
                let end = item_end(&code, start + marker.len());
                let blank: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
                code.replace_range(start..end, &blank);
            }
        }
        code
    }
}

/// The lines (from 1) on which the word stands by itself, not as a part of a longer one.
pub fn word_lines(text: &str, word: &str) -> Vec<usize> {
    word_starts(text, word).into_iter().map(|start| line_at(text, start)).collect()
}

/// The lines (from 1) that contain the text.
pub fn lines_with(text: &str, needle: &str) -> Vec<usize> {
    text.match_indices(needle).map(|(start, _)| line_at(text, start)).collect()
}

fn word_starts(text: &str, word: &str) -> Vec<usize> {
    let alone = |&(start, _): &(usize, &str)| {
        !text[..start].ends_with(is_word) && !text[start + word.len()..].starts_with(is_word)
    };
    text.match_indices(word).filter(alone).map(|(start, _)| start).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The line of an offset, from 1.
pub fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Where the item that starts at an offset ends: after the brace that closes its body, or after its semicolon.
pub fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && byte == b'}' {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The token that starts at a position, as far as it matters here: its kind and where it ends.
fn token(chars: &[char], at: usize) -> (Kind, usize) {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => (Kind::Comment, find(chars, at, '\n')),
        '/' if next == Some('*') => (Kind::Comment, block_comment_end(chars, at)),
        '"' => (Kind::Literal, quoted_end(chars, at)),
        '\'' if next == Some('\\') || chars.get(at + 2) == Some(&'\'') => (Kind::Literal, quoted_end(chars, at)),
        c if is_word(c) => word_or_raw_string(chars, at),
        _ => (Kind::Code, at + 1),
    }
}

/// The next position of a character, or the end.
fn find(chars: &[char], from: usize, c: char) -> usize {
    chars[from..].iter().position(|&other| other == c).map_or(chars.len(), |offset| from + offset)
}

/// After a block comment; they nest.
fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// After a string or character literal with escapes.
fn quoted_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == chars[start] => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// A word, or the raw string that `r`, `br` or `cr` opens.
fn word_or_raw_string(chars: &[char], start: usize) -> (Kind, usize) {
    let word = chars[start..].iter().take_while(|&&c| is_word(c)).count();
    let after = start + word;
    let hashes = chars[after..].iter().take_while(|&&c| c == '#').count();
    let prefix: String = chars[start..after].iter().collect();
    if !matches!(prefix.as_str(), "r" | "br" | "cr") || chars.get(after + hashes) != Some(&'"') {
        return (Kind::Code, after);
    }
    let mut at = after + hashes + 1;
    loop {
        at = find(chars, at, '"');
        if at == chars.len() {
            return (Kind::Literal, at);
        }
        at += 1;
        if chars[at..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes {
            return (Kind::Literal, at + hashes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code with runs of blanks made one.
    fn code(text: &str) -> String {
        Source::new(text).code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        assert_eq!(code("a // b\nc /* d /* e */ f */ g"), "a c g");
        assert_eq!(code(r#"let a = "{ // \" }"; b"#), "let a = ; b");
        assert_eq!(code("let a = r#\"{ \" }\"#; b"), "let a = ; b");
        assert_eq!(code("br\"\\\" x cr##\"\"# \"## y"), "x y");
        assert_eq!(code(r"m('{', '\'', '\\', '\u{7d}', b'}') n"), "m( , , , , b ) n");
        assert_eq!(
            code("fn f<'a>(x: &'a str) -> r#fn { 'l: loop {} }"),
            "fn f<'a>(x: &'a str) -> r#fn { 'l: loop {} }"
        );
    }

    #[test]
    fn a_split_keeps_lines_and_columns() {
        let text = "//! ä\nlet s = \"ö\n\"; // ü\n/* x\n*/ y";
        let Source { code, comments } = Source::new(text);
        for split in [&code, &comments] {
            let lengths = |text: &str| text.lines().map(|line| line.chars().count()).collect::<Vec<_>>();
            assert_eq!(lengths(split), lengths(text));
        }
        assert_eq!(comments.split_whitespace().collect::<Vec<_>>(), ["//!", "ä", "//", "ü", "/*", "x", "*/"]);
    }

    #[test]
    fn what_never_closes_ends_with_the_file() {
        for text in ["\"a", "/* a", "r#\"a\"", "'\\", "fn f() {", "#[cfg(test)] mod t {", "'"] {
            let source = Source::new(text);
            assert_eq!(source.code.len(), text.len());
            source.functions();
            source.code_outside_tests();
        }
    }

    #[test]
    fn functions_have_the_lines_of_signature_and_body() {
        let text = "trait T {\n fn a(&self);\n}\npub const fn b<T: Fn() -> [u8; { 2 }]>(\n x: fn(u8) -> u8,\n) -> [u8; 3] {\n \
                    if true { \"}\"; }\n fn c() {}\n}\n";
        let found: Vec<_> = Source::new(text).functions().into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("a".into(), 2, 1), ("b".into(), 4, 6), ("c".into(), 8, 1)]);
    }

    #[test]
    fn tests_are_cut_out_and_nothing_else() {
        let text =
            "a();\n#[cfg(test)]\n#[path = \"x\"]\nmod tests;\nb();\n#[cfg(all(test, unix))]\nmod t {\n c() }\nd();\n";
        let left = Source::new(text).code_outside_tests();
        assert_eq!(left.split_whitespace().collect::<Vec<_>>(), ["a();", "b();", "d();"]);
        assert_eq!(left.lines().count(), text.lines().count());
    }

    #[test]
    fn a_word_is_found_only_whole() {
        assert_eq!(word_lines("unsafe_code\nunsafe {}\nan_unsafe", "unsafe"), [2]);
        assert_eq!(word_lines("fn fnord(f: fn())", "fn"), [1, 1]);
    }
}

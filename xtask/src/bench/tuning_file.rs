//! `crates/kernels/src/tuning.rs`: read, and written from a template.
//!
//! The file is all template but for the three numbers of each instruction set and the lines that tell how they were measured.

use anyhow::Context;

/// Where it is.
pub(crate) const PATH: &str = "crates/kernels/src/tuning.rs";

/// How a product is cut, as `nar4rec_kernels::Blocking`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Blocking {
    pub(crate) depth: usize,
    pub(crate) rows: usize,
    pub(crate) tile_rows: usize,
}

impl std::fmt::Display for Blocking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {}, tiles of {}", self.depth, self.rows, self.tile_rows)
    }
}

/// An instruction set that has its own numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Isa {
    /// As `measure` calls it.
    pub(crate) name: &'static str,
    /// The constant.
    constant: &'static str,
    about: &'static str,
    /// Registers of a vector, if the tile is meant to fill them.
    registers: Option<usize>,
    /// The most rows of a tile that they hold.
    pub(crate) most_tile_rows: usize,
}

/// In the order of the file.
pub(crate) const ISAS: [Isa; 3] = [
    Isa {
        name: "portable",
        constant: "PORTABLE",
        about: "Eight lanes in plain Rust.",
        registers: None,
        most_tile_rows: 3,
    },
    Isa { name: "avx2", constant: "AVX2", about: "AVX2 with FMA", registers: Some(16), most_tile_rows: 6 },
    Isa {
        name: "avx512",
        constant: "AVX512",
        about: "AVX-512, with and without VNNI",
        registers: Some(32),
        most_tile_rows: 14,
    },
];

impl Isa {
    /// What its numbers are before anything is measured: blocks that fit the caches of most CPUs, tiles as high as they can be.
    pub(crate) fn default_blocking(&self) -> Blocking {
        Blocking { depth: 256, rows: 168, tile_rows: self.most_tile_rows }
    }
}

/// The numbers of an instruction set, and how they were measured, in lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) blocking: Blocking,
    pub(crate) measured: Vec<String>,
}

const HEAD: &str = r"//! The constants that were tuned, all of them, with the measurement that chose them.
//!
//! `cargo xtask bench tune` sweeps them on the CPU it runs on, prints the table and writes this file.
//!
//! ```text
//!            ┌──── depth ────┐            ┌ panel ┐
//!          ┌ ┌───────────────┐          ┌ ┌───────┬──
//!   rows   │ │ A: in L2      │   depth  │ │ B: L1 │         the tile of C, tile_rows × panel, lives in registers
//!          │ │ tile_rows ────┤          │ │       │         through `depth` multiply-adds
//!          └ └───────────────┘          └ └───────┴──
//! ```

use crate::gemm::Blocking;
";

/// The file.
pub(crate) fn render(entries: &[Entry; ISAS.len()]) -> String {
    let mut text = HEAD.to_owned();
    for (isa, entry) in ISAS.iter().zip(entries) {
        let Blocking { depth, rows, tile_rows } = entry.blocking;
        let about = match isa.registers {
            Some(registers) => format!("{}: {} of {registers} registers hold the tile.", isa.about, 2 * tile_rows),
            None => isa.about.to_owned(),
        };
        text += &format!("\n/// {about}\n");
        if !entry.measured.is_empty() {
            text += "///\n";
        }
        text.extend(entry.measured.iter().map(|line| format!("/// {line}\n")));
        let value = format!("Blocking {{ depth: {depth}, rows: {rows}, tile_rows: {tile_rows} }}");
        text += &format!("pub(crate) const {}: Blocking = {value};\n", isa.constant);
    }
    text
}

/// What a file of this form says.
pub(crate) fn parse(text: &str) -> anyhow::Result<[Entry; ISAS.len()]> {
    let entries: anyhow::Result<Vec<Entry>> = ISAS.iter().map(|isa| entry(text, isa)).collect();
    entries?.try_into().map_err(|_| anyhow::anyhow!("an entry for every instruction set"))
}

fn entry(text: &str, isa: &Isa) -> anyhow::Result<Entry> {
    let start = format!("pub(crate) const {}: Blocking = ", isa.constant);
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(&start));
    let at = at.with_context(|| format!("{PATH} has no line that begins with `{start}`"))?;
    let documentation: Vec<&str> =
        lines[..at].iter().rev().map_while(|line| line.strip_prefix("///")).map(str::trim_start).collect();
    // Read upwards: the measurement is what stands below the empty line.
    let measured = match documentation.iter().position(|line| line.is_empty()) {
        Some(lines) => documentation[..lines].iter().rev().map(|line| (*line).to_owned()).collect(),
        None => Vec::new(),
    };
    let number = |field: &str| {
        let after = lines[at].split_once(&format!("{field}: "))?.1;
        after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    // `rows` also ends `tile_rows`, which comes later.
    let numbers = (number("depth"), number(" rows"), number("tile_rows"));
    let (Some(depth), Some(rows), Some(tile_rows)) = numbers else {
        anyhow::bail!("{PATH}: `{}`, expected depth, rows and tile_rows", lines[at]);
    };
    Ok(Entry { blocking: Blocking { depth, rows, tile_rows }, measured })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = include_str!("../../../crates/kernels/src/tuning.rs");

    #[test]
    fn the_committed_file_is_what_the_template_renders() {
        assert_eq!(render(&parse(COMMITTED).unwrap()), COMMITTED);
    }

    #[test]
    fn what_is_rendered_is_read_back() {
        let mut entries = parse(COMMITTED).unwrap();
        entries[0] = Entry { blocking: ISAS[0].default_blocking(), measured: Vec::new() };
        let measured = vec!["Measured some day,".to_owned(), "by hand.".to_owned()];
        entries[2] = Entry { blocking: Blocking { depth: 1, rows: 23, tile_rows: 4 }, measured };
        let text = render(&entries);
        assert_eq!(parse(&text).unwrap(), entries);
        let expected = "/// AVX-512, with and without VNNI: 8 of 32 registers hold the tile.\n///\n/// Measured some day,\n\
                        /// by hand.\npub(crate) const AVX512: Blocking = Blocking { depth: 1, rows: 23, tile_rows: 4 };\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        for (from, to) in [("const AVX2:", "const AVX:"), ("depth: 256", "deep: 256")] {
            assert!(parse(&COMMITTED.replace(from, to)).is_err(), "{from}");
        }
    }
}

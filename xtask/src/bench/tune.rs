//! `tune`: sweeps the blocking of products and writes what is best for this CPU.
//!
//! A blocking is judged by the geometric mean, over the products, of its time relative to that of the blocking in use in the
//! same round. One replaces the one in use if it is clearly better: in the median round by a hundredth, and in every round at
//! all. Of several as good the one takes over that changes the fewest numbers. If there is none the file stays as it is, to the letter.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::Args;

use super::engine::Program;
use super::machine::Machine;
use super::sweep::{self, Product, Rounds};
use super::table::{Table, digits, geometric_mean, median};
use super::tuning_file::{self, Blocking, Entry, ISAS, Isa};

/// What to tune.
#[derive(Debug, Args)]
pub struct TuneOptions {
    /// Only this instruction set; all that the CPU has if not given
    #[arg(long, value_name = "NAME", value_parser = ["portable", "avx2", "avx512"])]
    isa: Option<String>,
    /// Prints, and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Times every blocking is timed
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

/// A blocking takes over if its time is this share of the present one's, or less.
const CLEARLY: f64 = 0.99;

/// Blockings within this of the best one's time are as good.
const AS_GOOD: f64 = 1.005;

/// Lines of the table.
const SHOWN: usize = 12;

/// Sweeps, prints and writes.
pub(crate) fn tune(root: &Path, options: &TuneOptions) -> anyhow::Result<()> {
    let program = Program::build(root, None)?;
    let machine = Machine::this(root);
    let path = root.join(tuning_file::PATH);
    let before = fs::read_to_string(&path).with_context(|| format!("reading {}", tuning_file::PATH))?;
    let mut entries = tuning_file::parse(&before)?;
    let (known, products) = sweep::known(&program)?;
    println!("{}", machine.line());
    for (isa, entry) in ISAS.iter().zip(&mut entries) {
        let is_wanted = options.isa.as_ref().is_none_or(|name| name == isa.name);
        if !is_wanted || !known.iter().any(|name| name == isa.name) {
            continue;
        }
        let judged = judge(&program, isa, entry.blocking, &products, options.rounds.max(1))?;
        print!("\n{}:\n{}", isa.name, judged.table(entry.blocking).text());
        let pick = judged.pick(entry.blocking);
        if pick == entry.blocking {
            println!("{pick} stays");
        } else {
            *entry = Entry { blocking: pick, measured: judged.measured(isa, pick, &machine) };
            println!("{pick} takes over");
        }
    }
    let after = tuning_file::render(&entries);
    match (after == before, options.dry_run) {
        (true, _) => println!("\n{} stays as it is", tuning_file::PATH),
        (false, true) => println!("\n{} would change", tuning_file::PATH),
        (false, false) => {
            fs::write(&path, after).with_context(|| format!("writing {}", tuning_file::PATH))?;
            println!("\nwrote {}", tuning_file::PATH);
        }
    }
    Ok(())
}

/// How the blockings of an instruction set did.
#[derive(Debug)]
struct Judged {
    /// Of each blocking, round by round, its time relative to the present one's.
    ratios: Vec<(Blocking, Vec<f64>)>,
    /// GFLOP/s of the blocking in use, the geometric mean over products of medians.
    speed: f64,
    products: usize,
}

fn judge(
    program: &Program,
    isa: &Isa,
    present: Blocking,
    products: &[Product],
    rounds: usize,
) -> anyhow::Result<Judged> {
    let mut grid = sweep::grid(isa.most_tile_rows);
    grid.extend(
        [present, isa.default_blocking()].into_iter().filter(|blocking| !grid.contains(blocking)).collect::<Vec<_>>(),
    );
    let swept: anyhow::Result<Vec<(Product, Rounds)>> = (products.iter())
        .map(|product| Ok((*product, sweep::sweep(program, isa.name, *product, &grid, rounds)?)))
        .collect();
    Ok(Judged::new(&swept?, &grid, present))
}

impl Judged {
    fn new(swept: &[(Product, Rounds)], grid: &[Blocking], present: Blocking) -> Self {
        let rounds = swept.first().map_or(0, |(_, rounds)| rounds.len());
        let time =
            |(product, rounds): &(Product, Rounds), round: usize, blocking| rounds[round][&product.cut(blocking)];
        let relative = |blocking: Blocking, round: usize| {
            let of = |swept| time(swept, round, blocking) / time(swept, round, present);
            geometric_mean(&swept.iter().map(of).collect::<Vec<_>>())
        };
        let ratios =
            grid.iter().map(|blocking| (*blocking, (0..rounds).map(|round| relative(*blocking, round)).collect()));
        let speed = |swept: &(Product, Rounds)| {
            let Product { m, k, n } = swept.0;
            (2 * m * k * n) as f64 / median(&(0..rounds).map(|round| time(swept, round, present)).collect::<Vec<_>>())
        };
        let speed = geometric_mean(&swept.iter().map(speed).collect::<Vec<_>>());
        Self { ratios: ratios.collect(), speed, products: swept.len() }
    }

    /// The blocking to use: of those that are clearly better and as good as the best, the one most like the present one.
    fn pick(&self, present: Blocking) -> Blocking {
        let is_better = |ratios: &[f64]| median(ratios) < CLEARLY && ratios.iter().all(|ratio| *ratio < 1.0);
        let better = self.ratios.iter().filter(|(_, ratios)| is_better(ratios));
        let better: Vec<(Blocking, f64)> = better.map(|(blocking, ratios)| (*blocking, median(ratios))).collect();
        let best = better.iter().map(|(_, ratio)| *ratio).fold(f64::INFINITY, f64::min);
        let as_good = better.into_iter().filter(|(_, ratio)| *ratio <= best * AS_GOOD);
        let unlike = |blocking: Blocking| {
            let kept = [blocking.depth == present.depth, blocking.rows == present.rows];
            kept.into_iter().chain([blocking.tile_rows == present.tile_rows]).filter(|is_kept| !is_kept).count()
        };
        let order = |a: &(Blocking, f64), b: &(Blocking, f64)| unlike(a.0).cmp(&unlike(b.0)).then(a.1.total_cmp(&b.1));
        as_good.min_by(order).map_or(present, |(blocking, _)| blocking)
    }

    /// The best, the present one and the pick.
    fn table(&self, present: Blocking) -> Table {
        let pick = self.pick(present);
        let mut table = Table::new(["depth × rows", "GFLOP/s", "time", "least", "greatest", ""]);
        let mut sorted: Vec<&(Blocking, Vec<f64>)> = self.ratios.iter().collect();
        sorted.sort_by(|a, b| median(&a.1).total_cmp(&median(&b.1)));
        let is_named = |blocking: Blocking| blocking == pick || blocking == present;
        let lines =
            sorted.into_iter().enumerate().filter(|(place, (blocking, _))| *place < SHOWN || is_named(*blocking));
        for (_, (blocking, ratios)) in lines {
            let marks = [(*blocking == pick, "pick"), (*blocking == present, "in use")];
            let marks: Vec<&str> = marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect();
            let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = ratios.iter().copied().fold(0.0, f64::max);
            let [time, least, greatest] = [median(ratios), least, greatest].map(|ratio| format!("{ratio:.3}"));
            table.push([blocking.to_string(), digits(self.of(*blocking)), time, least, greatest, marks.join(", ")]);
        }
        table
    }

    /// GFLOP/s of a blocking.
    fn of(&self, blocking: Blocking) -> f64 {
        let ratios = self.ratios.iter().find(|(known, _)| *known == blocking).map_or(&[][..], |(_, ratios)| ratios);
        self.speed / median(ratios)
    }

    /// How a pick was measured, for its documentation.
    fn measured(&self, isa: &Isa, pick: Blocking, machine: &Machine) -> Vec<String> {
        let default = isa.default_blocking();
        let speed = |blocking| digits(self.of(blocking));
        vec![
            format!("Measured {} on {} with {}:", machine.date, machine.cpu, machine.rustc),
            format!(
                "{} GFLOP/s, the geometric mean of {} products; {default}: {}.",
                speed(pick),
                self.products,
                speed(default)
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const PRODUCT: Product = Product { m: 60, k: 128, n: 128 };
    const PRESENT: Blocking = Blocking { depth: 128, rows: 60, tile_rows: 14 };
    const OTHER: Blocking = Blocking { depth: 64, rows: 60, tile_rows: 14 };

    /// The pick where the other blocking takes this long, round by round, and the present one 100.
    fn pick(other: &[f64]) -> Blocking {
        let round = |time: &f64| HashMap::from([(PRODUCT.cut(PRESENT), 100.0), (PRODUCT.cut(OTHER), *time)]);
        let rounds: Rounds = other.iter().map(round).collect();
        Judged::new(&[(PRODUCT, rounds)], &[OTHER, PRESENT], PRESENT).pick(PRESENT)
    }

    #[test]
    fn a_blocking_takes_over_if_it_is_clearly_better() {
        assert_eq!(pick(&[97.0, 98.0, 97.0]), OTHER);
    }

    #[test]
    fn a_tie_within_noise_keeps_what_is_there() {
        for other in [[99.5, 99.6, 99.4], [90.0, 90.0, 101.0], [100.0, 100.0, 100.0], [110.0, 90.0, 110.0]] {
            assert_eq!(pick(&other), PRESENT, "{other:?}");
        }
    }

    #[test]
    fn of_two_as_good_the_one_takes_over_that_changes_less() {
        let far = Blocking { depth: 64, rows: 40, tile_rows: 14 };
        let round =
            [(PRESENT, 100.0), (far, 80.0), (OTHER, 80.2)].map(|(blocking, time)| (PRODUCT.cut(blocking), time));
        let judged = Judged::new(&[(PRODUCT, vec![HashMap::from(round)])], &[far, OTHER, PRESENT], PRESENT);
        assert_eq!(judged.pick(PRESENT), OTHER);
    }

    #[test]
    fn the_table_marks_pick_and_present() {
        let round = HashMap::from([(PRODUCT.cut(PRESENT), 100.0), (PRODUCT.cut(OTHER), 50.0)]);
        let judged = Judged::new(&[(PRODUCT, vec![round])], &[OTHER, PRESENT], PRESENT);
        let text = judged.table(PRESENT).text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].contains("64 × 60, tiles of 14") && lines[1].ends_with("0.500  0.500     0.500    pick"),
            "{text}"
        );
        assert!(lines[2].ends_with("1.000  1.000     1.000  in use"), "{text}");
        assert_eq!(digits(judged.of(OTHER)), "39322", "1966080 operations in 50 ns");
    }
}

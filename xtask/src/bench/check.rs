//! `check`: whether products run with the best instruction set and blocking there are, up to 5 %, at every named product.
//!
//! It sweeps all of them, and what looks slow is measured again beside the best before it counts: of many measurements the best
//! is always a lucky one. A tool for a quiet machine, not a test.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::engine::{After, Program, Sampling};
use super::sweep::{self, Product};
use super::table::{Table, median};
use super::tuning_file::{self, Blocking, ISAS};

/// How much slower than the best the pick may be.
const MOST: f64 = 1.05;

/// Times each blocking is timed, and each of a pair that is measured again.
const ROUNDS: usize = 3;
const ROUNDS_AGAIN: usize = 25;

/// An instruction set and a blocking.
type Way = (&'static str, Blocking);

/// Measures and judges.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let program = Program::build(root, None)?;
    let text = fs::read_to_string(root.join(tuning_file::PATH)).context(tuning_file::PATH)?;
    let entries = tuning_file::parse(&text)?;
    let (known, products) = sweep::known(&program)?;
    let usable: Vec<Way> = (ISAS.iter().zip(entries))
        .filter(|(isa, _)| known.iter().any(|name| name == isa.name))
        .map(|(isa, entry)| (isa.name, entry.blocking))
        .collect();
    // What detects the instruction set takes the last of those the CPU has.
    let pick = *usable.last().context("no instruction set has products")?;
    let mut table = Table::new(["product", "best", "pick ÷ best"]);
    let mut slow = Vec::new();
    for product in products {
        let (best, mut ratio) = best(&program, product, &usable, pick)?;
        if ratio > MOST {
            ratio = again(&program, product, pick, best)?;
        }
        let Product { m, k, n } = product;
        let name = format!("{m}x{k}x{n}");
        if ratio > MOST {
            slow.push(name.clone());
        }
        table.push([name, format!("{} {}", best.0, best.1), format!("{ratio:.3}")]);
    }
    println!("products run with {} {}", pick.0, pick.1);
    print!("{}", table.text());
    anyhow::ensure!(
        slow.is_empty(),
        "more than 5 % slower than the best: {}; run `cargo xtask bench tune`",
        slow.join(", ")
    );
    Ok(())
}

/// The fastest way to do a product, and how much longer the pick takes.
fn best(program: &Program, product: Product, usable: &[Way], pick: Way) -> anyhow::Result<(Way, f64)> {
    let mut fastest = (pick, f64::INFINITY);
    let mut of_pick = f64::NAN;
    for (name, blocking) in usable {
        let isa = ISAS.iter().find(|isa| isa.name == *name).context("an instruction set of the file")?;
        let mut grid = vec![*blocking];
        grid.extend(sweep::grid(isa.most_tile_rows).into_iter().filter(|other| other != blocking));
        let rounds = sweep::sweep(program, name, product, &grid, ROUNDS)?;
        let time = |blocking: Blocking| median(&rounds.iter().map(|r| r[&product.cut(blocking)]).collect::<Vec<_>>());
        let times = grid.iter().map(|blocking| ((*name, *blocking), time(*blocking)));
        fastest = times.fold(fastest, |best, way| if way.1 < best.1 { way } else { best });
        if (*name, *blocking) == pick {
            of_pick = time(*blocking);
        }
    }
    Ok((fastest.0, of_pick / fastest.1))
}

/// How much longer the pick takes, measured in turns with the best.
fn again(program: &Program, product: Product, pick: Way, best: Way) -> anyhow::Result<f64> {
    let mut engine = program.start()?;
    let sampling = Sampling { millis: 5, samples: 1, after: After::Keep };
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS_AGAIN {
        let mut time = |way: Way| engine.time(&product.name(way.0, way.1), sampling).map(|timed| timed.least);
        ratios.push(time(pick)? / time(best)?);
    }
    Ok(median(&ratios))
}

//! From names to benchmarks.

use anyhow::{Context, bail};
use nar4rec_kernels::Isa;

use crate::{
    Benchmark, NAMED, Shape, Shared,
    kernels::{
        attention, float_isas, int8, passes,
        peak::{self, COPIES},
        products::{self, Product},
    },
    paths::{choice, networks, rerank, training},
};

/// A benchmark at a shape, by name.
type OfShape = (&'static str, fn(&Shape) -> Benchmark);

/// Kernels that are timed at each shape with the best instruction set.
const KERNELS: [OfShape; 12] = [
    ("attention", attention::own),
    ("cross", attention::cross),
    ("softmax", passes::softmax),
    ("log_p", passes::log_p),
    ("layer_norm", passes::norm),
    ("gelu", passes::gelu),
    ("exp", passes::exponential),
    ("pack", passes::pack),
    ("pack_turned", passes::pack_turned),
    ("adam", passes::adam),
    ("quantise", int8::quantise),
    ("decoding", choice::decoding),
];

/// Paths that are timed at each shape, with the numbers that follow their names.
const PATHS: [(&str, &[usize]); 6] = [
    ("generator", &[1, 64]),
    ("generator_int8", &[1, 64]),
    ("evaluator", &[8]),
    ("choice", &[1]),
    ("rerank", &[1, 64]),
    ("training", &[1, 2]),
];

/// The name of every benchmark at the named shapes, those of one kind together.
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    let has_peak = |isa: &&&str| **isa != "portable";
    names.extend(float_isas().iter().filter(has_peak).map(|isa| format!("peak/fma/{isa}")));
    names.extend(Isa::names().iter().filter(has_peak).map(|isa| format!("peak/dot4/{isa}")));
    names.extend(COPIES.map(|size| format!("peak/copy/{size}")));
    for product in NAMED.iter().flat_map(|(_, shape)| Product::of(shape)) {
        let ways = float_isas().into_iter().chain(["matrixmultiply", "ndarray"]);
        names.extend(ways.map(|way| format!("product/{product}/{way}")));
    }
    for product in NAMED.iter().flat_map(|(_, shape)| Product::of(shape)) {
        names.extend(Isa::names().iter().map(|isa| format!("int8/{product}/{isa}")));
    }
    for (kernel, _) in KERNELS {
        names.extend(NAMED.iter().map(|(shape, _)| format!("{kernel}/{shape}")));
    }
    for (path, counts) in PATHS {
        let shapes = NAMED.iter().flat_map(|(shape, _)| counts.iter().map(move |count| (shape, count)));
        names.extend(shapes.map(|(shape, count)| format!("{path}/{shape}/{count}")));
    }
    names
}

/// The benchmark of a name.
pub(crate) fn prepare(name: &str, shared: &mut Shared) -> anyhow::Result<Benchmark> {
    parse(name, shared).with_context(|| format!("benchmark {name:?}"))
}

fn parse(name: &str, shared: &mut Shared) -> anyhow::Result<Benchmark> {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        ["peak", "fma", isa] => Ok(peak::fma(Isa::named(isa)?)),
        ["peak", "dot4", isa] => Ok(peak::dot4(Isa::named(isa)?)),
        ["peak", "copy", kilobytes] => Ok(peak::copy(count(kilobytes)?)),
        ["product", product, peer @ ("matrixmultiply" | "ndarray")] => products::theirs(product.parse()?, peer, shared),
        ["product", product, isa] => Ok(products::ours(product.parse()?, Isa::named(isa)?, shared)),
        ["blocked", product, isa, blocking] => {
            let blocking = products::parse_blocking(blocking)?;
            Ok(products::blocked(product.parse()?, Isa::named(isa)?, blocking, shared))
        }
        ["int8", product, isa] => Ok(int8::product(product.parse()?, Isa::named(isa)?, shared)),
        [kernel, shape] => {
            let known = KERNELS.iter().find(|(name, _)| name == kernel);
            Ok(known.with_context(|| format!("no kernel is called {kernel:?}"))?.1(&shape.parse()?))
        }
        [path, shape, number] => {
            let (shape, number): (Shape, usize) = (shape.parse()?, count(number)?);
            match *path {
                "generator" => networks::generator(&shape, number),
                "generator_int8" => networks::generator_int8(&shape, number),
                "evaluator" => networks::evaluator(&shape, number),
                "choice" => choice::choice(&shape),
                "rerank" => rerank::rerank(&shape, number),
                "training" => training::training(&shape, number),
                _ => bail!("no path is called {path:?}"),
            }
        }
        _ => bail!("no benchmark has such a name"),
    }
}

/// A number above zero.
fn count(text: &str) -> anyhow::Result<usize> {
    text.parse().ok().filter(|number| *number > 0).with_context(|| format!("{text:?}, expected a number above 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_of_one_benchmark() {
        let mut names = names();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().any(|name| name == "rerank/kuaishou/64"));
    }

    #[test]
    fn other_sizes_can_be_asked_for() {
        let mut shared = Shared::default();
        for name in ["generator/n5-m2-d8-l1/3", "rerank/n7-m2-d8-l1/2", "blocked/5x7x9/portable/3,2,1", "peak/copy/1"] {
            Benchmark::named(name, &mut shared).unwrap();
        }
    }

    #[test]
    fn names_of_nothing_say_why() {
        let message = |name: &str| format!("{:#}", Benchmark::named(name, &mut Shared::default()).unwrap_err());
        assert_eq!(message("sofmax/small"), "benchmark \"sofmax/small\": no kernel is called \"sofmax\"");
        assert!(message("generator/small/0").contains("\"0\", expected a number above 0"));
        assert!(message("generator/tiny/1").contains("expected kuaishou"));
        assert!(message("product/1x1x1/mmx").contains("mmx"));
    }
}

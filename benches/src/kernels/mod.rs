//! Benchmarks of single kernels.

pub(crate) mod attention;
pub(crate) mod int8;
pub(crate) mod passes;
pub(crate) mod peak;
pub(crate) mod products;

use nar4rec_kernels::Isa;

/// The instruction sets of this CPU that differ in arithmetic on `f32`, slowest first.
pub(crate) fn float_isas() -> Vec<&'static str> {
    // VNNI adds products of bytes and nothing else.
    Isa::names().into_iter().filter(|name| *name != "avx512vnni").collect()
}

/// The peak of `f32` arithmetic with an instruction set.
pub(crate) fn float_peak(isa: Isa) -> String {
    let name = if isa.name() == "avx512vnni" { "avx512" } else { isa.name() };
    format!("peak/fma/{name}")
}

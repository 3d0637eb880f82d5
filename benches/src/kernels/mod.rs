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

/// The peak of `f32` arithmetic with an instruction set. Plain Rust has none: what the compiler makes of a burst says nothing of
/// what it makes of another loop.
pub(crate) fn float_peak(isa: Isa) -> Option<String> {
    match isa.name() {
        "portable" => None,
        "avx512vnni" => Some("peak/fma/avx512".to_owned()),
        name => Some(format!("peak/fma/{name}")),
    }
}

/// The peak of arithmetic on bytes, likewise.
pub(crate) fn byte_peak(isa: Isa) -> Option<String> {
    (isa.name() != "portable").then(|| format!("peak/dot4/{}", isa.name()))
}

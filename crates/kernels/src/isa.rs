//! The token that says which instructions may be used.
//!
//! An [`Isa`] is made by asking the CPU, so to hold one is the proof that its instructions exist. Kernels are values that
//! implement [`Kernel`]; [`Isa::run`] enters a function compiled for the instruction set and runs the kernel's one generic
//! body there, where every [`Simd`] operation inlines to an instruction.

use crate::arch::Portable;
#[cfg(target_arch = "x86_64")]
use crate::arch::{Avx2, Avx512, Plain, Vnni};
use crate::gemm::Blocking;
use crate::simd::{Bytes, Simd};
use crate::tuning;

/// Which instructions the kernels use. Obtained from [`Isa::detect`] or [`Isa::named`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Avx512<Vnni>),
}

/// An instruction set that was asked for by name and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedIsa {
    name: String,
}

impl std::fmt::Display for UnsupportedIsa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "instruction set {:?} is unknown or this cpu lacks it, expected one of {:?}", self.name, Isa::names())
    }
}

impl std::error::Error for UnsupportedIsa {}

/// A computation that is written once for every instruction set.
pub(crate) trait Kernel {
    type Output;
    /// The computation. Implementations are `#[inline(always)]`, so that they compile inside [`Isa::run`]'s entry points.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// A computation on narrow integers, likewise.
pub(crate) trait ByteKernel {
    type Output;
    /// The computation; `#[inline(always)]`, as [`Kernel::run`].
    fn run<S: Bytes>(self, simd: S) -> Self::Output;
}

impl Isa {
    /// The fastest instruction set of this CPU.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(vnni) = Avx512::<Vnni>::new() {
                return Self(Level::Avx512Vnni(vnni));
            }
            if let Some(avx512) = Avx512::<Plain>::new() {
                return Self(Level::Avx512(avx512));
            }
            if let Some(avx2) = Avx2::new() {
                return Self(Level::Avx2(avx2));
            }
        }
        Self(Level::Portable(Portable))
    }

    /// The instruction set called `name` (`portable`, `avx2`, `avx512`, `avx512vnni`), or `auto` for the fastest.
    ///
    /// # Errors
    /// If the name is unknown or the CPU lacks the instructions: a forced choice never falls back.
    pub fn named(name: &str) -> Result<Self, UnsupportedIsa> {
        let level = match name {
            "auto" => return Ok(Self::detect()),
            "portable" => Some(Level::Portable(Portable)),
            #[cfg(target_arch = "x86_64")]
            "avx2" => Avx2::new().map(Level::Avx2),
            #[cfg(target_arch = "x86_64")]
            "avx512" => Avx512::<Plain>::new().map(Level::Avx512),
            #[cfg(target_arch = "x86_64")]
            "avx512vnni" => Avx512::<Vnni>::new().map(Level::Avx512Vnni),
            _ => None,
        };
        level.map(Self).ok_or_else(|| UnsupportedIsa { name: name.to_owned() })
    }

    /// The names [`Isa::named`] accepts on this CPU, slowest first.
    pub fn names() -> Vec<&'static str> {
        ["portable", "avx2", "avx512", "avx512vnni"].into_iter().filter(|name| Self::named(name).is_ok()).collect()
    }

    /// This instruction set's name.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni(_) => "avx512vnni",
        }
    }

    /// Runs `kernel` compiled for this instruction set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Level::Portable(portable) => kernel.run(portable),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(avx2) => avx2.enter(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(avx512) => avx512.enter(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni(vnni) => vnni.plain().enter(kernel),
        }
    }

    /// Runs `kernel` compiled for this instruction set.
    #[inline]
    pub(crate) fn run_bytes<K: ByteKernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Level::Portable(portable) => kernel.run(portable),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(avx2) => avx2.enter_bytes(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(avx512) => avx512.enter_bytes(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Vnni(vnni) => vnni.enter_bytes(kernel),
        }
    }

    /// How products are cut for this instruction set.
    pub fn blocking(self) -> Blocking {
        match self.0 {
            Level::Portable(_) => tuning::PORTABLE,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => tuning::AVX2,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) | Level::Avx512Vnni(_) => tuning::AVX512,
        }
    }

    /// The lanes of one vector and the rows of one matrix tile: what packed operands are laid out for.
    pub(crate) fn tile(self) -> (usize, usize) {
        struct Tile;
        impl Kernel for Tile {
            type Output = (usize, usize);
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> (usize, usize) {
                (S::LANES, S::TILE_ROWS)
            }
        }
        self.run(Tile)
    }
}

/// Every instruction set the tests must run: all that the CPU has, or the one that `NAR4REC_ISA` names.
#[cfg(test)]
pub(crate) fn isas_under_test() -> Vec<Isa> {
    match std::env::var("NAR4REC_ISA") {
        Ok(name) => vec![Isa::named(&name).unwrap()],
        Err(_) => Isa::names().into_iter().map(|name| Isa::named(name).unwrap()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forced_choice_never_falls_back() {
        for name in Isa::names() {
            assert_eq!(Isa::named(name).unwrap().name(), name);
        }
        let message = Isa::named("mmx").unwrap_err().to_string();
        assert!(message.contains("\"mmx\"") && message.contains("portable"), "{message}");
    }

    #[test]
    fn auto_is_the_last_name() {
        assert_eq!(Isa::named("auto").unwrap().name(), *Isa::names().last().unwrap());
    }
}

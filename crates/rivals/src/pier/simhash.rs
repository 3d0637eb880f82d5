//! SimHash (Charikar 2002): a vector as the signs of its products with planes at random; and how far hashes are apart.
//!
//! ```text
//!   bit_b(h) = [⟨plane_b, h⟩ > 0]        P(bits of h and g agree) = 1 − θ(h, g)/π        planes ~ N(0, 1)
//!   h(list) = Σ_j w_j e_j                w_j = 1/log₂(j + 2), j from 0
//!   distance(list, past) = Σ_k weight_k · Hamming(hash of the list, hash of past list k)
//! ```
//!
//! A product with a sum is the sum of the products, so the planes meet each item once ([`SimHash::products`]) and a list costs
//! no more than an addition for each place and plane.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::candidates::discount;

/// Planes through the origin.
#[derive(Debug, Clone)]
pub(super) struct SimHash {
    /// `[bits, dim]`
    planes: Vec<f32>,
    bits: usize,
    dim: usize,
}

impl SimHash {
    /// `bits` planes, at most 64, in `dim` dimensions, decided by `seed`.
    pub(super) fn new(bits: usize, dim: usize, seed: u64) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        Self { planes: (0..bits * dim).map(|_| normal(&mut rng)).collect(), bits, dim }
    }

    /// The products of vectors `[rows, dim]` with every plane, `[rows, bits]`.
    pub(super) fn products(&self, vectors: &[f32]) -> Vec<f32> {
        let dot = |x: &[f32], plane: &[f32]| x.iter().zip(plane).map(|(x, p)| x * p).sum::<f32>();
        let of_row = |x| self.planes.chunks_exact(self.dim).map(move |plane| dot(x, plane));
        vectors.chunks_exact(self.dim).flat_map(of_row).collect()
    }

    /// The hash of a list, from the [products](Self::products) of its items.
    pub(super) fn hash<'p>(&self, items: impl Iterator<Item = &'p [f32]>) -> u64 {
        let mut sums = [0.0; 64];
        for (place, products) in items.enumerate() {
            let weight = discount(place);
            sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += weight * product);
        }
        sums[..self.bits].iter().rev().fold(0, |hash, sum| hash << 1 | u64::from(*sum > 0.0))
    }

    /// The number of planes.
    pub(super) fn bits(&self) -> usize {
        self.bits
    }
}

/// Σ of the Hamming distances to past hashes, each by its weight.
pub(super) fn distance(hash: u64, past: &[(u64, f32)]) -> f32 {
    past.iter().map(|(other, weight)| weight * (hash ^ other).count_ones() as f32).sum()
}

/// A normal number (Box and Muller 1958).
fn normal(rng: &mut Pcg64Mcg) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    (radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(planes: &SimHash, vector: &[f32]) -> u64 {
        planes.hash(std::iter::once(&planes.products(vector)[..]))
    }

    #[test]
    fn the_seed_decides_and_equals_have_equal_hashes() {
        let planes = SimHash::new(64, 3, 1);
        assert_eq!(planes.planes, SimHash::new(64, 3, 1).planes);
        assert_ne!(planes.planes, SimHash::new(64, 3, 2).planes);
        let x = [0.3, -1.2, 0.7];
        assert_eq!(hash(&planes, &x), hash(&planes, &x));
        assert_eq!(hash(&planes, &x), hash(&planes, &x.map(|x| 8.0 * x)), "length does not matter");
        assert_eq!(hash(&planes, &x), !hash(&planes, &x.map(|x| -x)), "opposites agree nowhere");
        assert_eq!(hash(&SimHash::new(5, 3, 1), &x), hash(&planes, &x) & 0b1_1111);
    }

    #[test]
    fn bits_agree_as_the_angle_says() {
        let (seeds, bits) = (200, 64);
        for theta in [0.0_f64, 0.3, 1.0, std::f64::consts::FRAC_PI_2, 2.5] {
            let (a, b) = ([1.0, 0.0, 0.0], [theta.cos() as f32, 0.6 * theta.sin() as f32, 0.8 * theta.sin() as f32]);
            let agreeing = (0..seeds).map(|seed| {
                let planes = SimHash::new(bits, 3, seed);
                (!(hash(&planes, &a) ^ hash(&planes, &b))).count_ones()
            });
            let found = f64::from(agreeing.sum::<u32>()) / (seeds * bits as u64) as f64;
            let expected = 1.0 - theta / std::f64::consts::PI;
            // Four standard deviations of a share of 12,800 draws are at most 4·√(0.25/12,800) = 0.018.
            assert!((found - expected).abs() < 0.018, "angle {theta}: {found}, expected {expected}");
        }
    }

    #[test]
    fn a_list_is_hashed_by_its_discounted_sum() {
        let planes = SimHash::new(64, 2, 7);
        let items = [[0.5_f32, 1.0], [-2.0, 0.1], [0.4, -0.9]];
        let products = planes.products(items.as_flattened());
        let sum = [0, 1].map(|c| items.iter().enumerate().map(|(j, x)| x[c] / (j as f32 + 2.0).log2()).sum::<f32>());
        assert_eq!(planes.hash(products.chunks_exact(64)), hash(&planes, &sum));
        assert_ne!(
            planes.hash(products.chunks_exact(64)),
            planes.hash(products.chunks_exact(64).rev()),
            "order counts"
        );
        assert_eq!((planes.bits(), planes.hash(std::iter::empty())), (64, 0));
    }

    #[test]
    fn distances_are_those_of_bits_counted_one_by_one() {
        let past = [(0b1011, 1.0), (u64::MAX, 0.5), (0x0123_4567_89ab_cdef, 0.25)];
        for hash in [0, 0b1011, u64::MAX, 0xfedc_0000_1111_2222] {
            let bits = |x: u64| (0..64).map(move |b| (x >> b) & 1);
            let differing = |other: u64| bits(hash).zip(bits(other)).filter(|(a, b)| a != b).count() as f32;
            let naive: f32 = past.iter().map(|(other, weight)| weight * differing(*other)).sum();
            assert_eq!(distance(hash, &past), naive);
        }
        assert_eq!(distance(3, &[]), 0.0);
    }
}

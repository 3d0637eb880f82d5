//! The shapes that benchmarks are named after, and numbers to fill them with.

/// A product `[m, k] · [k, n]` that the generator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// Where it occurs.
    pub name: &'static str,
    /// Rows.
    pub m: usize,
    /// Depth.
    pub k: usize,
    /// Columns.
    pub n: usize,
}

/// The products of one request of `kuaishou`: n = 60 candidates, d = 128, feed-forward 512.
pub const KUAISHOU: [Product; 3] = [
    Product { name: "kuaishou/projection", m: 60, k: 128, n: 128 },
    Product { name: "kuaishou/feed_forward_in", m: 60, k: 128, n: 512 },
    Product { name: "kuaishou/feed_forward_out", m: 60, k: 512, n: 128 },
];

/// Numbers in −1..1 that look random and are the same everywhere.
pub fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_spread_and_repeats() {
        let numbers = noise(10_000, 1);
        assert_eq!(numbers, noise(10_000, 1));
        let mean = numbers.iter().sum::<f32>() / 10_000.0;
        // Three standard deviations of the mean of uniform numbers: 3·(2/√12)/100.
        assert!(mean.abs() < 0.0174 && numbers.iter().all(|x| x.abs() <= 1.0), "{mean}");
    }
}

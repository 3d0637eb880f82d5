//! Numbers to fill things with.

/// Numbers in −1..1 that look random and are the same everywhere.
pub fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
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

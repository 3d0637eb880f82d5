//! The hash that assigns strings to the buckets of an embedding table.
//!
//! A trained table is useless under another hash, so this one is part of the schema's format: FNV-1a (64 bits) over
//! the UTF-8 bytes, then the finaliser of SplitMix64, because FNV alone spreads short strings poorly. It is the same
//! on every platform and is never changed within a schema version.

/// The hash of `value`: FNV-1a 64, finalised.
///
/// ```
/// assert_eq!(nar4rec_features::stable_hash(""), 0xf52a_15e9_a9b5_e89b);
/// ```
pub fn stable_hash(value: &str) -> u64 {
    finalise(fnv1a(value.as_bytes()))
}

/// The bucket of `value` among `buckets`, which must not be 0.
pub fn bucket(value: &str, buckets: u32) -> u32 {
    let bucket = stable_hash(value) % u64::from(buckets);
    u32::try_from(bucket).expect("a remainder is below its divisor, a u32")
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn finalise(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a_gives_the_published_values() {
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8_u64)]
        {
            assert_eq!(fnv1a(text.as_bytes()), hash, "{text:?}");
        }
    }

    #[test]
    fn the_finaliser_is_splitmix64s() {
        // The first output of SplitMix64 seeded with 0 finalises its increment.
        assert_eq!(finalise(0x9e37_79b9_7f4a_7c15), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn short_numbers_spread_over_the_buckets() {
        let mut load = [0; 16];
        (0..16_000).for_each(|i: u32| load[bucket(&i.to_string(), 16) as usize] += 1);
        assert!(load.iter().all(|&l| (850..=1150).contains(&l)), "{load:?}");
    }
}

//! Generators of random numbers, by place.

use hmac_sha256::Hash;
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

/// The generator for `purpose` at a place, such as a session of a query: no draw depends on which were made before.
pub(crate) fn rng_at(seed: u64, purpose: &str, place: &str, number: u64) -> Pcg64Mcg {
    let hash = Hash::hash(format!("{seed}\n{purpose}\n{place}\n{number}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Pcg64Mcg::from_seed(bytes)
}

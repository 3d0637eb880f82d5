//! A small collection in the form of MQ2008: five sections, features that tell relevance with noise, some that never vary.

use std::fs;
use std::path::Path;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// Writes `queries` queries of 5 to 12 documents into each section.
pub(crate) fn mq2008(folder: &Path, queries: usize) {
    let mut rng = Pcg64Mcg::seed_from_u64(5);
    for section in 1..=5 {
        let mut text = String::new();
        for query in 0..queries {
            for document in 0..5 + (query % 8) {
                let grade: u32 = [0, 0, 0, 1, 2][rng.random_range(0..5_u64) as usize];
                text.push_str(&format!("{grade} qid:{section}{query:03}"));
                for feature in 1..=46 {
                    let signal = if feature % 5 == 1 { f64::from(grade) / 4.0 } else { 0.0 };
                    let value = if feature <= 40 { signal + rng.random::<f64>() / 2.0 } else { 0.0 };
                    text.push_str(&format!(" {feature}:{value:.6}"));
                }
                text.push_str(&format!(" #docid = D{document} inc = 1 prob = 0.5\n"));
            }
        }
        fs::write(folder.join(format!("S{section}.txt")), text).unwrap();
    }
}

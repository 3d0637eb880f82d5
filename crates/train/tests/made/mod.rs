//! A small data set with something to learn: users like items of their own colour.

use std::path::Path;

use nar4rec_data::JsonLinesWriter;
use nar4rec_train::Config;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};

const COLOURS: [&str; 4] = ["red", "green", "blue", "grey"];
/// Candidates of a request and items of a list.
pub(crate) const CANDIDATES: usize = 12;
pub(crate) const LENGTH: usize = 3;

/// Writes train, valid and test of a data set.
pub(crate) fn write(dir: &Path, lists: usize) {
    let mut rng = Pcg64Mcg::seed_from_u64(9);
    for (split, lists) in [("train", lists), ("valid", lists / 4), ("test", lists / 4)] {
        let mut writer = JsonLinesWriter::create(dir.join(format!("{split}.jsonl"))).unwrap();
        for list in 0..lists {
            writer.write(&impression(&format!("{split}{list}"), &mut rng)).unwrap();
        }
        writer.finish().unwrap();
    }
}

fn impression(id: &str, rng: &mut Pcg64Mcg) -> Value {
    let taste = rng.random_range(0..COLOURS.len());
    let colours: Vec<usize> = (0..CANDIDATES).map(|_| rng.random_range(0..COLOURS.len())).collect();
    let candidates: Vec<Value> = colours
        .iter()
        .enumerate()
        .map(|(index, colour)| {
            let features = json!({"colour": COLOURS[*colour], "size": rng.random::<f64>()});
            json!({"id": format!("v{index}"), "score": rng.random::<f64>(), "features": features})
        })
        .collect();
    // What the user saw: liked items as far as there are any, then others.
    let (liked, others): (Vec<usize>, Vec<usize>) = (0..CANDIDATES).partition(|index| colours[*index] == taste);
    let shown: Vec<Value> = liked
        .into_iter()
        .chain(others)
        .take(LENGTH)
        .map(|index| json!({"id": format!("v{index}"), "feedback": {"like": u8::from(colours[index] == taste)}}))
        .collect();
    json!({"request_id": id, "user": {"features": {"colour": COLOURS[taste]}}, "candidates": candidates, "shown": shown})
}

/// A configuration that trains in a moment.
pub(crate) fn config() -> Config {
    Config::from_toml(&format!(
        "[generator]\nlist_length = {LENGTH}\nwidth = 16\nlayers = 1\nheads = 2\nfeed_forward = 32\n\
         [evaluator]\nwidth = 16\nlayers = 1\nheads = 2\nfeed_forward = 32\n\
         [training.loss]\nutility_threshold = {{ value = 0.0 }}\nweighting = \"item\"\n\
         [training.generator]\nepochs = 3\nbatch_size = 32\nlearning_rate = 0.01\ncheckpoint_steps = 4\n\
         [training.evaluator]\nepochs = 2\nbatch_size = 32\nlearning_rate = 0.01\n\
         [training.negatives]\nlists = 1\n"
    ))
    .unwrap()
}

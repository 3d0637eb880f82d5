//! A small data set that is made, and a configuration for it.

use std::{fs, path::Path};

use nar4rec_train::Config;

/// Requests of six candidates, of whom two were shown; some with a candidate less.
pub(crate) fn lists(dir: &Path) {
    for (split, lists) in [("train", 6), ("valid", 2), ("test", 5)] {
        let mut text = String::new();
        for list in 0..lists {
            let candidates: Vec<String> = (0..6 - list % 2)
                .map(|item| {
                    let colour = ["red", "blue"][(item + list) % 2];
                    format!(r#"{{"id":"v{item}","score":{item},"features":{{"colour":"{colour}"}}}}"#)
                })
                .collect();
            let shown = r#"{"id":"v3","feedback":{"like":1}},{"id":"v1","feedback":{"like":0}}"#;
            let candidates = candidates.join(",");
            text.push_str(&format!(
                r#"{{"request_id":"{split}{list}","candidates":[{candidates}],"shown":[{shown}]}}"#
            ));
            text.push('\n');
        }
        fs::write(dir.join(format!("{split}.jsonl")), text).expect("a test's folder can be written");
    }
}

/// Small sizes.
pub(crate) fn config() -> Config {
    let sizes = "width = 8\nlayers = 1\nheads = 2\nfeed_forward = 8";
    Config::from_toml(&format!(
        "seed = 4\n[generator]\nlist_length = 2\n{sizes}\n[evaluator]\n{sizes}\n[training.negatives]\nlists = 1\n\
         [systems.seq2slate]\nwidth = 16\n"
    ))
    .expect("a valid configuration")
}

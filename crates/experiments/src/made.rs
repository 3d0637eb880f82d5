//! A small data set that is made, a configuration for it, and somebody who watches.

use std::{fmt::Display, fs, path::Path};

use nar4rec_train::{Config, Event, Flow, Observer};

use crate::Watcher;

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

/// Learning-to-rank data of the form of MQ2008: five sections of three queries with seven documents each.
pub(crate) fn collection(dir: &Path) {
    for section in 1..=5 {
        let mut text = String::new();
        for (query, document) in (0..3).flat_map(|query| (0..7).map(move |document| (query, document))) {
            let grade = (document + query) % 3;
            let feature = |at: usize| format!("{at}:{}", (at * 7 + document * 3 + query) % 10 + grade * (at % 2));
            let features: Vec<String> = (1..=46).map(feature).collect();
            text.push_str(&format!("{grade} qid:{section}{query} {} #docid = D{document}\n", features.join(" ")));
        }
        fs::write(dir.join(format!("S{section}.txt")), text).expect("a test's folder can be written");
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

/// Counts what is done, and stops where it is told to.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) cells: usize,
    pub(crate) done_before: usize,
    pub(crate) trainings: usize,
    pub(crate) outcomes: usize,
    /// Before the cell that follows so many outcomes.
    pub(crate) stop_after: Option<usize>,
    /// At the first step of this training, from 1.
    pub(crate) stop_in: Option<usize>,
}

impl Watcher for Counter {
    fn cell(&mut self, _: &dyn Display, [place, cells]: [usize; 2], done: bool) -> bool {
        assert!((1..=cells).contains(&place));
        self.cells = cells;
        self.done_before += usize::from(done);
        self.stop_after != Some(self.outcomes)
    }

    fn training(&mut self, _: &Path, _: bool) -> Box<dyn Observer + '_> {
        self.trainings += 1;
        Box::new(Training { stops: self.stop_in == Some(self.trainings) })
    }

    fn measured(&mut self, _: usize) {}

    fn outcome(&mut self, _: &dyn Display) {
        self.outcomes += 1;
    }
}

struct Training {
    stops: bool,
}

impl Observer for Training {
    fn event(&mut self, event: &Event<'_>) -> Flow {
        if self.stops && matches!(event, Event::Step { .. }) { Flow::Stop } else { Flow::Continue }
    }
}

//! Runs the program on a small data set in a temporary folder.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A folder with a data set, a configuration and, once trained, a model.
pub(crate) struct Bench {
    dir: TempDir,
}

/// What a command left behind.
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Self { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }
}

const CONFIG: &str = "relevance = \"like\"\n[generator]\nlist_length = 2\nwidth = 8\nlayers = 1\nheads = 2\n\
    feed_forward = 16\n[evaluator]\nwidth = 8\nlayers = 1\nheads = 2\nfeed_forward = 16\n\
    feedback = [{ name = \"like\" }]\n[training.generator]\nepochs = 2\nbatch_size = 8\n[training.evaluator]\nepochs = 2\nbatch_size = 8\n";

impl Bench {
    /// Data and configuration.
    pub(crate) fn new() -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.path("data")).unwrap();
        for (split, lists) in [("train", 32), ("valid", 8), ("test", 8)] {
            let lines: Vec<String> = (0..lists).map(|list| line(&format!("{split}-{list}"), list)).collect();
            bench.write(&format!("data/{split}.jsonl"), &(lines.join("\n") + "\n"));
        }
        bench.write(
            "data/items.jsonl",
            "{\"id\":\"a\",\"features\":{\"year\":1990}}\n{\"id\":\"b\",\"features\":{\"year\":1999}}\n",
        );
        bench.write("config.toml", CONFIG);
        bench
    }

    /// The same with a trained model.
    pub(crate) fn trained() -> Self {
        let bench = Self::new();
        let ran = bench.run("train --config config.toml --data data --out model");
        assert_eq!(ran.status, Some(0), "{}", ran.err);
        bench
    }

    /// Five sections of three queries in the form of MQ2008, in the folder `mq2008`.
    pub(crate) fn collection(&self) {
        fs::create_dir(self.path("mq2008")).unwrap();
        for section in 1..=5 {
            let mut text = String::new();
            for query in 0..3 {
                for document in 0..7 {
                    let grade = (document + query) % 3;
                    let feature =
                        |at: usize| format!("{at}:{}", (at * 7 + document * 3 + query) % 10 + grade * (at % 2));
                    let features: Vec<String> = (1..=46).map(feature).collect();
                    text.push_str(&format!(
                        "{grade} qid:{section}{query} {} #docid = D{document}\n",
                        features.join(" ")
                    ));
                }
            }
            self.write(&format!("mq2008/S{section}.txt"), &text);
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program with arguments separated by spaces, in the folder.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nar4rec"));
        command.args(arguments.split_whitespace()).current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// A shell command in the folder, in which `nar4rec` is the program.
    pub(crate) fn shell(&self, command: &str) -> Ran {
        let program = Path::new(env!("CARGO_BIN_EXE_nar4rec"));
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("PATH", path).current_dir(self.dir.path()).stdin(Stdio::null());
        shell.output().unwrap().into()
    }
}

/// One impression: four candidates, two shown.
pub(crate) fn line(id: &str, list: usize) -> String {
    let like = list % 2;
    format!(
        r#"{{"request_id":"{id}","user":{{"features":{{"age":{}}}}},"candidates":[{{"id":"a","score":0.5,"features":{{"size":{}}}}},{{"id":"b","score":0.4}},{{"id":"c","score":0.3}},{{"id":"d","score":0.{}}}],"shown":[{{"id":"a","feedback":{{"like":{like}}}}},{{"id":"c","feedback":{{"like":{}}}}}]}}"#,
        20 + list,
        list * 3,
        1 + list % 8,
        1 - like
    )
}

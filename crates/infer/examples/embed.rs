//! Reranks one request, in a program of your own.
//!
//! ```text
//! cargo run -p nar4rec-infer --example embed [-- MODEL REQUEST.json]
//! ```
//!
//! Without a model directory it makes an untrained model, which shows the calls and nothing else.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

mod tiny;

use std::{env, error::Error, fs, path::Path};

use nar4rec_infer::{Ranking, Request, Reranker};

const REQUEST: &str = r#"{
    "request_id": "r1",
    "user": {"id": "u7", "features": {"age": 31, "recent": ["v4", "v1"]}},
    "candidates": [{"id": "v1", "score": 0.9}, {"id": "v2", "score": 0.7}, {"id": "v3", "score": 0.6},
                   {"id": "v4", "score": 0.2}, {"id": "v5", "score": 0.1}],
    "constraints": {"exclude": ["v5"], "at_most": [{"feature": "genres", "count": 2}]}
}"#;

/// All there is to it: load once, then rerank as often as you like from as many threads as you like.
pub(crate) fn rerank(model: &Path, request: &str) -> Result<Ranking, Box<dyn Error>> {
    let reranker = Reranker::load(model)?;
    let request: Request = serde_json::from_str(request)?;
    Ok(reranker.rerank(&request)?)
}

/// The same with the model and the request of this example.
pub(crate) fn try_out() -> Result<Ranking, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let model = folder.path().join("model");
    tiny::model()?.save(&model)?;
    rerank(&model, REQUEST)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let ranking = match (arguments.next(), arguments.next()) {
        (None, _) => try_out()?,
        (Some(model), Some(request)) => rerank(model.as_ref(), &fs::read_to_string(request)?)?,
        (Some(_), None) => return Err("expected MODEL REQUEST.json, or nothing".into()),
    };
    for item in &ranking.best.items {
        println!("{}. {}  p {:.3}  feedback {:.3?}", item.position, item.id, item.p, item.feedback);
    }
    println!("utility {:.3}, proposed by {}", ranking.best.utility, ranking.best.source);
    Ok(())
}

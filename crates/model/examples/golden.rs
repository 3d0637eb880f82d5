//! Writes the model directories that the tests compare with: `cargo run -p nar4rec-model --example golden`.
//!
//! It is only to be written again when the format has changed, together with its version.

use std::path::Path;

#[path = "../tests/tiny/mod.rs"]
mod tiny;

fn main() -> Result<(), nar4rec_model::ModelError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tiny::model().save(&folder.join("golden"))?;
    tiny::narrow().save(&folder.join("golden_int8"))
}

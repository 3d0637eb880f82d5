//! Feature schema: inference from data, fitting, and encoding of requests to numbers and ids.
//!
//! ```text
//! items, impressions ── SchemaBuilder ──> Schema  (JSON; inferred once, editable, stored with the model)
//!                                           │
//!                                        Encoder ───> InputSpec      what the layers must expect
//! items ─────────────── Catalog <───────────┤
//! request ──────────────────────────────────┴──────> EncodedRequest  compact; kept in memory for training
//!                                                        │  push
//!                                                    FeatureBatch    what the layers consume; ragged, no padding
//! ```
//!
//! Every number that leaves this crate is finite: values are standardised, clipped to ±[`CLIP`] (a product of two of them to
//! its square), and missing ones are replaced by the policy that the schema states. Every string leaves it as the row of an
//! embedding table.
//!
//! ```
//! use nar4rec_features::{Catalog, Encoder, FeatureBatch, SchemaBuilder, SchemaOptions};
//! use nar4rec_slate::{Item, Request};
//!
//! let items: Vec<Item> = serde_json::from_str(
//!     r#"[{"id":"v1","features":{"year":1995}}, {"id":"v2","features":{"year":1999}}]"#)?;
//! let request: Request = serde_json::from_str(
//!     r#"{"request_id":"r","user":{},"candidates":[{"id":"v2","score":0.5},{"id":"v1","score":0.1}]}"#)?;
//!
//! let mut builder = SchemaBuilder::new(SchemaOptions::default());
//! items.iter().try_for_each(|item| builder.observe_item(item))?;
//! builder.observe_request(&request)?;
//! let encoder = Encoder::new(builder.finish()?.schema)?;
//!
//! let catalog = Catalog::from_items(&encoder, &items)?;
//! let mut batch = FeatureBatch::new(encoder.spec());
//! batch.push(&encoder.encode(&request, &catalog)?, &catalog);
//! assert_eq!(encoder.spec().candidate_number_names, ["score.value", "score.z_score", "score.rank", "item.year"]);
//! assert_eq!(batch.candidate_numbers, [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod catalog;
mod columns;
mod encoded;
mod encoder;
mod error;
mod hash;
mod infer;
#[cfg(test)]
mod sample;
mod schema;
mod score;
mod spec;

pub use batch::{Bags, FeatureBatch};
pub use catalog::Catalog;
pub use columns::Columns;
pub use encoded::EncodedRequest;
pub use encoder::{EncodeScratch, Encoder};
pub use error::{FeatureError, SchemaError};
pub use hash::{bucket, stable_hash};
pub use infer::{IdFeature, Inferred, SchemaBuilder, SchemaOptions};
pub use schema::{
    CategoryFeature, Encoding, Feature, Interaction, ListFeature, Missing, NumberFeature, Product, SCHEMA_VERSION,
    Schema, ScoreColumn, ScoreFeature, Source, Table, Transform,
};
pub use spec::{BagSpec, InputSpec, TableSpec};

/// Standardised numbers are clipped to ± this many standard deviations, so that one absurd value cannot drown a
/// request.
pub const CLIP: f64 = 8.0;

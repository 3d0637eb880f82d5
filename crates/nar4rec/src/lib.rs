//! NAR4Rec reranking: a facade over the crates that make it up.

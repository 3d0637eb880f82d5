//! Load a model and rerank requests: generate, decode, evaluate, choose.

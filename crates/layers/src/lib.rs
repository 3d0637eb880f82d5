//! Transformer layers and feature embedding, written once for training and inference.

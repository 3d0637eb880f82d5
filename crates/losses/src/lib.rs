//! Training losses with their gradients, one per file.

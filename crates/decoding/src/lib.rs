//! Decoders from a probability matrix to a permutation, under constraints.

//! Reverse-mode differentiation: a tape of coarse operations, one file per operation.

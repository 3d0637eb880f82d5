//! The model directory on disk and the training checkpoint.

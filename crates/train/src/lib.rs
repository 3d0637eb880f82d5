//! Training of generator and evaluator: optimiser, schedule, early stopping, checkpoints.

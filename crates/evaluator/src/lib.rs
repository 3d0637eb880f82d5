//! The evaluator: what a whole list is worth to a user.

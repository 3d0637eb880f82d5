//! Ranking and classification metrics with bootstrap intervals.

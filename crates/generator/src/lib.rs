//! The non-autoregressive generator: a matching model between candidates and positions.

//! Impression logs: streaming JSON Lines, item catalogs, validation and converters of public logs.

//! Test support: gradient checks, golden files, naive oracles. A dev-dependency only.

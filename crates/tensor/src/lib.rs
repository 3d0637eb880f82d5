//! Parameters, batches and the executor trait that lets one layer definition serve training and inference.

//! The operations: formula, forward pass, backward pass and check, one file each.

pub(crate) mod activation;
pub(crate) mod add;
pub(crate) mod attention;
pub(crate) mod concat;
pub(crate) mod cosines;
pub(crate) mod cross_attention;
pub(crate) mod dropout;
pub(crate) mod embed;
pub(crate) mod gather;
pub(crate) mod interact;
pub(crate) mod linear;
pub(crate) mod norm;
pub(crate) mod parameter;
pub(crate) mod places;
pub(crate) mod probabilities;
pub(crate) mod repeat;
pub(crate) mod reshape;
pub(crate) mod segment_mean;
pub(crate) mod spread;
pub(crate) mod times;

#[cfg(test)]
pub(crate) mod check;

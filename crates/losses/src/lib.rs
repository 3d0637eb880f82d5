//! Training losses with their gradients, one per file.
//!
//! A loss is a function of a model's outputs that returns a number and adds its gradient to a slice of the outputs' shape.
//! It is not recorded on a tape; the tape's backward pass begins with these gradients. Each takes a `scale`, such as 1 over
//! the number of lists in the batch, by which both the number and the gradient are multiplied.

mod contrastive;
mod cross_entropy;
mod likelihood;
mod listwise;

pub use contrastive::{Contrastive, ContrastiveScratch};
pub use cross_entropy::binary_cross_entropy;
pub use likelihood::{Target, likelihood, unlikelihood};
pub use listwise::listwise_cross_entropy;

#[cfg(test)]
mod check;

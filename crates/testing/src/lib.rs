//! Test support: golden files, training losses and random batches for tests. A dev-dependency only.
//!
//! The folder `goldens` holds reference numbers of PyTorch and `make.py`, the script that wrote them; its seed and the
//! versions stand in `about.json`. This crate reads them as the models, batches and numbers that the tests of generator,
//! evaluator, losses and training compare with.
//!
//! ```text
//!   generator_cases()       model, parameters, batch, shown lists  →  outputs, loss, gradients
//!   evaluator_cases()       model, parameters, batch, lists, labels  →  logits, loss, gradients
//!   Golden::read("losses")  what each loss is given  →  its value and gradient
//!   ten_generator_steps(),  ten batches and an optimiser  →  ten losses and the parameters at the end
//!   ten_evaluator_steps()
//! ```
//!
//! A file that is missing or has another form is a defect of the repository, so everything here panics with the name of
//! what it looked for.

mod about;
mod batches;
mod cases;
mod close;
mod golden;
mod objective;
mod ten_steps;

pub use about::OptimiserAbout;
pub use batches::{random_batch, rearranged, small_spec};
pub use cases::{EvaluatorCase, GeneratorCase, evaluator_cases, generator_cases};
pub use close::{assert_close, assert_gradients_close, assert_gradients_seen, greatest_error};
pub use golden::{Golden, NamedTensors};
pub use objective::{EvaluatorTask, GeneratorTask, LabelledLists, ShownList, Task, named_gradients};
pub use ten_steps::{TenSteps, ten_evaluator_steps, ten_generator_steps};

use nar4rec_tensor::Isa;

/// Every instruction set of this CPU.
pub fn isas() -> Vec<Isa> {
    let named = |name| Isa::named(name).expect("a name that this cpu was asked for");
    Isa::names().into_iter().map(named).collect()
}

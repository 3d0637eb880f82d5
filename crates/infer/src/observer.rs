//! What happens to a request on the way to its answer, told to whoever wants to know where the time goes. No clock is read
//! here; whoever is told may.

pub use nar4rec_tensor::{Operation, Watch};

/// A part of the way from a request to its answer, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Features become numbers and rows of tables.
    Encode,
    /// The generator's network.
    Generate,
    /// From P̂ to lists, under the request's constraints; and again for each round of exchanges.
    Decode,
    /// The evaluator's network, and what it makes each list worth; and again for each round of exchanges.
    Evaluate,
    /// What is shown is chosen or composed, and put into words.
    Answer,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 5] = [Self::Encode, Self::Generate, Self::Decode, Self::Evaluate, Self::Answer];

    /// The name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Generate => "generate",
            Self::Decode => "decode",
            Self::Evaluate => "evaluate",
            Self::Answer => "answer",
        }
    }
}

/// Is told of the stages of a call, and of every operation of the networks within [`Stage::Generate`] and
/// [`Stage::Evaluate`].
pub trait Observer: Watch {
    /// A stage begins, and the one before it is over. The last is over when the call returns.
    fn enter(&mut self, stage: Stage);
}

/// Nobody wants to know.
impl Observer for () {
    fn enter(&mut self, _: Stage) {}
}

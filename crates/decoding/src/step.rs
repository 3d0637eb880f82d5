//! The loop that greedy, contrastive and sampling share: one position after another, the preferred candidate each time.
//!
//! ```text
//! for t in 0..length
//!     y_t = the first candidate that leaves the rest of the list possible, in the decoder's order of preference
//! ```
//!
//! A decoder that works with a shortlist prefers any candidate of it to the others, and of the others the most probable.
//! It proposes candidates one at a time, because mostly the first is taken.
//!
//! Whether the rest stays possible is first judged by the bound of [`Lookahead`](crate::lookahead::Lookahead) alone. If the
//! list gets finished that way, every refusal was right and every choice was completable, so it is the list that exact
//! look-ahead gives. Only a dead end makes the loop run once more, exactly. Without groups and impossible cells nothing is
//! ever asked.

use crate::DecodeError;
use crate::columns::{Columns, Ranked};
use crate::draft::Draft;
use crate::lookahead::Care;
use crate::task::Task;
use crate::workspace::Walk;

/// A candidate proposed for a position.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) candidate: usize,
    /// What the decoder maximises.
    pub(crate) key: f64,
}

/// In which order a decoder likes to fill a position.
pub(crate) trait Preference {
    /// A list is begun.
    fn begin(&mut self, _task: &Task) {}

    /// The next position of `draft` is to be filled.
    fn enter(&mut self, task: &Task, draft: &Draft, columns: &mut Columns);

    /// Of the candidates open there the one preferred to all that were not proposed yet.
    fn next(&mut self, task: &Task, draft: &Draft, columns: &mut Columns) -> Option<Choice>;
}

/// Fills the draft of `walk` with the list that the preference gives, and returns the sum of the keys of its candidates.
pub(crate) fn step_by_step(task: &Task, walk: &mut Walk, preference: &mut impl Preference) -> Result<f64, DecodeError> {
    for care in [Care::Bound, Care::Exact] {
        if let Some(score) = attempt(task, walk, preference, care)? {
            return Ok(score);
        }
    }
    Err(task.unsatisfiable())
}

fn attempt(
    task: &Task,
    walk: &mut Walk,
    preference: &mut impl Preference,
    care: Care,
) -> Result<Option<f64>, DecodeError> {
    let Walk { columns, draft, lookahead } = walk;
    draft.begin(task);
    lookahead.begin(care);
    preference.begin(task);
    let mut score = 0.0;
    while !draft.is_full(task) {
        lookahead.next_position();
        preference.enter(task, draft, columns);
        let chosen = loop {
            let Some(choice) = preference.next(task, draft, columns) else { return Ok(None) };
            if lookahead.accepts(task, (0, draft), choice.candidate)? {
                break choice;
            }
        };
        score += chosen.key;
        draft.place(task, chosen.candidate);
    }
    Ok(Some(score))
}

/// The candidates of a column from place `from` on that are open, with their places.
pub(crate) fn open_from<'a>(
    task: &'a Task,
    draft: &'a Draft,
    column: &'a [Ranked],
    from: usize,
) -> impl Iterator<Item = (usize, Ranked)> + 'a {
    let cells = column.iter().copied().enumerate().skip(from);
    cells.filter(|(_, cell)| draft.is_open(task, cell.candidate()))
}

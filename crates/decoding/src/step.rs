//! The loop that greedy, contrastive and sampling share: one position after another, the preferred candidate each time.
//!
//! ```text
//! for t in 0..length
//!     open  = candidates that may stand at t
//!     short = the top_k most probable of them at t (all without top_k)
//!     y_t   = the candidate of `short` with the greatest key that leaves the rest of the list possible;
//!             if there is none, the most probable candidate outside `short` that does
//! ```
//!
//! Ties of the key go to the more probable candidate, then to the lower index.
//!
//! Whether the rest stays possible is first judged by the bound of [`Lookahead`] alone. If the list gets finished that
//! way, every refusal was right and every choice was completable, so it is the list that exact look-ahead gives. Only a
//! dead end makes the loop run once more, exactly. Without groups and impossible cells nothing is ever asked.

use crate::draft::Draft;
use crate::lookahead::{Care, Lookahead};
use crate::task::Task;
use crate::{DecodeError, Decoded};

/// A candidate open at the position being filled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Open {
    pub(crate) candidate: usize,
    /// log P̂ at this position.
    pub(crate) log_p: f64,
    /// What the decoder maximises.
    pub(crate) key: f64,
}

impl Open {
    fn more_probable(&self, other: &Self) -> std::cmp::Ordering {
        other.log_p.total_cmp(&self.log_p).then(self.candidate.cmp(&other.candidate))
    }

    fn preferred(&self, other: &Self) -> std::cmp::Ordering {
        other.key.total_cmp(&self.key).then_with(|| self.more_probable(other))
    }
}

/// Sorts the most probable candidate first.
pub(crate) fn sort_by_probability(open: &mut [Open]) {
    open.sort_unstable_by(Open::more_probable);
}

/// What a decoder likes to see at a position.
pub(crate) trait Preference {
    /// Sets the key of each candidate, given the positions filled so far. May reorder them.
    fn rate(&mut self, list: &[usize], open: &mut [Open]);
}

/// The list that `start()`'s preference gives, and the sum of the keys of its candidates.
pub(crate) fn step_by_step<P: Preference>(
    task: &Task,
    top_k: Option<usize>,
    start: impl Fn() -> P,
) -> Result<Decoded, DecodeError> {
    for care in [Care::Bound, Care::Exact] {
        if let Some(decoded) = attempt(task, top_k, start(), care)? {
            return Ok(decoded);
        }
    }
    Err(task.unsatisfiable())
}

fn attempt<P: Preference>(
    task: &Task,
    top_k: Option<usize>,
    mut preference: P,
    care: Care,
) -> Result<Option<Decoded>, DecodeError> {
    let mut draft = Draft::new(task);
    let mut lookahead = Lookahead::new(care);
    let (mut candidates, mut open) = (Vec::new(), Vec::new());
    let mut score = 0.0;
    while !draft.is_full() {
        draft.open_into(&mut candidates);
        open.clear();
        open.extend(candidates.iter().map(|&candidate| {
            let log_p = f64::from(task.scores.log_probability(candidate, draft.position()));
            Open { candidate, log_p, key: log_p }
        }));
        lookahead.next_position();
        let (short, rest) = shortlist(&mut open, top_k);
        preference.rate(&draft.list, short);
        let mut accept = |candidate| lookahead.accepts(&mut draft, 0, candidate);
        let mut chosen = best_accepted(short, &mut accept)?;
        if chosen.is_none() {
            chosen = best_accepted(rest, &mut accept)?;
            preference.rate(&draft.list, chosen.as_mut_slice());
        }
        let Some(chosen) = chosen else { return Ok(None) };
        score += chosen.key;
        draft.place(chosen.candidate);
    }
    Ok(Some(Decoded::new(task, draft.list, score)))
}

/// The `top_k` most probable candidates and the others, in no particular order.
fn shortlist(open: &mut [Open], top_k: Option<usize>) -> (&mut [Open], &mut [Open]) {
    let size = top_k.unwrap_or(open.len()).min(open.len());
    if size < open.len() {
        open.select_nth_unstable_by(size, Open::more_probable);
    }
    open.split_at_mut(size)
}

/// The candidate with the greatest key that `accept` takes. Mostly the first is taken, so a scan beats sorting.
fn best_accepted(
    mut open: &mut [Open],
    mut accept: impl FnMut(usize) -> Result<bool, DecodeError>,
) -> Result<Option<Open>, DecodeError> {
    while let Some(best) = (0..open.len()).min_by(|&a, &b| open[a].preferred(&open[b])) {
        open.swap(0, best);
        let chosen = open[0];
        if accept(chosen.candidate)? {
            return Ok(Some(chosen));
        }
        open = &mut open[1..];
    }
    Ok(None)
}

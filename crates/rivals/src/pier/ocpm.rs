//! OCPM, the omnidirectional context-aware prediction module: what each item of a list is worth where it stands.
//!
//! ```text
//!   field f at place j   [q|k|v] = F_f(item) W_fᵀ + b_f + place_f(j)      o_f = attention over all places of the list
//!   interest             q = T(item) W_qᵀ + b_q   [k|v] = e(past) W_pᵀ + b_p   a = attention over the user's past
//!   z_j = head(hidden layers of [ T(item) + place(j) ; o_1 … o_F ; a ])         P(wanted at j) = σ(z_j)
//! ```
//!
//! T is the item tower's last state. The fields are the candidate's whole state, in which its numbers, the user and the place
//! in the initial list stand, and each of its bags by itself. Places from the 64th on share embeddings.

use std::sync::Arc;

use nar4rec_evaluator::Lists;
use nar4rec_layers::Linear;
use nar4rec_tensor::{AttentionOperands, AttentionShape, Exec, Registry};

use super::{PierConfig, past::Past};
use crate::{dnn::Hidden, places::Places};

/// The module.
#[derive(Debug, Clone)]
pub(super) struct Ocpm {
    fields: Vec<Field>,
    interest: Option<Interest>,
    places: Places,
    hidden: Hidden,
    head: Linear,
}

/// What is known of the candidates before they stand in lists.
#[derive(Debug, Clone)]
pub(super) struct Items<V> {
    /// The first row of each request, and at the end the number of rows.
    pub(super) offsets: Vec<usize>,
    /// T, `[rows, tower width]`.
    pub(super) tower: V,
    /// The logit of each by itself, `[rows, 1]`.
    pub(super) logits: V,
    /// The whole state, and each bag's mean embedding.
    pub(super) fields: Vec<V>,
    /// What the users took before.
    pub(super) past: Option<Past<V>>,
}

/// What is known of the inputs when the module is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths<'a> {
    /// Of T.
    pub(super) tower: usize,
    /// Of each field.
    pub(super) fields: &'a [usize],
    /// Of a past item.
    pub(super) past: Option<usize>,
}

/// Omnidirectional attention of one field.
#[derive(Debug, Clone, Copy)]
struct Field {
    qkv: Linear,
    places: Places,
    width: usize,
}

/// Attention to the past.
#[derive(Debug, Clone, Copy)]
struct Interest {
    q: Linear,
    kv: Linear,
    width: usize,
}

impl Ocpm {
    /// Declares the parameters.
    pub(super) fn new(registry: &mut Registry, widths: Widths<'_>, config: &PierConfig) -> Self {
        let width = config.attention;
        let read = width * (widths.fields.len() + usize::from(widths.past.is_some()));
        let last = config.hidden.last().copied().unwrap_or(widths.tower + read);
        Self {
            fields: registry.scope("fields", |registry| {
                let fields = widths.fields.iter().enumerate();
                fields.map(|(f, input)| registry.scope(f, |registry| Field::new(registry, *input, width))).collect()
            }),
            interest: widths.past.map(|past| {
                registry.scope("interest", |registry| Interest {
                    q: registry.scope("q", |registry| Linear::new(registry, widths.tower, width)),
                    kv: registry.scope("kv", |registry| Linear::edge(registry, past, 2 * width)),
                    width,
                })
            }),
            places: Places::new(registry, "places", widths.tower),
            hidden: Hidden::new(registry, widths.tower + read, &config.hidden),
            head: registry.scope("head", |registry| Linear::edge(registry, last, 1)),
        }
    }

    /// z for every place of every list, `[places, 1]`.
    pub(super) fn forward<E: Exec>(&self, ex: &mut E, items: &Items<E::Value>, lists: &Lists) -> E::Value {
        let tower = ex.gather(items.tower, lists.rows());
        let mut parts = vec![self.places.add_to(ex, tower, standing(lists))];
        for (field, value) in self.fields.iter().zip(&items.fields) {
            parts.push(field.forward(ex, *value, lists));
        }
        if let (Some(interest), Some(past)) = (&self.interest, &items.past) {
            parts.push(interest.forward(ex, items, past, lists));
        }
        let x = ex.concat(&parts);
        let x = self.hidden.forward(ex, x);
        self.head.forward(ex, x)
    }
}

/// The place of each row in its list.
fn standing(lists: &Lists) -> impl Iterator<Item = usize> + '_ {
    lists.segments().iter().flat_map(|list| 0..list.len())
}

impl Field {
    fn new(registry: &mut Registry, input: usize, width: usize) -> Self {
        Self {
            qkv: registry.scope("qkv", |registry| Linear::edge(registry, input, 3 * width)),
            places: Places::new(registry, "places", 3 * width),
            width,
        }
    }

    /// o of the field, `[places, width]`.
    fn forward<E: Exec>(&self, ex: &mut E, field: E::Value, lists: &Lists) -> E::Value {
        ex.scope(|ex| {
            let qkv = self.qkv.forward(ex, field);
            let qkv = ex.gather(qkv, lists.rows());
            let qkv = self.places.add_to(ex, qkv, standing(lists));
            let segments = lists.segments();
            ex.attention(AttentionOperands {
                q: (qkv, 0),
                k: (qkv, self.width),
                v: (qkv, 2 * self.width),
                query_segments: segments,
                key_segments: segments,
                shape: AttentionShape { heads: 1, width: self.width },
            })
        })
    }
}

impl Interest {
    /// a of each place, `[places, width]`.
    fn forward<E: Exec>(&self, ex: &mut E, items: &Items<E::Value>, past: &Past<E::Value>, lists: &Lists) -> E::Value {
        let runs = runs(lists, &items.offsets);
        ex.scope(|ex| {
            let q = self.q.forward(ex, items.tower);
            let q = ex.gather(q, lists.rows());
            let kv = self.kv.forward(ex, past.items);
            let rows = runs.iter().flat_map(|(request, _)| past.segments.range(*request));
            let kv = ex.gather(kv, &Arc::new(rows.map(|row| row as u32).collect()));
            let query_segments = &ex.segments(runs.iter().map(|(_, places)| *places));
            let key_segments = &ex.segments(runs.iter().map(|(request, _)| past.segments.range(*request).len()));
            let shape = AttentionShape { heads: 1, width: self.width };
            ex.attention(AttentionOperands {
                q: (q, 0),
                k: (kv, 0),
                v: (kv, self.width),
                query_segments,
                key_segments,
                shape,
            })
        })
    }
}

/// Runs of lists of one request, which have one past: the request and the places of all of them. Lists without places are
/// in no run.
fn runs(lists: &Lists, offsets: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for places in lists.segments().iter().filter(|places| !places.is_empty()) {
        let row = lists.rows()[places.start] as usize;
        let request = offsets.partition_point(|start| *start <= row) - 1;
        match runs.last_mut() {
            Some((last, sum)) if *last == request => *sum += places.len(),
            _ => runs.push((request, places.len())),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_one_request_side_by_side_share_a_run() {
        let lists = Lists::new([&[1, 0][..], &[2], &[], &[4, 3], &[4], &[0]]);
        assert_eq!(runs(&lists, &[0, 3, 3, 5]), [(0, 3), (2, 3), (0, 1)]);
        assert_eq!(runs(&Lists::default(), &[0, 2]), []);
    }
}

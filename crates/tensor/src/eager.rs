//! Runs operations at once, over packed weights and memory that is reused from request to request.

use std::sync::Arc;

use nar4rec_kernels::{
    Activation, AttentionScratch, Epilogue, Isa, Matrix, PackedMatrix, QuantisedRows, Write, activation_of, add, gemm,
    gemm_int8, layer_norm,
};

use crate::{
    AttentionOperands, Bags, CrossOperands, CrossSaved, CrossScratch, Exec, Factor, Forward, InputPart, Interaction,
    LinearWeights, NormWeights, ParameterId, Segments, Weights, column_block, cross_attention,
    forward::{self, View},
};

/// A matrix an [`Eager`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EagerValue(usize);

/// Memory that only grows: a smaller matrix uses its beginning, so that a larger one after it finds it already there.
#[derive(Debug, Default)]
struct Slot {
    data: Vec<f32>,
    rows: usize,
    columns: usize,
}

/// The memory of an [`Eager`]: keep one per thread and pass it to each in turn, and after the first few requests nothing
/// is allocated.
#[derive(Debug, Default)]
pub struct Workspace {
    slots: Vec<Slot>,
    segments: Vec<Arc<Segments>>,
    attention: AttentionScratch,
    packed: PackedMatrix,
    quantised: QuantisedRows,
    cross: (CrossSaved, CrossScratch),
}

/// The executor of inference.
#[derive(Debug)]
pub struct Eager<'a> {
    weights: &'a Weights,
    workspace: &'a mut Workspace,
    /// Slots in use: the first `live`.
    live: usize,
    /// Segments in use: the first this many.
    live_segments: usize,
}

impl<'a> Eager<'a> {
    /// An executor over `weights` with the memory of `workspace`.
    pub fn new(weights: &'a Weights, workspace: &'a mut Workspace) -> Self {
        Self { weights, workspace, live: 0, live_segments: 0 }
    }

    fn view(&self, value: EagerValue) -> View<'_> {
        let slot = &self.workspace.slots[value.0];
        View { data: &slot.data[..slot.rows * slot.columns], columns: slot.columns }
    }

    fn isa(&self) -> Isa {
        self.weights.isa()
    }

    /// A slot for `rows` × `columns` numbers of unspecified value, filled by `fill`.
    fn make(&mut self, rows: usize, columns: usize, fill: impl FnOnce(&mut Self, &mut [f32])) -> EagerValue {
        if self.live == self.workspace.slots.len() {
            self.workspace.slots.push(Slot::default());
        }
        let mut data = std::mem::take(&mut self.workspace.slots[self.live].data);
        let numbers = rows * columns;
        if data.len() < numbers {
            data.resize(numbers, 0.0);
        }
        fill(self, &mut data[..numbers]);
        self.workspace.slots[self.live] = Slot { data, rows, columns };
        self.live += 1;
        EagerValue(self.live - 1)
    }

    /// x·Wᵀ + b, with what `finish` makes of the epilogue.
    fn product(
        &mut self,
        x: EagerValue,
        linear: LinearWeights,
        finish: impl for<'s> FnOnce(&'s Self, Epilogue<'s>) -> Epilogue<'s>,
    ) -> EagerValue {
        let weights = self.weights;
        let factor = weights.factor(linear.weight);
        let [rows, depth] = self.shape(x);
        let bias = linear.bias.map(|bias| weights.parameters().get(bias));
        let mut quantised = std::mem::take(&mut self.workspace.quantised);
        let value = self.make(rows, factor.columns(), |this, y| {
            let epilogue = finish(this, Epilogue { bias, ..Epilogue::OVER });
            let (isa, to) = (this.isa(), (y, factor.columns()));
            match factor {
                Factor::F32(packed) => gemm(isa, this.view(x).matrix(&(0..rows)), packed, to, epilogue),
                Factor::Int8(packed) => {
                    quantised.quantise(isa, this.data(x), depth);
                    gemm_int8(isa, &quantised, packed, to, epilogue);
                }
            }
        });
        self.workspace.quantised = quantised;
        value
    }

    /// A copy of x that `change` then changes.
    fn changed(&mut self, x: EagerValue, change: impl FnOnce(&mut Self, &mut [f32])) -> EagerValue {
        let [rows, columns] = self.shape(x);
        self.make(rows, columns, |this, data| {
            data.copy_from_slice(this.data(x));
            change(this, data);
        })
    }
}

impl Forward for Eager<'_> {
    fn linear_of_parts(
        &mut self,
        rows: usize,
        parts: impl Iterator<Item = InputPart<EagerValue>> + Clone,
        linear: LinearWeights,
    ) -> EagerValue {
        let weights = self.weights;
        let packed = &weights.linear(linear.weight).forward;
        let bias = linear.bias.map(|bias| weights.parameters().get(bias));
        let columns = packed.columns();
        self.make(rows, columns, |this, y| {
            // Nothing times nothing, which leaves the bias.
            let none = Matrix::new(&[], rows, 0, 0);
            gemm(this.isa(), none, packed.rows_of(0..0), (&mut *y, columns), Epilogue { bias, ..Epilogue::OVER });
            for InputPart { value, first, inputs } in parts {
                let x = this.view(value);
                let x = column_block(x.data, rows, first..first + inputs.len(), x.columns);
                gemm(this.isa(), x, packed.rows_of(inputs), (&mut *y, columns), Epilogue::ONTO);
            }
        })
    }

    fn add_known_rows(&mut self, x: EagerValue, table: View<'_>, rows: &[u32]) -> EagerValue {
        let known = table.rows();
        self.changed(x, |this, sum| {
            for (row, index) in sum.chunks_exact_mut(table.columns).zip(rows) {
                if (*index as usize) < known {
                    add(this.isa(), row, table.row(*index as usize));
                }
            }
        })
    }

    fn add_at(&mut self, x: EagerValue, part: EagerValue, rows: &[u32]) -> EagerValue {
        self.changed(x, |this, sum| {
            let part = this.view(part);
            for (index, row) in rows.iter().enumerate() {
                let to = *row as usize * part.columns;
                add(this.isa(), &mut sum[to..to + part.columns], part.row(index));
            }
        })
    }
}

impl Exec for Eager<'_> {
    type Value = EagerValue;

    fn input(&mut self, data: &[f32], columns: usize) -> EagerValue {
        self.make(data.len().checked_div(columns).unwrap_or(0), columns, |_, to| to.copy_from_slice(data))
    }

    fn parameter(&mut self, id: ParameterId) -> EagerValue {
        let table = self.weights.table(id);
        self.input(table.data, table.columns)
    }

    fn linear(&mut self, x: EagerValue, linear: LinearWeights, activation: Activation) -> EagerValue {
        self.product(x, linear, |_, epilogue| Epilogue { activation, ..epilogue })
    }

    fn linear_onto(&mut self, onto: EagerValue, x: EagerValue, linear: LinearWeights, _: f32) -> EagerValue {
        self.product(x, linear, |this, epilogue| Epilogue { write: Write::Sum(this.data(onto)), ..epilogue })
    }

    fn layer_norm(&mut self, x: EagerValue, norm: NormWeights) -> EagerValue {
        let [rows, columns] = self.shape(x);
        let weights = self.weights.parameters();
        self.make(rows, columns, |this, y| {
            layer_norm(this.isa(), this.data(x), [weights.get(norm.gain), weights.get(norm.bias)], y, &mut []);
        })
    }

    fn activate(&mut self, x: EagerValue, activation: Activation) -> EagerValue {
        let [rows, columns] = self.shape(x);
        self.make(rows, columns, |this, y| activation_of(this.isa(), activation, this.data(x), y))
    }

    fn times(&mut self, x: EagerValue, by: EagerValue) -> EagerValue {
        self.changed(x, |this, y| forward::times(this.isa(), this.view(by), y))
    }

    fn add(&mut self, a: EagerValue, b: EagerValue) -> EagerValue {
        self.changed(a, |this, sum| add(this.isa(), sum, this.data(b)))
    }

    fn add_spread(&mut self, x: EagerValue, spread: EagerValue, segments: &Arc<Segments>) -> EagerValue {
        self.changed(x, |this, sum| forward::add_spread(this.isa(), this.view(spread), segments, sum))
    }

    fn add_places(&mut self, x: EagerValue, table: ParameterId, segments: &Arc<Segments>) -> EagerValue {
        let table = self.weights.table(table);
        self.changed(x, |this, sum| forward::add_places(this.isa(), table, segments, sum))
    }

    fn concat(&mut self, parts: &[EagerValue]) -> EagerValue {
        let rows = parts.first().map_or(0, |part| self.shape(*part)[0]);
        let columns = parts.iter().map(|part| self.shape(*part)[1]).sum();
        self.make(rows, columns, |this, out| {
            let mut left = 0;
            for part in parts.iter().map(|part| this.view(*part)) {
                forward::place(part, (&mut *out, columns), left);
                left += part.columns;
            }
        })
    }

    fn repeat(&mut self, x: EagerValue, times: usize) -> EagerValue {
        let [rows, columns] = self.shape(x);
        self.make(rows * times, columns, |this, out| forward::repeat(this.view(x), out))
    }

    fn gather(&mut self, x: EagerValue, rows: &Arc<Vec<u32>>) -> EagerValue {
        let columns = self.shape(x)[1];
        self.make(rows.len(), columns, |this, out| forward::gather(this.view(x), rows, out))
    }

    fn segment_mean(&mut self, x: EagerValue, segments: &Arc<Segments>) -> EagerValue {
        let columns = self.shape(x)[1];
        self.make(segments.count(), columns, |this, out| {
            forward::segment_mean(this.isa(), this.view(x), segments, out);
        })
    }

    fn cosines_above(&mut self, x: EagerValue, segments: &Arc<Segments>, reach: usize) -> EagerValue {
        self.make(segments.rows(), reach, |this, out| {
            forward::cosines_above(this.isa(), this.view(x), segments, out);
        })
    }

    fn reshape(&mut self, x: EagerValue, columns: usize) -> EagerValue {
        let rows = self.data(x).len() / columns;
        self.make(rows, columns, |this, out| out.copy_from_slice(this.data(x)))
    }

    fn embed<'b>(&mut self, parts: impl Iterator<Item = (ParameterId, Bags<'b>)> + Clone) -> EagerValue {
        let weights = self.weights;
        let rows = parts.clone().next().map_or(0, |(_, bags)| bags.len());
        let columns = parts.clone().map(|(table, _)| weights.table(table).columns).sum();
        self.make(rows, columns, |this, out| {
            let mut left = 0;
            for (table, bags) in parts {
                let table = weights.table(table);
                forward::embed(this.isa(), table, bags, (&mut *out, columns), left);
                left += table.columns;
            }
        })
    }

    fn interact(
        &mut self,
        wide: EagerValue,
        x: EagerValue,
        segments: &Arc<Segments>,
        blocks: &Arc<[Interaction]>,
    ) -> EagerValue {
        self.make(segments.rows(), forward::interaction_columns(blocks), |this, out| {
            forward::interact(this.isa(), [this.view(wide), this.view(x)], segments, blocks, out);
        })
    }

    fn attention(&mut self, operands: AttentionOperands<'_, EagerValue>) -> EagerValue {
        let shape = operands.shape;
        let mut scratch = std::mem::take(&mut self.workspace.attention);
        let value = self.make(operands.query_segments.rows(), shape.width, |this, out| {
            let inputs = operands.inputs(|value| this.view(value));
            forward::attention(this.isa(), inputs, (out, &mut []), &mut scratch);
        });
        self.workspace.attention = scratch;
        value
    }

    fn cross_attention(&mut self, operands: CrossOperands<'_, EagerValue>) -> EagerValue {
        let (mut saved, mut scratch) = std::mem::take(&mut self.workspace.cross);
        let weights = self.weights;
        let value = self.make(operands.query_segments.rows(), operands.shape.width, |this, out| {
            let inputs = operands.inputs(weights, |value| this.view(value));
            cross_attention(this.isa(), inputs, out, &mut saved, &mut scratch);
        });
        self.workspace.cross = (saved, scratch);
        value
    }

    fn log_probabilities(
        &mut self,
        x: EagerValue,
        t: EagerValue,
        segments: &Arc<Segments>,
        positions: usize,
    ) -> EagerValue {
        let mut packed = std::mem::take(&mut self.workspace.packed);
        let value = self.make(segments.rows(), positions, |this, out| {
            let operands = [this.view(x), this.view(t)];
            forward::log_probabilities(this.isa(), operands, (segments, positions), out, &mut packed);
        });
        self.workspace.packed = packed;
        value
    }

    fn dropout(&mut self, x: EagerValue, _: f32) -> EagerValue {
        x
    }

    fn open_scope(&mut self) -> usize {
        self.live
    }

    fn close_scope(&mut self, mark: usize, result: EagerValue) -> EagerValue {
        if result.0 < mark {
            self.live = mark;
            return result;
        }
        self.workspace.slots.swap(mark, result.0);
        self.live = mark + 1;
        EagerValue(mark)
    }

    fn segments(&mut self, lengths: impl Iterator<Item = usize>) -> Arc<Segments> {
        let kept = &mut self.workspace.segments;
        if self.live_segments == kept.len() {
            kept.push(Arc::default());
        }
        let place = &mut kept[self.live_segments];
        self.live_segments += 1;
        // Whoever keeps segments of an earlier pass keeps their memory too.
        match Arc::get_mut(place) {
            Some(segments) => segments.set(lengths),
            None => *place = Arc::new(Segments::of_lengths(lengths)),
        }
        Arc::clone(place)
    }

    fn data(&self, value: EagerValue) -> &[f32] {
        self.view(value).data
    }

    fn shape(&self, value: EagerValue) -> [usize; 2] {
        let slot = &self.workspace.slots[value.0];
        [slot.rows, slot.columns]
    }
}

//! The gradients of all parameters: whole for matrices and vectors, by row for tables.
//!
//! A batch touches few rows of an embedding table, so its gradient is a list of rows; a row may stand in it many times.

use std::sync::Arc;

use nar4rec_kernels::{Isa, add};
use nar4rec_tensor::{Kind, ParameterId, ParameterSpec};

/// The gradient of a table: `values` holds one row for each of `ids`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowGradients {
    /// Rows of the table, in the order they were touched.
    pub ids: Vec<u32>,
    /// `[ids, columns]`.
    pub values: Vec<f32>,
}

/// The gradients of a model's parameters.
#[derive(Debug, Clone)]
pub struct Gradients {
    specs: Arc<[ParameterSpec]>,
    dense: Vec<Vec<f32>>,
    rows: Vec<RowGradients>,
}

impl Gradients {
    /// Zero for every parameter.
    pub fn zeros(specs: &Arc<[ParameterSpec]>) -> Self {
        let len = |spec: &ParameterSpec| if spec.kind == Kind::Table { 0 } else { spec.len() };
        Self {
            specs: Arc::clone(specs),
            dense: specs.iter().map(|spec| vec![0.0; len(spec)]).collect(),
            rows: vec![RowGradients::default(); specs.len()],
        }
    }

    /// Sets every gradient to zero and keeps the memory.
    pub fn clear(&mut self) {
        self.dense.iter_mut().for_each(|gradient| gradient.fill(0.0));
        for rows in &mut self.rows {
            rows.ids.clear();
            rows.values.clear();
        }
    }

    /// The gradient of a matrix or vector, to add to.
    pub(crate) fn dense_mut(&mut self, id: ParameterId) -> &mut [f32] {
        debug_assert_ne!(self.specs[id.index()].kind, Kind::Table, "a table's gradient is kept by row");
        &mut self.dense[id.index()]
    }

    /// The gradients of two vectors, to add to.
    ///
    /// # Panics
    /// If they are one and the same.
    pub(crate) fn dense_pair_mut(&mut self, ids: [ParameterId; 2]) -> [&mut [f32]; 2] {
        let ids = ids.map(ParameterId::index);
        self.dense.get_disjoint_mut(ids).expect("two different parameters of the model").map(Vec::as_mut_slice)
    }

    /// The gradient of a table, to append to.
    pub(crate) fn rows_mut(&mut self, id: ParameterId) -> &mut RowGradients {
        debug_assert_eq!(self.specs[id.index()].kind, Kind::Table, "only a table's gradient is kept by row");
        &mut self.rows[id.index()]
    }

    /// Adds the gradient of parameter `index` to `sum`, which has the parameter's shape.
    ///
    /// # Panics
    /// If `sum` has another length.
    pub fn add_to(&self, isa: Isa, index: usize, sum: &mut [f32]) {
        let spec = &self.specs[index];
        assert_eq!(sum.len(), spec.len(), "a sum of the parameter's shape");
        if spec.kind != Kind::Table {
            return add(isa, sum, &self.dense[index]);
        }
        let columns = spec.shape[1];
        let rows = &self.rows[index];
        for (id, row) in rows.ids.iter().zip(rows.values.chunks_exact(columns)) {
            add(isa, &mut sum[*id as usize * columns..][..columns], row);
        }
    }

    /// The declarations of the parameters.
    pub fn specs(&self) -> &Arc<[ParameterSpec]> {
        &self.specs
    }
}

//! An interpreter of exported graphs that is as plain as can be: every number is an f64, every element of a result is computed by
//! itself from the operator's definition in <https://onnx.ai/onnx/operators/>. It knows what is exported and nothing else.

use std::collections::HashMap;

use nar4rec_onnx::proto::{AttributeProto, GraphProto, NodeProto, TensorProto, data_type};
use nar4rec_onnx::{Data, Tensor, Tensors};

/// Numbers in a shape, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

impl Array {
    /// The array whose element at each index is `element(index)`.
    fn from_fn(shape: Vec<usize>, mut element: impl FnMut(&[usize]) -> f64) -> Self {
        let mut index = vec![0; shape.len()];
        let data = (0..shape.iter().product()).map(|mut flat: usize| {
            for (at, size) in index.iter_mut().zip(&shape).rev() {
                (*at, flat) = (flat % size, flat / size);
            }
            element(&index)
        });
        let data = data.collect();
        Self { shape, data }
    }

    /// The element at an index; where it is of more dimensions than this, those in front do not count, and where a dimension
    /// is 1, any index is 0: how ONNX broadcasts.
    fn at(&self, index: &[usize]) -> f64 {
        let index = &index[index.len() - self.shape.len()..];
        let step = |flat, (at, size): (&usize, &usize)| flat * size + if *size == 1 { 0 } else { *at };
        self.data[index.iter().zip(&self.shape).fold(0, step)]
    }

    fn integers(&self) -> Vec<i64> {
        self.data.iter().map(|x| *x as i64).collect()
    }

    /// A dimension, counted from the end if it is negative.
    fn axis(&self, axis: i64) -> usize {
        usize::try_from(if axis < 0 { axis + self.shape.len() as i64 } else { axis }).unwrap()
    }

    /// What `map` makes of the elements along an axis, for each place on the others.
    fn along(&self, axis: usize, map: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        Self::from_fn(self.shape.clone(), |index| {
            let mut other = index.to_vec();
            let line = (0..self.shape[axis]).map(|at| {
                other[axis] = at;
                self.at(&other)
            });
            map(&line.collect::<Vec<_>>())[index[axis]]
        })
    }
}

impl From<&Tensor> for Array {
    fn from(tensor: &Tensor) -> Self {
        let data = match &tensor.data {
            Data::Numbers(data) => data.iter().map(|x| f64::from(*x)).collect(),
            Data::Integers(data) => data.iter().map(|x| *x as f64).collect(),
            Data::Truths(data) => data.iter().map(|x| f64::from(*x)).collect(),
        };
        Self { shape: tensor.shape.clone(), data }
    }
}

impl From<&TensorProto> for Array {
    fn from(tensor: &TensorProto) -> Self {
        let bytes = &tensor.raw_data;
        let data = match tensor.data_type {
            data_type::FLOAT => bytes.as_chunks().0.iter().map(|x| f64::from(f32::from_le_bytes(*x))).collect(),
            data_type::INT64 => bytes.as_chunks().0.iter().map(|x| i64::from_le_bytes(*x) as f64).collect(),
            other => panic!("{}: type {other}", tensor.name),
        };
        Self { shape: tensor.dims.iter().map(|size| *size as usize).collect(), data }
    }
}

/// Every output of a graph.
pub(crate) fn run(graph: &GraphProto, inputs: &Tensors) -> HashMap<String, Array> {
    let mut values: HashMap<&str, Array> = inputs.iter().map(|(name, input)| (&**name, input.into())).collect();
    values.extend(graph.initializer.iter().map(|tensor| (&*tensor.name, tensor.into())));
    for node in &graph.node {
        let operands: Vec<&Array> = node.input.iter().map(|name| &values[&**name]).collect();
        let results = operation(node, &operands);
        assert_eq!(results.len(), node.output.len(), "{}", node.name);
        values.extend(node.output.iter().map(|name| &**name).zip(results));
    }
    graph.output.iter().map(|output| (output.name.clone(), values[&*output.name].clone())).collect()
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn int(node: &NodeProto, name: &str) -> i64 {
    attribute(node, name).unwrap_or_else(|| panic!("{} has no {name}", node.name)).i.unwrap()
}

fn operation(node: &NodeProto, x: &[&Array]) -> Vec<Array> {
    let each = |f: fn(f64) -> f64| Array::from_fn(x[0].shape.clone(), |index| f(x[0].at(index)));
    let axis = || x[0].axis(int(node, "axis"));
    let result = match node.op_type.as_str() {
        "Split" => return split(x[0], axis(), int(node, "num_outputs") as usize),
        "Add" => both(x[0], x[1], |a, b| a + b),
        "Mul" => both(x[0], x[1], |a, b| a * b),
        "Div" => both(x[0], x[1], |a, b| a / b),
        "Max" => both(x[0], x[1], f64::max),
        "GreaterOrEqual" => both(x[0], x[1], |a, b| f64::from(a >= b)),
        "Where" => Array::from_fn(x[0].shape.clone(), |at| if x[0].at(at) != 0.0 { x[1].at(at) } else { x[2].at(at) }),
        "Cast" => x[0].clone(),
        "Relu" => each(|x| x.max(0.0)),
        "Sqrt" => each(f64::sqrt),
        "Sigmoid" => each(|x| 1.0 / (1.0 + (-x).exp())),
        "Gelu" => {
            assert_eq!(attribute(node, "approximate").unwrap().s.as_deref(), Some(&b"tanh"[..]));
            each(|x| 0.5 * x * (1.0 + (std::f64::consts::FRAC_2_PI.sqrt() * (x + 0.044_715 * x.powi(3))).tanh()))
        }
        "Softmax" => x[0].along(axis(), |line| log_softmax(line).into_iter().map(f64::exp).collect()),
        "LogSoftmax" => x[0].along(axis(), log_softmax),
        "LayerNormalization" => {
            let epsilon = f64::from(attribute(node, "epsilon").unwrap().f.unwrap());
            let normal = x[0].along(axis(), |line| normalised(line, epsilon));
            both(&both(&normal, x[1], |a, b| a * b), x[2], |a, b| a + b)
        }
        "Gemm" => gemm(node, x),
        "MatMul" => product(x[0], x[1]),
        "Transpose" => transpose(x[0], &attribute(node, "perm").unwrap().ints),
        "Reshape" => reshape(x[0], &x[1].integers()),
        "Unsqueeze" => unsqueeze(x[0], &x[1].integers()),
        "Shape" => {
            let sizes = &x[0].shape[int(node, "start") as usize..int(node, "end") as usize];
            Array { shape: vec![sizes.len()], data: sizes.iter().map(|size| *size as f64).collect() }
        }
        "Concat" => concat(x, axis()),
        "Gather" => gather(x[0], x[1]),
        "Pad" => pad(x[0], &x[1].integers()),
        "Slice" => slice(x[0], &x[1].integers(), &x[2].integers()),
        "ReduceSum" => reduce(node, x, |sum, _| sum),
        "ReduceMean" => reduce(node, x, |sum, count| sum / count),
        other => panic!("{other} is not exported"),
    };
    vec![result]
}

fn both(a: &Array, b: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
    let rank = a.shape.len().max(b.shape.len());
    let size =
        |array: &Array, axis: usize| (axis + array.shape.len()).checked_sub(rank).map_or(1, |axis| array.shape[axis]);
    let shape = (0..rank).map(|axis| match (size(a, axis), size(b, axis)) {
        (a, 1) => a,
        (1, b) => b,
        (a, b) if a == b => a,
        (a, b) => panic!("{a} and {b} do not broadcast"),
    });
    Array::from_fn(shape.collect(), |index| f(a.at(index), b.at(index)))
}

fn log_softmax(line: &[f64]) -> Vec<f64> {
    let most = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = line.iter().map(|x| (x - most).exp()).sum::<f64>().ln();
    line.iter().map(|x| x - most - total).collect()
}

fn normalised(line: &[f64], epsilon: f64) -> Vec<f64> {
    let mean = line.iter().sum::<f64>() / line.len() as f64;
    let variance = line.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / line.len() as f64;
    line.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect()
}

fn gemm(node: &NodeProto, x: &[&Array]) -> Array {
    assert_eq!(int(node, "transB"), 1);
    assert_eq!(x[0].shape[1], x[1].shape[1], "{}", node.name);
    let y = product(x[0], &transpose(x[1], &[1, 0]));
    x.get(2).map_or(y.clone(), |bias| both(&y, bias, |a, b| a + b))
}

/// The product of the last two dimensions; those before are broadcast.
fn product(a: &Array, b: &Array) -> Array {
    let rank = a.shape.len();
    assert!(rank == b.shape.len() || b.shape.len() < rank, "{:?} {:?}", a.shape, b.shape);
    assert_eq!(a.shape[rank - 1], b.shape[b.shape.len() - 2], "{:?} {:?}", a.shape, b.shape);
    let outer = |array: &Array| Array::from_fn([&array.shape[..array.shape.len() - 2], &[1, 1]].concat(), |_| 0.0);
    let mut shape = both(&outer(a), &outer(b), |_, _| 0.0).shape;
    (shape[rank - 2], shape[rank - 1]) = (a.shape[rank - 2], *b.shape.last().unwrap());
    Array::from_fn(shape, |index| {
        let (mut left, mut right) = (index.to_vec(), index.to_vec());
        let terms = (0..a.shape[rank - 1]).map(|k| {
            (left[rank - 1], right[rank - 2]) = (k, k);
            a.at(&left) * b.at(&right)
        });
        terms.sum()
    })
}

fn transpose(x: &Array, order: &[i64]) -> Array {
    let shape = order.iter().map(|axis| x.shape[*axis as usize]).collect();
    Array::from_fn(shape, |index| {
        let mut from = vec![0; index.len()];
        order.iter().zip(index).for_each(|(axis, at)| from[*axis as usize] = *at);
        x.at(&from)
    })
}

fn reshape(x: &Array, sizes: &[i64]) -> Array {
    let known: i64 = sizes.iter().filter(|size| **size > 0).product();
    let rest = x.data.len() as i64 / known;
    let shape: Vec<usize> = sizes.iter().map(|size| if *size == -1 { rest } else { *size } as usize).collect();
    assert_eq!(shape.iter().product::<usize>(), x.data.len(), "{:?} as {sizes:?}", x.shape);
    Array { shape, data: x.data.clone() }
}

fn unsqueeze(x: &Array, axes: &[i64]) -> Array {
    let rank = x.shape.len() + axes.len();
    let is_new = |axis: &usize| axes.iter().any(|new| (*new + rank as i64) as usize % rank == *axis);
    let mut sizes = x.shape.iter();
    let shape = (0..rank).map(|axis| if is_new(&axis) { 1 } else { *sizes.next().unwrap() });
    Array { shape: shape.collect(), data: x.data.clone() }
}

fn split(x: &Array, axis: usize, parts: usize) -> Vec<Array> {
    assert_eq!(x.shape[axis] % parts, 0);
    let mut shape = x.shape.clone();
    shape[axis] /= parts;
    let part = |part: usize| {
        Array::from_fn(shape.clone(), |index| {
            let mut from = index.to_vec();
            from[axis] += part * shape[axis];
            x.at(&from)
        })
    };
    (0..parts).map(part).collect()
}

fn concat(x: &[&Array], axis: usize) -> Array {
    let mut shape = x[0].shape.clone();
    shape[axis] = x.iter().map(|part| part.shape[axis]).sum();
    Array::from_fn(shape, |index| {
        let mut from = index.to_vec();
        let part = x.iter().find(|part| {
            let is_in = from[axis] < part.shape[axis];
            from[axis] -= if is_in { 0 } else { part.shape[axis] };
            is_in
        });
        part.unwrap().at(&from)
    })
}

/// Rows of x; a negative one is counted from the end.
fn gather(x: &Array, rows: &Array) -> Array {
    let rank = rows.shape.len();
    Array::from_fn([&rows.shape[..], &x.shape[1..]].concat(), |index| {
        let row = rows.at(&index[..rank]) as i64;
        let row = if row < 0 { row + x.shape[0] as i64 } else { row };
        x.at(&[&[usize::try_from(row).unwrap()], &index[rank..]].concat())
    })
}

/// The rows from `start` to `end`.
/// `pads` says for each axis how many zeros come before, then for each how many behind.
fn pad(x: &Array, pads: &[i64]) -> Array {
    let (before, behind) = pads.split_at(x.shape.len());
    let shape = x.shape.iter().zip(before.iter().zip(behind)).map(|(size, (a, b))| size + (a + b) as usize);
    Array::from_fn(shape.collect(), |index| {
        let inner = index.iter().zip(before).map(|(at, before)| at.checked_sub(*before as usize));
        let inner: Option<Vec<usize>> = inner.collect();
        inner.filter(|inner| inner.iter().zip(&x.shape).all(|(at, size)| at < size)).map_or(0.0, |inner| x.at(&inner))
    })
}

/// Of the first axes; an end below 0 counts from that of the axis.
fn slice(x: &Array, start: &[i64], end: &[i64]) -> Array {
    let mut shape = x.shape.clone();
    for ((size, start), end) in shape.iter_mut().zip(start).zip(end) {
        let end = if *end < 0 { *size as i64 + end } else { (*end).min(*size as i64) };
        *size = (end - start) as usize;
    }
    let first = |axis: usize| start.get(axis).map_or(0, |start| *start as usize);
    Array::from_fn(shape, |index| {
        x.at(&index.iter().enumerate().map(|(axis, at)| at + first(axis)).collect::<Vec<_>>())
    })
}

fn reduce(node: &NodeProto, x: &[&Array], finish: impl Fn(f64, f64) -> f64) -> Array {
    let axes: Vec<usize> = x[1].integers().into_iter().map(|axis| x[0].axis(axis)).collect();
    let kept = |axis: usize| !axes.contains(&axis);
    let sizes =
        |keep: bool| x[0].shape.iter().enumerate().filter(move |(axis, _)| kept(*axis) == keep).map(|(_, size)| *size);
    let inner: Vec<usize> = sizes(false).collect();
    let sum = Array::from_fn(sizes(true).collect(), |outer| {
        let terms = Array::from_fn(inner.clone(), |inner| {
            let (mut outer, mut inner) = (outer.iter(), inner.iter());
            let index =
                (0..x[0].shape.len()).map(|axis| *if kept(axis) { outer.next() } else { inner.next() }.unwrap());
            x[0].at(&index.collect::<Vec<_>>())
        });
        finish(terms.data.iter().sum(), terms.data.len() as f64)
    });
    let one = |(axis, size): (usize, &usize)| if kept(axis) { *size } else { 1 };
    match int(node, "keepdims") {
        0 => sum,
        _ => Array { shape: x[0].shape.iter().enumerate().map(one).collect(), data: sum.data },
    }
}

//! Runs a graph naively, one operator at a time, in f64: the oracle of the export.

use std::collections::BTreeMap;

use nar4rec_onnx::proto::{DataType, GraphProto, NodeProto};

/// Numbers of any kind, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f64>,
}

impl Tensor {
    pub(crate) fn new(shape: Vec<usize>, data: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len(), "{shape:?}");
        Self { shape, data }
    }

    /// A tensor of this shape whose number at each place `of` gives.
    fn made(shape: Vec<usize>, of: impl Fn(&[usize]) -> f64) -> Self {
        let count = shape.iter().product();
        let data = (0..count).map(|at| of(&place(at, &shape))).collect();
        Self { shape, data }
    }

    /// The number at a place; axes of length one stand for any length, and leading axes may be missing.
    fn at(&self, place: &[usize]) -> f64 {
        let place = &place[place.len() - self.shape.len()..];
        let index = place.iter().zip(&self.shape).fold(0, |index, (p, n)| index * n + if *n == 1 { 0 } else { *p });
        self.data[index]
    }

    fn whole(&self) -> Vec<i64> {
        self.data.iter().map(|x| *x as i64).collect()
    }

    fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape.clone(), data: self.data.iter().map(|x| f(*x)).collect() }
    }
}

/// The place of a number among all.
fn place(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut place = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        place[axis] = at % shape[axis];
        at /= shape[axis];
    }
    place
}

/// The shape that two shapes have together.
fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let axis = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    let both = |at| match (axis(a, at), axis(b, at)) {
        (1, n) | (n, 1) => n,
        (m, n) => {
            assert_eq!(m, n, "{a:?} and {b:?}");
            m
        }
    };
    (0..rank).map(both).collect()
}

/// Runs a graph and returns its outputs.
pub(crate) fn run(graph: &GraphProto, inputs: &BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    let mut values: BTreeMap<&str, Tensor> = BTreeMap::new();
    for constant in &graph.initializer {
        let bytes = &constant.raw_data;
        let data = match constant.data_type() {
            DataType::Float => bytes.chunks(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect(),
            _ => bytes.chunks(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64).collect(),
        };
        values.insert(&constant.name, Tensor::new(constant.dims.iter().map(|dim| *dim as usize).collect(), data));
    }
    for input in &graph.input {
        values.insert(&input.name, inputs[&input.name].clone());
    }
    for node in &graph.node {
        let operands: Vec<&Tensor> = node.input.iter().map(|name| &values[name.as_str()]).collect();
        let results = operate(node, &operands);
        assert_eq!(results.len(), node.output.len(), "{}", node.op_type);
        for (name, result) in node.output.iter().zip(results) {
            assert!(values.insert(name, result).is_none(), "{name} is made twice");
        }
    }
    graph.output.iter().map(|output| (output.name.clone(), values[output.name.as_str()].clone())).collect()
}

fn int(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.i)
}

/// An axis counted from the end if it is negative.
fn axis(number: i64, rank: usize) -> usize {
    if number < 0 { (number + rank as i64) as usize } else { number as usize }
}

fn elementwise(a: &Tensor, b: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
    Tensor::made(broadcast(&a.shape, &b.shape), |place| f(a.at(place), b.at(place)))
}

fn operate(node: &NodeProto, x: &[&Tensor]) -> Vec<Tensor> {
    let gelu = |x: f64| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
    vec![match node.op_type.as_str() {
        "Identity" | "Cast" => x[0].clone(),
        "Add" => elementwise(x[0], x[1], |a, b| a + b),
        "Mul" => elementwise(x[0], x[1], |a, b| a * b),
        "Div" => elementwise(x[0], x[1], |a, b| a / b),
        "Max" => elementwise(x[0], x[1], f64::max),
        "GreaterOrEqual" => elementwise(x[0], x[1], |a, b| f64::from(u8::from(a >= b))),
        "Relu" => x[0].map(|x| x.max(0.0)),
        "Sigmoid" => x[0].map(|x| 1.0 / (1.0 + (-x).exp())),
        "Gelu" => x[0].map(gelu),
        "MatMul" => product(x[0], x[1]),
        "Softmax" => softmax(x[0], axis(int(node, "axis").unwrap(), x[0].shape.len())),
        "LogSoftmax" => softmax(x[0], axis(int(node, "axis").unwrap(), x[0].shape.len())).map(f64::ln),
        "LayerNormalization" => normalised(x),
        "Reshape" => reshaped(x[0], &x[1].whole()),
        "Unsqueeze" => unsqueezed(x[0], x[1].data[0] as i64),
        "Transpose" => transposed(x[0], node),
        "Gather" => gathered(x[0], x[1]),
        "Slice" => {
            let at = axis(x[3].data[0] as i64, x[0].shape.len());
            sliced(x[0], at, x[1].data[0] as usize, x[2].data[0] as usize)
        }
        "Split" => {
            let at = axis(int(node, "axis").unwrap(), x[0].shape.len());
            let (parts, width) = (node.output.len(), x[0].shape[at] / node.output.len());
            return (0..parts).map(|part| sliced(x[0], at, part * width, (part + 1) * width)).collect();
        }
        "Shape" => {
            let dims = &x[0].shape[int(node, "start").unwrap() as usize..int(node, "end").unwrap() as usize];
            Tensor::new(vec![dims.len()], dims.iter().map(|dim| *dim as f64).collect())
        }
        "Concat" => concatenated(x),
        "ReduceSum" => reduced(x[0], &x[1].whole(), int(node, "keepdims") == Some(1)).0,
        "ReduceMean" => {
            let (sum, count) = reduced(x[0], &x[1].whole(), int(node, "keepdims") == Some(1));
            sum.map(|x| x / count as f64)
        }
        other => panic!("no operator {other}"),
    }]
}

fn product(a: &Tensor, b: &Tensor) -> Tensor {
    let (ra, rb) = (a.shape.len(), b.shape.len());
    let (m, k, n) = (a.shape[ra - 2], a.shape[ra - 1], b.shape[rb - 1]);
    assert_eq!(k, b.shape[rb - 2], "inner dimensions");
    let mut shape = broadcast(&a.shape[..ra - 2], &b.shape[..rb - 2]);
    shape.extend([m, n]);
    Tensor::made(shape, |place| {
        let (outer, [i, j]) = (&place[..place.len() - 2], [place[place.len() - 2], place[place.len() - 1]]);
        (0..k).map(|l| a.at(&[outer, &[i, l]].concat()) * b.at(&[outer, &[l, j]].concat())).sum()
    })
}

fn softmax(x: &Tensor, axis: usize) -> Tensor {
    Tensor::made(x.shape.clone(), |place| {
        let along = |i: usize| {
            let mut other = place.to_vec();
            other[axis] = i;
            x.at(&other).exp()
        };
        x.at(place).exp() / (0..x.shape[axis]).map(along).sum::<f64>()
    })
}

fn normalised(x: &[&Tensor]) -> Tensor {
    let width = x[1].data.len();
    let rows = x[0].data.chunks(width).flat_map(|row| {
        let mean = row.iter().sum::<f64>() / width as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        let unit = row.iter().map(|x| (x - mean) / (variance + 1e-5).sqrt()).collect::<Vec<_>>();
        (0..width).map(move |c| unit[c] * x[1].data[c] + x[2].data[c]).collect::<Vec<_>>()
    });
    Tensor::new(x[0].shape.clone(), rows.collect())
}

fn reshaped(x: &Tensor, to: &[i64]) -> Tensor {
    let kept = |(at, dim): (usize, &i64)| if *dim == 0 { x.shape[at] as i64 } else { *dim };
    let to: Vec<i64> = to.iter().enumerate().map(kept).collect();
    let known: i64 = to.iter().filter(|dim| **dim > 0).product();
    let shape = to.iter().map(|dim| if *dim < 0 { x.data.len() / known as usize } else { *dim as usize });
    Tensor::new(shape.collect(), x.data.clone())
}

fn unsqueezed(x: &Tensor, at: i64) -> Tensor {
    let mut shape = x.shape.clone();
    shape.insert(axis(at, shape.len() + 1), 1);
    Tensor::new(shape, x.data.clone())
}

fn transposed(x: &Tensor, node: &NodeProto) -> Tensor {
    let order: Vec<usize> = node.attribute[0].ints.iter().map(|axis| *axis as usize).collect();
    Tensor::made(order.iter().map(|axis| x.shape[*axis]).collect(), |place| {
        let mut from = vec![0; place.len()];
        order.iter().zip(place).for_each(|(axis, p)| from[*axis] = *p);
        x.at(&from)
    })
}

fn gathered(x: &Tensor, rows: &Tensor) -> Tensor {
    let width = x.shape[1];
    let data = rows.data.iter().flat_map(|row| x.data[*row as usize * width..][..width].to_vec()).collect();
    Tensor::new([&rows.shape[..], &[width]].concat(), data)
}

fn sliced(x: &Tensor, axis: usize, from: usize, to: usize) -> Tensor {
    let mut shape = x.shape.clone();
    shape[axis] = to - from;
    Tensor::made(shape, |place| {
        let mut place = place.to_vec();
        place[axis] += from;
        x.at(&place)
    })
}

fn concatenated(x: &[&Tensor]) -> Tensor {
    let last = x[0].shape.len() - 1;
    let mut shape = x[0].shape.clone();
    shape[last] = x.iter().map(|part| part.shape[last]).sum();
    Tensor::made(shape, |place| {
        let mut place = place.to_vec();
        for part in x {
            if place[last] < part.shape[last] {
                return part.at(&place);
            }
            place[last] -= part.shape[last];
        }
        unreachable!("a column of some part")
    })
}

/// Sums over some axes, and how many numbers are in each.
fn reduced(x: &Tensor, axes: &[i64], keep: bool) -> (Tensor, usize) {
    let axes: Vec<usize> = axes.iter().map(|at| axis(*at, x.shape.len())).collect();
    let mut shape = x.shape.clone();
    axes.iter().for_each(|axis| shape[*axis] = 1);
    let mut sum = Tensor::new(shape.clone(), vec![0.0; shape.iter().product()]);
    for (at, number) in x.data.iter().enumerate() {
        let index = place(at, &x.shape).iter().zip(&shape).fold(0, |i, (p, n)| i * n + if *n == 1 { 0 } else { *p });
        sum.data[index] += number;
    }
    let count = x.data.len() / sum.data.len().max(1);
    if !keep {
        sum.shape = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
    }
    (sum, count)
}

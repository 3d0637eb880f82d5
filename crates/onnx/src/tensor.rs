//! Tensors as they go into a file or into a graph.

use serde::{Deserialize, Serialize};

use crate::proto::data_type;

/// Numbers in a shape, row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Its shape; empty for a single number.
    pub shape: Vec<usize>,
    /// As many numbers as the shape says.
    #[serde(flatten)]
    pub data: Data,
}

/// Numbers of one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "dtype", content = "data")]
pub enum Data {
    /// f32.
    #[serde(rename = "float32")]
    Numbers(Vec<f32>),
    /// i64.
    #[serde(rename = "int64")]
    Integers(Vec<i64>),
    /// bool.
    #[serde(rename = "bool")]
    Truths(Vec<bool>),
}

/// The type of a tensor's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Dtype {
    /// f32.
    #[serde(rename = "float32")]
    Float32,
    /// i64.
    #[serde(rename = "int64")]
    Int64,
    /// bool.
    #[serde(rename = "bool")]
    Bool,
}

impl Tensor {
    /// A tensor of f32.
    pub fn numbers(shape: Vec<usize>, data: Vec<f32>) -> Self {
        Self { shape, data: Data::Numbers(data) }
    }

    /// A tensor of i64.
    pub fn integers(shape: Vec<usize>, data: Vec<i64>) -> Self {
        Self { shape, data: Data::Integers(data) }
    }

    /// A tensor of bool.
    pub fn truths(shape: Vec<usize>, data: Vec<bool>) -> Self {
        Self { shape, data: Data::Truths(data) }
    }
}

impl Data {
    /// The type as ONNX numbers it.
    pub(crate) fn onnx_type(&self) -> i32 {
        match self {
            Self::Numbers(_) => Dtype::Float32,
            Self::Integers(_) => Dtype::Int64,
            Self::Truths(_) => Dtype::Bool,
        }
        .onnx_type()
    }

    /// Little-endian.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Numbers(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::Integers(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::Truths(data) => data.iter().map(|x| u8::from(*x)).collect(),
        }
    }
}

impl Dtype {
    /// The type as ONNX numbers it.
    pub(crate) fn onnx_type(self) -> i32 {
        match self {
            Self::Float32 => data_type::FLOAT,
            Self::Int64 => data_type::INT64,
            Self::Bool => data_type::BOOL,
        }
    }
}

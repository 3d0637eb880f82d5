//! A graph while it is being written: nodes, constants, inputs and outputs, each under a name of its own.

use std::collections::BTreeMap;

use crate::proto::{
    AttributeProto, AttributeType, DataType, Dimension, DimensionProto, GraphProto, IR_VERSION, ModelProto, NodeProto,
    OPSET, OperatorSetIdProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// An axis of an input or output: of a length, or of one that a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Always this long.
    Fixed(usize),
    /// As long as every axis of this name.
    Named(&'static str),
}

/// A setting of a node.
pub(crate) enum Setting<'a> {
    Int(&'a str, i64),
    Float(&'a str, f32),
    Text(&'a str, &'a str),
    Ints(&'a str, &'a [i64]),
}

/// Nodes, constants, inputs and outputs.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    proto: GraphProto,
    /// Constants of shapes and axes, by their numbers: each stands once.
    whole: BTreeMap<Vec<i64>, String>,
}

impl Graph {
    /// Adds a node of one result and returns its name.
    pub(crate) fn node(&mut self, op: &str, inputs: &[&str], settings: &[Setting<'_>]) -> String {
        let [output] = self.nodes(op, inputs, settings);
        output
    }

    /// Adds a node of N results and returns their names.
    pub(crate) fn nodes<const N: usize>(&mut self, op: &str, inputs: &[&str], settings: &[Setting<'_>]) -> [String; N] {
        let name = format!("{}_{}", op.to_lowercase(), self.proto.node.len());
        let outputs: [String; N] =
            std::array::from_fn(|index| if N == 1 { name.clone() } else { format!("{name}_{index}") });
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: outputs.to_vec(),
            name: format!("n_{name}"),
            op_type: op.to_owned(),
            attribute: settings.iter().map(attribute).collect(),
        });
        outputs
    }

    /// A constant of `f32`, unless one of this name is there already.
    pub(crate) fn floats(&mut self, name: &str, dims: &[usize], numbers: impl FnOnce() -> Vec<f32>) -> String {
        if self.proto.initializer.iter().all(|constant| constant.name != name) {
            let raw_data = numbers().into_iter().flat_map(f32::to_le_bytes).collect();
            self.constant(name, dims, DataType::Float, raw_data);
        }
        name.to_owned()
    }

    /// A list of whole numbers, such as a shape.
    pub(crate) fn whole(&mut self, numbers: &[i64]) -> String {
        if let Some(name) = self.whole.get(numbers) {
            return name.clone();
        }
        let name = format!("whole_{}", self.whole.len());
        let raw_data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constant(&name, &[numbers.len()], DataType::Int64, raw_data);
        self.whole.insert(numbers.to_vec(), name.clone());
        name
    }

    fn constant(&mut self, name: &str, dims: &[usize], data_type: DataType, raw_data: Vec<u8>) {
        let dims = dims.iter().map(|dim| *dim as i64).collect();
        self.proto.initializer.push(TensorProto { dims, data_type: data_type.into(), name: name.to_owned(), raw_data });
    }

    /// An input, unless it is there already.
    pub(crate) fn input(&mut self, name: &str, data_type: DataType, axes: &[Axis]) -> String {
        if self.proto.input.iter().all(|input| input.name != name) {
            self.proto.input.push(value_info(name, data_type, axes));
        }
        name.to_owned()
    }

    /// Gives a value out under a name.
    pub(crate) fn output(&mut self, name: &str, value: &str, axes: &[Axis]) {
        self.proto.node.push(NodeProto {
            input: vec![value.to_owned()],
            output: vec![name.to_owned()],
            name: format!("n_{name}"),
            op_type: "Identity".to_owned(),
            attribute: Vec::new(),
        });
        self.proto.output.push(value_info(name, DataType::Float, axes));
    }

    /// The file.
    pub(crate) fn finish(mut self, name: &str) -> ModelProto {
        name.clone_into(&mut self.proto.name);
        ModelProto {
            ir_version: IR_VERSION,
            producer_name: "nar4rec".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(self.proto),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        }
    }
}

fn attribute(setting: &Setting<'_>) -> AttributeProto {
    let of = |name: &str, r#type: AttributeType| AttributeProto {
        name: name.to_owned(),
        r#type: r#type.into(),
        ..AttributeProto::default()
    };
    match *setting {
        Setting::Int(name, i) => AttributeProto { i, ..of(name, AttributeType::Int) },
        Setting::Float(name, f) => AttributeProto { f, ..of(name, AttributeType::Float) },
        Setting::Text(name, text) => AttributeProto { s: text.into(), ..of(name, AttributeType::String) },
        Setting::Ints(name, ints) => AttributeProto { ints: ints.to_vec(), ..of(name, AttributeType::Ints) },
    }
}

fn value_info(name: &str, data_type: DataType, axes: &[Axis]) -> ValueInfoProto {
    let dimension = |axis: &Axis| match axis {
        Axis::Fixed(length) => Dimension::Value(*length as i64),
        Axis::Named(name) => Dimension::Parameter((*name).to_owned()),
    };
    let dim = axes.iter().map(|axis| DimensionProto { value: Some(dimension(axis)) }).collect();
    let tensor_type = TensorTypeProto { elem_type: data_type.into(), shape: Some(TensorShapeProto { dim }) };
    let r#type = Some(TypeProto { tensor_type: Some(tensor_type) });
    ValueInfoProto { name: name.to_owned(), r#type }
}

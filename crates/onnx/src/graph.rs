//! A graph while it is written.
//!
//! Nodes are appended in the order in which they can run. A node that is there already is not written again: its output is
//! what the second one would have given. So whoever needs a shape or a reshaped value asks for it and keeps nothing.

use std::collections::{HashMap, HashSet};

use crate::{
    Tensor,
    inputs::{Dim, Signature},
    proto::{
        AttributeProto, DimensionProto, DimensionValue, GraphProto, IR_VERSION, ModelProto, NodeProto, OPSET,
        OperatorSetIdProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute_type,
    },
};

/// The name of a value.
pub(crate) type Name = String;

/// A graph that grows.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<NodeProto>,
    initialisers: Vec<TensorProto>,
    /// The names of the initialisers.
    known: HashSet<Name>,
    /// What makes a node what it is → the first of its outputs.
    made: HashMap<String, Vec<Name>>,
}

impl Graph {
    /// An operation with one output, by default settings.
    pub(crate) fn op(&mut self, operator: &str, inputs: &[&str]) -> Name {
        self.op_with(operator, inputs, Vec::new())
    }

    /// An operation with one output.
    pub(crate) fn op_with(&mut self, operator: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> Name {
        self.node(operator, inputs, attributes, 1).swap_remove(0)
    }

    /// Equal parts of x along an axis.
    pub(crate) fn split(&mut self, x: &str, axis: i64, parts: usize) -> Vec<Name> {
        self.node("Split", &[x], vec![int("axis", axis), int("num_outputs", parts as i64)], parts)
    }

    /// x with its axes in another order.
    pub(crate) fn transpose(&mut self, x: &str, order: &[i64]) -> Name {
        self.op_with("Transpose", &[x], vec![ints("perm", order)])
    }

    /// The numbers of x in a shape that is known but for one dimension, -1.
    pub(crate) fn reshape(&mut self, x: &str, shape: &[i64]) -> Name {
        let shape = self.integers(shape);
        self.op("Reshape", &[x, &shape])
    }

    fn node(&mut self, operator: &str, inputs: &[&str], attributes: Vec<AttributeProto>, outputs: usize) -> Vec<Name> {
        let key = format!("{operator} {inputs:?} {attributes:?}");
        if let Some(made) = self.made.get(&key) {
            return made.clone();
        }
        let name = format!("{operator}_{}", self.nodes.len());
        let output: Vec<Name> = match outputs {
            1 => vec![name.clone()],
            _ => (0..outputs).map(|output| format!("{name}_{output}")).collect(),
        };
        self.made.insert(key, output.clone());
        let input = inputs.iter().map(|&input| input.to_owned()).collect();
        self.nodes.push(NodeProto {
            input,
            output: output.clone(),
            name,
            op_type: operator.to_owned(),
            attribute: attributes,
        });
        output
    }

    /// A constant; the first of a name counts.
    pub(crate) fn initialiser(&mut self, name: &str, tensor: impl FnOnce() -> Tensor) -> Name {
        if self.known.insert(name.to_owned()) {
            let tensor = tensor();
            self.initialisers.push(TensorProto {
                dims: tensor.shape.iter().map(|&size| size as i64).collect(),
                data_type: tensor.data.onnx_type(),
                name: name.to_owned(),
                raw_data: tensor.data.to_bytes(),
            });
        }
        name.to_owned()
    }

    /// Constant integers, such as a shape or axes.
    pub(crate) fn integers(&mut self, values: &[i64]) -> Name {
        self.initialiser(&format!("{values:?}"), || Tensor::integers(vec![values.len()], values.to_vec()))
    }

    /// A constant number.
    pub(crate) fn number(&mut self, value: f32) -> Name {
        self.initialiser(&format!("{value:?}"), || Tensor::numbers(Vec::new(), vec![value]))
    }

    /// The file, given what goes in, and what comes out with the value that it is now.
    pub(crate) fn finish(mut self, name: &str, inputs: &[Signature], outputs: &[(Name, Signature)]) -> ModelProto {
        let renamed: HashMap<&str, &str> =
            outputs.iter().map(|(value, output)| (value.as_str(), output.name.as_str())).collect();
        for node in &mut self.nodes {
            for value in node.input.iter_mut().chain(&mut node.output) {
                if let Some(&new) = renamed.get(value.as_str()) {
                    new.clone_into(value);
                }
            }
        }
        let graph = GraphProto {
            node: self.nodes,
            name: name.to_owned(),
            initializer: self.initialisers,
            input: inputs.iter().map(value_info).collect(),
            output: outputs.iter().map(|(_, output)| value_info(output)).collect(),
        };
        ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: "nar4rec".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            doc_string: format!("The {name} of a NAR4Rec model; inputs.json says how its inputs are encoded."),
            graph: Some(graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: Some(OPSET) }],
        }
    }
}

/// An integer setting.
pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    let r#type = attribute_type::INT;
    AttributeProto { name: name.to_owned(), i: Some(value), r#type, ..AttributeProto::default() }
}

/// A setting of several integers.
pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    let (ints, r#type) = (values.to_vec(), attribute_type::INTS);
    AttributeProto { name: name.to_owned(), ints, r#type, ..AttributeProto::default() }
}

/// A number as a setting.
pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    let r#type = attribute_type::FLOAT;
    AttributeProto { name: name.to_owned(), f: Some(value), r#type, ..AttributeProto::default() }
}

/// A text as a setting.
pub(crate) fn text(name: &str, value: &str) -> AttributeProto {
    let r#type = attribute_type::STRING;
    AttributeProto { name: name.to_owned(), s: Some(value.as_bytes().to_vec()), r#type, ..AttributeProto::default() }
}

fn value_info(value: &Signature) -> ValueInfoProto {
    let dim = |dim: &Dim| DimensionProto {
        value: Some(match dim {
            Dim::Fixed(size) => DimensionValue::Fixed(*size as i64),
            Dim::Named(name) => DimensionValue::Named((*name).to_owned()),
        }),
    };
    let shape = TensorShapeProto { dim: value.shape.iter().map(dim).collect() };
    let tensor = TensorTypeProto { elem_type: value.dtype.onnx_type(), shape: Some(shape) };
    ValueInfoProto { name: value.name.clone(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}

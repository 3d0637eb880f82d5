//! The exported graphs are graphs: every value is made once and before it is read, parameters are all there, shapes hold.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::{HashMap, HashSet};

use nar4rec_model::Model;
use nar4rec_onnx::proto::{DimensionValue, GraphProto, IR_VERSION, ModelProto, OPSET, ValueInfoProto, data_type};
use nar4rec_onnx::{Export, Options, expected, made_batch};
use nar4rec_tensor::{Kind, Parameters};
use prost::Message;

mod made;
mod oracle;

fn models() -> Vec<Model> {
    let makes = made::makes().into_iter().enumerate();
    makes.map(|(number, make)| made::model(make, made::SCHEMAS[number % 3])).collect()
}

fn options() -> [Options; 2] {
    [false, true].map(|mask| Options { mask })
}

#[test]
fn values_are_made_once_and_read_later() {
    for model in models() {
        for graph in options().into_iter().flat_map(|options| made::graphs(&model, options)) {
            let mut known = HashSet::new();
            let given = graph.input.iter().map(|input| &input.name);
            for name in given.chain(graph.initializer.iter().map(|tensor| &tensor.name)) {
                assert!(!name.is_empty() && known.insert(name), "{name} stands twice");
            }
            let mut read = HashSet::new();
            for node in &graph.node {
                for name in &node.input {
                    assert!(known.contains(name), "{} reads {name}, which is not made yet", node.name);
                    read.insert(name);
                }
                assert!(node.output.iter().all(|name| known.insert(name)), "{} makes a value again", node.name);
            }
            assert!(graph.output.iter().all(|output| known.contains(&output.name)));
            let given = graph.input.iter().map(|input| &input.name);
            let unread: Vec<_> = given.chain(graph.initializer.iter().map(|tensor| &tensor.name)).collect();
            assert!(unread.iter().all(|name| read.contains(name)), "something is never read");
            let names: HashSet<_> = graph.node.iter().map(|node| &node.name).collect();
            assert_eq!(names.len(), graph.node.len());
        }
    }
}

/// Every parameter stands in the graph once, with its shape and numbers; behind the rows of a table that is looked up in is one
/// of zeros.
fn check_parameters(graph: &GraphProto, parameters: &Parameters) {
    let mut found: HashMap<_, _> = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    for (spec, numbers) in parameters.iter() {
        let tensor = found.remove(spec.name.as_str()).unwrap_or_else(|| panic!("{} is missing", spec.name));
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut dims: Vec<i64> = spec.file_shape().iter().map(|size| *size as i64).collect();
        if spec.kind == Kind::Table && spec.name.contains(".tables.") {
            dims[0] += 1;
            bytes.extend(vec![0; 4 * spec.shape[1]]);
        }
        assert_eq!((tensor.data_type, &tensor.dims), (data_type::FLOAT, &dims), "{}", spec.name);
        assert!(tensor.raw_data == bytes, "{}", spec.name);
    }
    let rest: usize = found.values().map(|tensor| tensor.raw_data.len()).sum();
    assert!(rest < 1000, "nothing else but a few small constants: {:?}", found.keys());
}

#[test]
fn every_parameter_stands_there_once() {
    for model in models() {
        for options in options() {
            let [generator, evaluator] = made::graphs(&model, options);
            check_parameters(&generator, &model.generator.parameters);
            check_parameters(&evaluator, &model.evaluator.parameters);
        }
    }
}

/// Checks a shape against the one that is declared, and that a name stands for one size.
fn check_shape<'a>(value: &'a ValueInfoProto, shape: &[usize], names: &mut HashMap<&'a str, usize>) {
    let declared = value.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap().shape.as_ref().unwrap();
    assert_eq!(declared.dim.len(), shape.len(), "{}", value.name);
    for (dim, size) in declared.dim.iter().zip(shape) {
        match dim.value.as_ref().unwrap() {
            DimensionValue::Fixed(fixed) => assert_eq!(*fixed as usize, *size, "{}", value.name),
            DimensionValue::Named(name) => assert_eq!(names.entry(name).or_insert(*size), size, "{}", value.name),
        }
    }
}

#[test]
fn shapes_are_those_that_are_declared() {
    for model in models() {
        let batch = made_batch(&model, &[5, 5]).unwrap();
        let sample = expected(&model, (&batch, &[vec![0, 9], vec![3, 2]]), Options::default()).unwrap();
        for (graph, run) in made::graphs(&model, Options::default()).iter().zip([sample.generator, sample.evaluator]) {
            let mut names = HashMap::new();
            assert_eq!(graph.input.len(), run.inputs.len());
            for input in &graph.input {
                check_shape(input, &run.inputs[&input.name].shape, &mut names);
            }
            let outputs = oracle::run(graph, &run.inputs);
            for output in &graph.output {
                check_shape(output, &outputs[&output.name].shape, &mut names);
            }
        }
    }
}

#[test]
fn versions_are_stated() {
    let model = made::model(made::makes()[0], made::NUMBERS);
    let export = Export::new(&model, None, Options::default()).unwrap();
    let proto = ModelProto::decode(export.files()[0].1.as_slice()).unwrap();
    assert_eq!((proto.ir_version, proto.opset_import.len()), (Some(IR_VERSION), 1));
    assert_eq!((proto.opset_import[0].domain.as_str(), proto.opset_import[0].version), ("", Some(OPSET)));
    assert_eq!(proto.encode_to_vec(), export.files()[0].1);
}

/// Positions that have not met candidates are made of parameters alone, so a runtime computes them when it loads the graph.
#[test]
fn shared_positions_hang_on_no_input_until_they_read_candidates() {
    let model = made::model(made::makes()[0], made::NUMBERS);
    let [graph, _] = made::graphs(&model, Options::default());
    let mut constant: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    for node in &graph.node {
        if node.input.iter().all(|name| constant.contains(name.as_str())) {
            constant.extend(node.output.iter().map(String::as_str));
        }
    }
    let heavy = |node: &&nar4rec_onnx::proto::NodeProto| ["Gemm", "MatMul"].contains(&node.op_type.as_str());
    let folded = graph.node.iter().filter(heavy).filter(|node| constant.contains(node.output[0].as_str())).count();
    // Queries, keys and values; scores and their sum; the last map; queries of the candidates, and these lifted.
    assert_eq!(folded, 6);
}

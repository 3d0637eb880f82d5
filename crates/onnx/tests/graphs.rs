//! The graphs are well formed, hold every parameter once, and compute what the model computes: run naively, operator by
//! operator.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod interpreter;
mod made;

use std::collections::{BTreeMap, BTreeSet};

use interpreter::{Tensor, run};
use nar4rec_onnx::proto::{GraphProto, ModelProto};
use nar4rec_onnx::{Exported, SampleInput, SampleTensor, export};
use nar4rec_tensor::Parameters;
use prost::Message;

fn graph(bytes: &[u8]) -> GraphProto {
    let model = ModelProto::decode(bytes).unwrap();
    assert_eq!((model.ir_version, model.opset_import[0].version), (10, 20));
    model.graph.unwrap()
}

fn tensors(of: &BTreeMap<String, SampleTensor>) -> BTreeMap<String, Tensor> {
    let tensor = |tensor: &SampleTensor| {
        let data = match &tensor.numbers {
            SampleInput::Float32(numbers) => numbers.iter().map(|x| f64::from(*x)).collect(),
            SampleInput::Int64(numbers) => numbers.iter().map(|x| *x as f64).collect(),
        };
        Tensor::new(tensor.shape.clone(), data)
    };
    of.iter().map(|(name, entry)| (name.clone(), tensor(entry))).collect()
}

#[test]
fn a_graph_computes_what_the_model_computes() {
    for (name, model) in made::models() {
        let Exported { generator, evaluator, sample, .. } = export(&model).unwrap();
        let inputs = tensors(&sample.inputs);
        for (graph, expected) in [(graph(&generator), &sample.generator), (graph(&evaluator), &sample.evaluator)] {
            let found = run(&graph, &inputs);
            for (output, expected) in tensors(expected) {
                let found = &found[&output];
                assert_eq!(found.shape, expected.shape, "{name}: {output}");
                let worst = found.data.iter().zip(&expected.data).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-5, "{name}: {output} is off by {worst}");
            }
        }
    }
}

/// Every value is made before it is read, and once; every parameter is a constant, once.
fn check(graph: &GraphProto, parameters: &Parameters) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    let constants = graph.initializer.iter().map(|constant| constant.name.as_str());
    for name in constants.clone().chain(graph.input.iter().map(|input| input.name.as_str())) {
        assert!(known.insert(name), "{name} stands twice");
    }
    for node in &graph.node {
        assert!(
            node.input.iter().all(|name| known.contains(name.as_str())),
            "{} reads what is not there yet",
            node.name
        );
        assert!(node.output.iter().all(|name| known.insert(name)), "{} makes what is there already", node.name);
    }
    assert!(graph.output.iter().all(|output| known.contains(output.name.as_str())));
    for (spec, numbers) in parameters.iter() {
        let constant = graph.initializer.iter().find(|constant| constant.name == spec.name);
        let bytes = constant.unwrap_or_else(|| panic!("{} is missing", spec.name)).raw_data.len();
        assert_eq!(bytes, 4 * numbers.len(), "{}", spec.name);
    }
}

#[test]
fn graphs_are_well_formed_and_hold_every_parameter() {
    for (_, model) in made::models() {
        let exported = export(&model).unwrap();
        check(&graph(&exported.generator), &model.generator.parameters);
        check(&graph(&exported.evaluator), &model.evaluator.parameters);
        let described: BTreeSet<&str> = exported.inputs.iter().map(|input| input.name.as_str()).collect();
        let given: BTreeSet<&str> = exported.sample.inputs.keys().map(String::as_str).collect();
        let graphs = [graph(&exported.generator), graph(&exported.evaluator)];
        let read: BTreeSet<&str> =
            graphs.iter().flat_map(|graph| &graph.input).map(|input| input.name.as_str()).collect();
        assert_eq!((&described, &given), (&read, &read));
    }
}

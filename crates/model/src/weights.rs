//! `model.safetensors`: 8 bytes little-endian length of a JSON header, the header, the numbers.
//!
//! The header maps a name to `{"dtype": "F32", "shape": […], "data_offsets": [begin, end]}`. The numbers are little-endian
//! f32, row-major, without gaps, in the order of the names. In a model that is served in int8 the matrices between states are
//! of `I8`, and beside each stands `….scale`, one f32 a row: a weight is its number times its row's scale.

use std::borrow::Cow;
use std::collections::BTreeMap;

use nar4rec_tensor::{Parameters, dequantised};
use safetensors::tensor::{Dtype, Metadata, TensorInfo, View};

use crate::{InvalidModel, Precision};

/// Name → shape and numbers.
pub(crate) type Named = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// What the name of a quantised parameter's scales ends in.
const SCALE: &str = ".scale";

/// The bytes of the file.
pub(crate) fn encode<'a>(
    parts: impl IntoIterator<Item = &'a Parameters>,
    precision: Precision,
) -> Result<Vec<u8>, InvalidModel> {
    let mut tensors = Vec::new();
    for (spec, numbers) in parts.into_iter().flat_map(Parameters::iter) {
        let quantised = if precision == Precision::Int8 { spec.quantised(numbers) } else { None };
        match quantised {
            None => tensors
                .push((spec.name.clone(), Tensor { shape: spec.file_shape(), numbers: Numbers::F32(numbers.into()) })),
            Some((numbers, scales)) => {
                let of_scales = Tensor { shape: vec![scales.len()], numbers: Numbers::F32(scales.into()) };
                tensors.push((format!("{}{SCALE}", spec.name), of_scales));
                tensors.push((spec.name.clone(), Tensor { shape: spec.file_shape(), numbers: Numbers::I8(numbers) }));
            }
        }
    }
    safetensors::serialize(tensors, None).map_err(|error| InvalidModel::Weights(error.to_string()))
}

/// One tensor as it is written.
struct Tensor<'a> {
    shape: Vec<usize>,
    numbers: Numbers<'a>,
}

enum Numbers<'a> {
    F32(Cow<'a, [f32]>),
    I8(Vec<i8>),
}

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        match self.numbers {
            Numbers::F32(_) => Dtype::F32,
            Numbers::I8(_) => Dtype::I8,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match &self.numbers {
            Numbers::F32(numbers) => numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
            Numbers::I8(numbers) => numbers.iter().map(|number| *number as u8).collect(),
        }
    }

    fn data_len(&self) -> usize {
        match &self.numbers {
            Numbers::F32(numbers) => size_of_val(&**numbers),
            Numbers::I8(numbers) => numbers.len(),
        }
    }
}

/// The parameters in the bytes of a file.
pub(crate) fn decode(bytes: &[u8]) -> Result<Named, InvalidModel> {
    let (header, data) = split(bytes).ok_or_else(|| malformed("its header is longer than the file"))?;
    // Reading the header checks that the tensors lie one after another without gaps, from 0 to `data_len`.
    let metadata: Metadata = serde_json::from_slice(header).map_err(|error| malformed(&error.to_string()))?;
    if metadata.data_len() != data.len() {
        let problem = format!("its header is of {} bytes of numbers, found {}", metadata.data_len(), data.len());
        return Err(malformed(&problem));
    }
    let tensors = metadata.tensors();
    let mut named = Named::new();
    // Only beside whole numbers is a tensor a scale: a feature may be called `brand`, and another one `brand.scale`.
    let is_narrow = |name: &str| tensors.get(name).is_some_and(|info| info.dtype == Dtype::I8);
    for (name, info) in &tensors {
        if !name.strip_suffix(SCALE).is_some_and(is_narrow) {
            let scale = tensors.get(&format!("{name}{SCALE}"));
            named.insert(name.clone(), (info.shape.clone(), numbers(name, info, scale.copied(), data)?));
        }
    }
    Ok(named)
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// The numbers of a parameter, by its scales where it is quantised.
fn numbers(name: &str, info: &TensorInfo, scale: Option<&TensorInfo>, data: &[u8]) -> Result<Vec<f32>, InvalidModel> {
    match (info.dtype, scale) {
        (Dtype::F32, _) => Ok(floats(info, data)),
        (Dtype::I8, Some(scale)) if scale.dtype == Dtype::F32 && info.shape.get(..1) == Some(&scale.shape) => {
            let (begin, end) = info.data_offsets;
            let bytes: Vec<i8> = data[begin..end].iter().map(|byte| *byte as i8).collect();
            Ok(dequantised(&bytes, &floats(scale, data)))
        }
        (Dtype::I8, _) => {
            let problem = format!("parameter {name:?} has type I8, expected {name}{SCALE} beside it, one F32 a row");
            Err(InvalidModel::Weights(problem))
        }
        (other, _) => Err(InvalidModel::Weights(format!("parameter {name:?} has type {other}, expected F32"))),
    }
}

fn floats(info: &TensorInfo, data: &[u8]) -> Vec<f32> {
    let (begin, end) = info.data_offsets;
    let (numbers, _) = data[begin..end].as_chunks();
    numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

fn malformed(problem: &str) -> InvalidModel {
    InvalidModel::Weights(format!("is no safetensors file: {problem}"))
}

#[cfg(test)]
mod tests {
    use nar4rec_tensor::{Init, Kind, Registry};

    use super::*;

    fn parameters() -> Parameters {
        let mut registry = Registry::default();
        registry.add("b", [2, 3], Kind::Matrix, Init::Uniform(1.0));
        registry.add("a", [1, 2], Kind::Vector, Init::Constant(0.5));
        Parameters::initialise(registry.finish(), 0)
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
    }

    fn problem(bytes: &[u8]) -> String {
        decode(bytes).unwrap_err().to_string()
    }

    #[test]
    fn the_bytes_are_those_of_the_format() {
        let found = encode([&parameters()], Precision::F32).unwrap();
        let header = concat!(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#,
            r#""b":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}}  "#
        );
        let numbers: Vec<u8> = [1, 0]
            .iter()
            .flat_map(|&i| parameters().iter().nth(i).unwrap().1.to_vec())
            .flat_map(f32::to_le_bytes)
            .collect();
        assert_eq!(found, file(header, &numbers));
    }

    #[test]
    fn what_is_written_comes_back() {
        let named = decode(&encode([&parameters()], Precision::F32).unwrap()).unwrap();
        assert_eq!(Parameters::from_named(parameters().specs().clone(), named), Ok(parameters()));
    }

    #[test]
    fn quantised_weights_are_bytes_and_scales_and_come_back_narrowed() {
        let bytes = encode([&parameters()], Precision::Int8).unwrap();
        let header = concat!(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#,
            r#""b.scale":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#,
            r#""b":{"dtype":"I8","shape":[2,3],"data_offsets":[16,22]}}"#
        );
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        assert_eq!(String::from_utf8_lossy(&bytes[8..8 + length]).trim_end(), header);
        let narrowed = parameters().narrowed();
        assert_ne!(narrowed, parameters());
        let named = decode(&bytes).unwrap();
        assert_eq!(Parameters::from_named(parameters().specs().clone(), named), Ok(narrowed.clone()));
        assert_eq!(encode([&narrowed], Precision::Int8).unwrap(), bytes, "saving again changes nothing");
    }

    #[test]
    fn a_feature_may_be_called_scale() {
        let mut registry = Registry::default();
        for name in ["brand", "brand.scale"] {
            registry.add(name, [3, 2], Kind::Table, Init::Uniform(1.0));
        }
        let parameters = Parameters::initialise(registry.finish(), 0);
        for precision in [Precision::F32, Precision::Int8] {
            let named = decode(&encode([&parameters], precision).unwrap()).unwrap();
            assert_eq!(Parameters::from_named(parameters.specs().clone(), named), Ok(parameters.clone()));
        }
    }

    #[test]
    fn bytes_without_scales_are_refused() {
        let alone = file(r#"{"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#, &[1; 4]);
        assert!(problem(&alone).starts_with("parameter \"a\" has type I8, expected a.scale beside it"));
        for (shape, end) in [("[3]", 16), ("[]", 8)] {
            let header = format!(
                r#"{{"a":{{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]}},"a.scale":{{"dtype":"F32","shape":{shape},"data_offsets":[4,{end}]}}}}"#
            );
            assert!(problem(&file(&header, &vec![0; end])).starts_with("parameter \"a\" has type I8"), "{shape}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        assert_eq!(problem(b""), "is no safetensors file: its header is longer than the file");
        assert_eq!(problem(&[0xff; 64]), "is no safetensors file: its header is longer than the file");
        assert!(problem(&file("{", &[])).starts_with("is no safetensors file: EOF"));
        let short = file(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &[0; 4]);
        assert_eq!(problem(&short), "is no safetensors file: its header is of 8 bytes of numbers, found 4");
        let half = file(r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, &[0; 4]);
        assert_eq!(problem(&half), "parameter \"a\" has type F16, expected F32");
    }

    #[test]
    fn sizes_that_overflow_are_refused() {
        for (shape, end) in [
            ("[4611686018427387903]", "18446744073709551612"),
            ("[4611686018427387904]", "18446744073709551615"),
            ("[4294967296,4294967296]", "0"),
            ("[9223372036854775807,2]", "8"),
        ] {
            let header = format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#);
            assert!(problem(&file(&header, &[0; 8])).starts_with("is no safetensors file: "), "{shape}");
        }
    }
}

//! `model.safetensors`: 8 bytes little-endian length of a JSON header, the header, the numbers.
//!
//! The header maps a name to `{"dtype": "F32", "shape": […], "data_offsets": [begin, end]}`. The numbers are little-endian
//! f32, row-major, without gaps, in the order of the names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use nar4rec_tensor::{ParameterSpec, Parameters};
use safetensors::tensor::{Dtype, Metadata, TensorInfo, View};

use crate::InvalidModel;

/// Name → shape and numbers.
pub(crate) type Named = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The bytes of the file.
pub(crate) fn encode<'a>(parts: impl IntoIterator<Item = &'a Parameters>) -> Result<Vec<u8>, InvalidModel> {
    let tensors = parts.into_iter().flat_map(Parameters::iter);
    let tensors = tensors.map(|(spec, numbers)| (&*spec.name, Tensor::new(spec, numbers)));
    safetensors::serialize(tensors, None).map_err(|error| InvalidModel::Weights(error.to_string()))
}

/// One parameter as it is written.
struct Tensor<'a> {
    shape: Vec<usize>,
    numbers: &'a [f32],
}

impl<'a> Tensor<'a> {
    fn new(spec: &ParameterSpec, numbers: &'a [f32]) -> Self {
        Self { shape: spec.file_shape(), numbers }
    }
}

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.numbers)
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
    metadata.tensors().into_iter().map(|(name, info)| numbers(&name, info, data).map(|found| (name, found))).collect()
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

fn numbers(name: &str, info: &TensorInfo, data: &[u8]) -> Result<(Vec<usize>, Vec<f32>), InvalidModel> {
    if info.dtype != Dtype::F32 {
        return Err(InvalidModel::Weights(format!("parameter {name:?} has type {}, expected F32", info.dtype)));
    }
    let (begin, end) = info.data_offsets;
    let (numbers, _) = data[begin..end].as_chunks();
    Ok((info.shape.clone(), numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()))
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
        let found = encode([&parameters()]).unwrap();
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
        let named = decode(&encode([&parameters()]).unwrap()).unwrap();
        assert_eq!(Parameters::from_named(parameters().specs().clone(), named), Ok(parameters()));
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

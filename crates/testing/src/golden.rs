//! One golden file: tensors by name, as `goldens/make.py` wrote them.
//!
//! Numbers are `F32`, indices and flags `U32`; nothing else occurs.

use std::{collections::BTreeMap, path::PathBuf};

use safetensors::{Dtype, SafeTensors};

/// Shapes and numbers by name, as `Parameters::from_named` takes them.
pub type NamedTensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The tensors of a golden file.
#[derive(Debug, Clone)]
pub struct Golden {
    file: String,
    numbers: NamedTensors,
    indices: BTreeMap<String, Vec<u32>>,
}

/// A file of the folder `goldens`.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("goldens").join(name)
}

/// The bytes of a file of the folder `goldens`.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()))
}

impl Golden {
    /// Reads `goldens/NAME.safetensors`.
    ///
    /// # Panics
    /// If there is no such file, it is damaged, or a tensor has another type.
    pub fn read(name: &str) -> Self {
        let file = format!("{name}.safetensors");
        let bytes = bytes(&file);
        let tensors = SafeTensors::deserialize(&bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
        let (mut numbers, mut indices) = (BTreeMap::new(), BTreeMap::new());
        for (name, view) in tensors.iter() {
            let words = view.data().as_chunks::<4>().0.iter();
            match view.dtype() {
                Dtype::F32 => {
                    let values = words.map(|word| f32::from_le_bytes(*word)).collect();
                    numbers.insert(name.to_owned(), (view.shape().to_vec(), values));
                }
                Dtype::U32 => {
                    indices.insert(name.to_owned(), words.map(|word| u32::from_le_bytes(*word)).collect());
                }
                other => panic!("{file}: {name} is {other:?}, expected F32 or U32"),
            }
        }
        Self { file, numbers, indices }
    }

    /// The numbers of a tensor, row-major.
    ///
    /// # Panics
    /// If there is no such tensor of numbers.
    pub fn numbers(&self, name: &str) -> &[f32] {
        &self.numbers.get(name).unwrap_or_else(|| panic!("{}: no numbers {name}", self.file)).1
    }

    /// The single number of a tensor.
    ///
    /// # Panics
    /// If there is no such tensor, or it has another number of them.
    pub fn number(&self, name: &str) -> f32 {
        let [number] = *self.numbers(name) else { panic!("{}: {name} is not one number", self.file) };
        number
    }

    /// The numbers of a matrix and how many stand in a row.
    ///
    /// # Panics
    /// If there is no such tensor of numbers, or it has no rows.
    pub fn rows(&self, name: &str) -> (&[f32], usize) {
        let values = self.numbers(name);
        (values, *self.numbers[name].0.last().unwrap_or_else(|| panic!("{}: {name} has no rows", self.file)))
    }

    /// The indices of a tensor.
    ///
    /// # Panics
    /// If there is no such tensor of indices.
    pub fn indices(&self, name: &str) -> &[u32] {
        self.indices.get(name).unwrap_or_else(|| panic!("{}: no indices {name}", self.file))
    }

    /// The lists under `name`: `name.rows` between consecutive `name.offsets`.
    ///
    /// # Panics
    /// If there are none, or an offset is beyond the rows.
    pub fn lists(&self, name: &str) -> Vec<&[u32]> {
        let rows = self.indices(&format!("{name}.rows"));
        let offsets = self.indices(&format!("{name}.offsets"));
        offsets.windows(2).map(|pair| &rows[pair[0] as usize..pair[1] as usize]).collect()
    }

    /// The tensors of numbers whose names begin with `prefix` and a dot, by the rest of the name.
    ///
    /// # Panics
    /// If there are none.
    pub fn under(&self, prefix: &str) -> NamedTensors {
        let rest = |name: &String| Some(name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
        let found: NamedTensors =
            self.numbers.iter().filter_map(|(name, tensor)| Some((rest(name)?, tensor.clone()))).collect();
        assert!(!found.is_empty(), "{}: no numbers under {prefix}", self.file);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_shapes_and_lists_come_back() {
        let golden = Golden::read("generator_pre");
        let parameters = golden.under("parameters");
        assert_eq!(parameters["candidate_blocks.0.attention.qkv.weight"].0, [48, 16]);
        assert_eq!(parameters["candidate_norm.bias"].0, [16]);
        assert_eq!(parameters.keys().collect::<Vec<_>>(), golden.under("gradients").keys().collect::<Vec<_>>());
        assert_eq!(golden.indices("batch.request_offsets"), [0, 6, 8, 12, 13]);
        assert_eq!(golden.lists("targets.shown").iter().map(|list| list.len()).collect::<Vec<_>>(), [4, 2, 4, 1]);
        assert!(golden.number("loss") > 0.0);
    }

    #[test]
    #[should_panic(expected = "generator_pre.safetensors: no numbers nothing")]
    fn what_is_missing_is_named() {
        Golden::read("generator_pre").numbers("nothing");
    }
}

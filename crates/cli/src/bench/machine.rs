//! What the machine and the model are: without it a time says nothing.

use std::{fs, thread};

use nar4rec_model::Model;
use nar4rec_tensor::Isa;
use serde::Serialize;

/// The machine as the measurement found it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct MachineInfo {
    /// The CPU's name, where the system tells it.
    pub(crate) cpu: Option<String>,
    /// How many threads the machine runs at once.
    pub(crate) cores: usize,
    /// How many of them are used: `--threads`.
    pub(crate) threads: usize,
    /// The instructions in use.
    pub(crate) isa: &'static str,
}

/// The model as it is measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ModelInfo {
    pub(crate) path: String,
    pub(crate) precision: &'static str,
    /// How many numbers it has.
    pub(crate) parameters: ParameterInfo,
    pub(crate) list_length: usize,
}

/// Numbers of both networks.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ParameterInfo {
    pub(crate) generator: usize,
    pub(crate) evaluator: usize,
}

impl MachineInfo {
    pub(crate) fn new(isa: Isa) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { cpu: cpu(), cores, threads: rayon::current_num_threads(), isa: isa.name() }
    }
}

impl ModelInfo {
    pub(crate) fn new(path: String, model: &Model) -> Self {
        let parameters = ParameterInfo {
            generator: model.generator.parameters.count(),
            evaluator: model.evaluator.parameters.count(),
        };
        let precision = model.config.precision.name();
        Self { path, precision, parameters, list_length: model.config.generator.list_length }
    }
}

fn cpu() -> Option<String> {
    value_of(&fs::read_to_string("/proc/cpuinfo").ok()?, "model name")
}

/// The memory that the process holds, in bytes, where the system tells it.
pub(crate) fn resident_bytes() -> Option<u64> {
    let value = value_of(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS")?;
    Some(value.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// What stands after a name and a colon.
fn value_of(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_proc_is_found_by_its_whole_name() {
        let text = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Some CPU: 3 GHz\nVmRSS:\t  12 kB\n";
        assert_eq!(value_of(text, "model name").as_deref(), Some("Some CPU: 3 GHz"));
        assert_eq!(value_of(text, "VmRSS").as_deref(), Some("12 kB"));
        assert_eq!(value_of(text, "name"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_the_resident_memory() {
        assert!(resident_bytes().unwrap() > 100_000);
    }
}

//! What numbers were measured on, and when.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use serde::Serialize;
use time::UtcDateTime;

/// Machine, compiler and sources of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Machine {
    /// The day, as in 2026-01-31, by UTC.
    pub(crate) date: String,
    /// The CPU's model.
    pub(crate) cpu: String,
    /// Cores that may be used.
    pub(crate) cores: usize,
    /// Caches of the first core, as in `L1 Data 48K`.
    pub(crate) caches: Vec<String>,
    /// The compiler's version.
    pub(crate) rustc: String,
    /// The commit that is checked out.
    pub(crate) commit: String,
    /// Whether the working tree differs from it.
    pub(crate) dirty: bool,
}

impl Machine {
    /// This one, with the sources at a root. What cannot be found out is `unknown`.
    pub(crate) fn this(root: &Path) -> Self {
        let git = |arguments: &[&str]| output(Command::new("git").arg("-C").arg(root).args(arguments));
        let rustc = output(Command::new("rustc").arg("--version")).unwrap_or_else(unknown);
        Self {
            date: UtcDateTime::now().date().to_string(),
            cpu: fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| cpu(&text)).unwrap_or_else(unknown),
            cores: available_parallelism().map_or(1, Into::into),
            caches: caches(Path::new("/sys/devices/system/cpu/cpu0/cache")),
            rustc: rustc.split(" (").next().unwrap_or_default().to_owned(),
            commit: git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(unknown),
            dirty: git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty()),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let Self { date, cpu, cores, caches, rustc, commit, dirty } = self;
        let changed = if *dirty { " and changes" } else { "" };
        format!("{date}, {cpu}, {cores} cores, {}, {rustc}, commit {commit}{changed}", caches.join(", "))
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// What a command prints, if it succeeds.
fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The model in `/proc/cpuinfo`.
fn cpu(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The caches below a folder of sysfs.
fn caches(folder: &Path) -> Vec<String> {
    let indices = (0..8).map(|index| folder.join(format!("index{index}")));
    let read = |folder: &Path, name: &str| fs::read_to_string(folder.join(name)).ok().map(|x| x.trim().to_owned());
    let of = |folder: std::path::PathBuf| {
        Some(format!("L{} {} {}", read(&folder, "level")?, read(&folder, "type")?, read(&folder, "size")?))
    };
    indices.filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_named() {
        assert_eq!(cpu("processor: 0\nmodel name\t: AMD EPYC 9V45\nflags: a\n").as_deref(), Some("AMD EPYC 9V45"));
        assert_eq!(cpu("processor: 0\n"), None);
    }
}

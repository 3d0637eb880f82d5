//! The crates of this workspace keep their layers. Each message says what to do.

use std::fs;

use xtask::layers::{Graph, ROLES, facade, inference};
use xtask::{list, root};

#[test]
fn every_crate_depends_only_on_lower_layers() {
    let graph = Graph::of_workspace(root()).unwrap();
    assert!(graph.crates["nar4rec"].iter().any(|dependency| dependency.name == "nar4rec-infer"), "{graph:?}");
    let violations = graph.violations(&ROLES);
    assert!(violations.is_empty(), "{}", list(&violations));
}

#[test]
fn the_inference_crate_brings_little() {
    let packages = inference::packages(root()).unwrap();
    assert!(packages.contains(concat!("nar4rec-infer v", env!("CARGO_PKG_VERSION"))), "{packages:?}");
    let violations = inference::violations(&packages);
    assert!(violations.is_empty(), "{}", list(&violations));
}

#[test]
fn the_facade_only_re_exports() {
    let findings = facade::check(&fs::read_to_string(root().join(facade::FACADE)).unwrap());
    assert!(findings.is_empty(), "{}", list(&findings));
}

//! The real MQ2008, where a copy lies in `shared/data/mq2008` of a folder above the repository: its terms do not let it be shipped.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;

use nar4rec_data::Split;
use nar4rec_simulator::{SimulatorConfig, Truth, simulate};

#[test]
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn every_best_list_of_mq2008_is_proven() {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(source) = above.map(|folder| folder.join("shared/data/mq2008")).find(|folder| folder.is_dir()) else {
        eprintln!("skipped: no folder above the repository has a copy of MQ2008 in shared/data/mq2008");
        return;
    };
    let out = tempfile::tempdir().unwrap();
    let config = SimulatorConfig { sessions: 1, ..SimulatorConfig::default() };
    let summary = simulate(&source, out.path(), &config, |_| ()).unwrap();
    assert_eq!((summary.documents, summary.queries, summary.features.len()), (15_211, 784, 40));
    assert_eq!(summary.queries_by_split, [469, 157, 156]);
    let truth = Truth::open(out.path()).unwrap();
    for query in truth.queries(Split::Test) {
        assert!(truth.optimum(query.id()).unwrap().is_proven(), "{}", query.id());
    }
}

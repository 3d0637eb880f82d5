//! The real MQ2008, where a copy lies in `../shared/data/mq2008` beside the repository; its terms do not let it be shipped.

use std::path::Path;

use nar4rec_data::Split;
use nar4rec_simulator::{SimulatorConfig, Truth, simulate};

#[test]
fn every_best_list_of_mq2008_is_proven() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mq2008");
    if !source.is_dir() {
        eprintln!("skipped: there is no copy of MQ2008 in ../shared/data/mq2008");
        return;
    }
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

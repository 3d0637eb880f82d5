//! The repository keeps the house rules. Each message says what to do.

use xtask::{list, root, tidy};

#[test]
fn the_repository_keeps_the_house_rules() {
    let findings = tidy::findings(root()).unwrap();
    assert!(findings.is_empty(), "{}", list(&findings));
}

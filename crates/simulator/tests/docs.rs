//! `docs/simulator.md` shows the configuration as it is.

#![allow(clippy::unwrap_used, reason = "a test may")]

use nar4rec_simulator::SimulatorConfig;

const PAGE: &str = include_str!("../../../docs/simulator.md");

#[test]
fn the_page_shows_every_field_with_its_default() {
    let (_, rest) = PAGE.split_once("```toml\n").unwrap();
    let shown: toml::Table = rest.split_once("```").unwrap().0.parse().unwrap();
    let default = toml::Table::try_from(SimulatorConfig::default()).unwrap();
    assert_eq!(shown, default);
    assert_eq!(shown.try_into::<SimulatorConfig>().unwrap(), SimulatorConfig::default());
}

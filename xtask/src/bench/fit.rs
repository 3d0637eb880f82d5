//! How times grow: exponents of power laws between sizes.
//!
//! ```text
//!   slope from x to x′   ln(t′/t) / ln(x′/x)          1: twice the size, twice the time
//! ```

/// A size and the time it takes.
pub(crate) type Point = (f64, f64);

/// The exponent of the power law through two points.
pub(crate) fn slope(from: Point, to: Point) -> f64 {
    (to.1 / from.1).ln() / (to.0 / from.0).ln()
}

/// The exponent of the power law through the first point and the last.
pub(crate) fn overall(points: &[Point]) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    (first.0 < last.0).then(|| slope(*first, *last))
}

/// The greatest exponent between neighbours.
pub(crate) fn steepest(points: &[Point]) -> Option<f64> {
    points.windows(2).map(|pair| slope(pair[0], pair[1])).max_by(f64::total_cmp)
}

/// The pair of neighbours, of those whose sizes differ by one, between which the time grows most, and by which ratio.
pub(crate) fn worst_step(points: &[Point]) -> Option<(Point, Point, f64)> {
    let steps = points.windows(2).filter(|pair| (pair[1].0 - pair[0].0 - 1.0).abs() < 1e-9);
    steps.map(|pair| (pair[0], pair[1], pair[1].1 / pair[0].1)).max_by(|a, b| a.2.total_cmp(&b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_law_has_its_exponent_everywhere() {
        let points: Vec<Point> = [1.0_f64, 2.0, 5.0, 40.0].map(|x| (x, 3.0 * x.powf(1.5))).to_vec();
        assert!((overall(&points).unwrap() - 1.5).abs() < 1e-12);
        assert!((steepest(&points).unwrap() - 1.5).abs() < 1e-12);
        assert_eq!((overall(&points[..1]), steepest(&points[..1]), overall(&[])), (None, None, None));
    }

    #[test]
    fn the_steepest_part_is_found() {
        let points = [(1.0, 1.0), (2.0, 2.0), (4.0, 16.0), (8.0, 16.0)];
        assert!((steepest(&points).unwrap() - 3.0).abs() < 1e-12);
        assert!((overall(&points).unwrap() - 4.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn steps_are_of_one() {
        let points = [(10.0, 1.0), (59.0, 6.0), (60.0, 6.1), (61.0, 7.0), (70.0, 70.0)];
        let (from, to, ratio) = worst_step(&points).unwrap();
        assert_eq!((from.0, to.0), (60.0, 61.0));
        assert!((ratio - 7.0 / 6.1).abs() < 1e-12);
        assert_eq!(worst_step(&points[..2]), None);
    }
}

//! Numbers as a reader sees them. What is not finite is a dash.

use crate::Scale;

pub(super) const NOTHING: &str = "–";

/// `value` with so many decimals and a true minus sign; beyond a thousand million as a power of ten.
pub(super) fn decimals(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NOTHING.to_owned();
    }
    let text = if value.abs() < 1e9 { format!("{value:.decimals$}") } else { format!("{value:.2e}") };
    match text.strip_prefix('-') {
        Some(magnitude) if magnitude.bytes().all(|byte| matches!(byte, b'0' | b'.')) => magnitude.to_owned(),
        Some(magnitude) => format!("−{magnitude}"),
        None => text,
    }
}

/// `value` as its scale asks: a share in per cent with one decimal, a plain number with four.
pub(super) fn scaled(value: f64, scale: Scale) -> String {
    match scale {
        Scale::Percent => decimals(100.0 * value, 1),
        Scale::Plain => decimals(value, 4),
    }
}

/// A whole number in groups of three: `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Where `value` stands from `low` to `high`, in per cent of the way, for a style attribute.
pub(super) fn place(value: f64, low: f64, high: f64) -> String {
    let share = ((value - low) / (high - low)).clamp(0.0, 1.0).abs();
    if share.is_finite() { format!("{:.1}", 100.0 * share) } else { "0.0".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(decimals(1.25, 1), "1.2");
        assert_eq!(decimals(-3.0, 1), "−3.0");
        assert_eq!(decimals(-0.001, 1), "0.0");
        assert_eq!(decimals(-2.5e300, 4), "−2.50e300");
        assert_eq!(decimals(f64::NAN, 1), "–");
        assert_eq!(decimals(f64::NEG_INFINITY, 1), "–");
        assert_eq!(scaled(0.3456, Scale::Percent), "34.6");
        assert_eq!(scaled(0.3456, Scale::Plain), "0.3456");
        assert_eq!([0, 999, 1000, 1234567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(place(2.0, 1.0, 5.0), "25.0");
        assert_eq!(place(2.0, 5.0, 1.0), "75.0");
        assert_eq!([place(2.0, 2.0, 2.0), place(f64::NAN, 0.0, 1.0)], ["0.0", "0.0"]);
    }
}

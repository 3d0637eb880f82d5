//! Checks of a decoder's settings, with messages that name the field.

use crate::DecodeError;

/// A setting as it was found.
pub(crate) struct Setting {
    pub(crate) decoder: &'static str,
    pub(crate) field: &'static str,
    pub(crate) found: f64,
}

impl Setting {
    /// An error unless `holds`.
    pub(crate) fn check(self, holds: bool, expected: &'static str) -> Result<(), DecodeError> {
        let Self { decoder, field, found } = self;
        if holds { Ok(()) } else { Err(DecodeError::Setting { decoder, field, found, expected }) }
    }
}

/// A count that must not be 0.
pub(crate) fn at_least_one(decoder: &'static str, field: &'static str, found: usize) -> Result<(), DecodeError> {
    Setting { decoder, field, found: found as f64 }.check(found > 0, "at least 1")
}

/// A temperature: finite and above 0.
pub(crate) fn temperature(decoder: &'static str, found: f64) -> Result<(), DecodeError> {
    Setting { decoder, field: "temperature", found }.check(found.is_finite() && found > 0.0, "a number above 0")
}

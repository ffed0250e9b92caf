#![doc = include_str!("../README.md")]

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} = {value}: expected {expected}")]
pub struct Setting {
    /// The setting; one inside a table with the table's name and a dot before it.
    pub name: Cow<'static, str>,
    /// The value given.
    pub value: String,
    /// What would be valid.
    pub expected: Cow<'static, str>,
}

impl Setting {
    /// `expected` completes the sentence "expected …".
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        value: impl ToString,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.to_string(),
            expected: expected.into(),
        }
    }

    /// The same setting as one of the table `table`.
    #[must_use]
    pub fn under(self, table: &str) -> Self {
        Self {
            name: format!("{table}.{}", self.name).into(),
            ..self
        }
    }
}

/// The setting `name` is refused unless `valid`; `expected` completes the sentence "expected …".
///
/// # Errors
/// [`Setting`] where it is not valid.
pub fn check(
    name: &'static str,
    value: impl ToString,
    valid: bool,
    expected: &'static str,
) -> Result<(), Setting> {
    match valid {
        true => Ok(()),
        false => Err(Setting::new(name, value, expected)),
    }
}

/// The setting lies within `range`, both ends included.
///
/// # Errors
/// [`Setting`]: "expected 1 to 10".
pub fn in_range<T: PartialOrd + Display>(
    name: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), Setting> {
    if range.contains(&value) {
        return Ok(());
    }
    let expected = format!("{} to {}", range.start(), range.end());
    Err(Setting::new(name, value, expected))
}

/// The setting is `least` or more.
///
/// # Errors
/// [`Setting`]: "expected at least 1".
pub fn at_least<T: PartialOrd + Display>(
    name: &'static str,
    value: T,
    least: T,
) -> Result<(), Setting> {
    if value >= least {
        return Ok(());
    }
    Err(Setting::new(name, value, format!("at least {least}")))
}

/// The setting is `most` or less.
///
/// # Errors
/// [`Setting`]: "expected at most 9".
pub fn at_most<T: PartialOrd + Display>(
    name: &'static str,
    value: T,
    most: T,
) -> Result<(), Setting> {
    if value <= most {
        return Ok(());
    }
    Err(Setting::new(name, value, format!("at most {most}")))
}

/// The setting is a positive multiple of `divisor`.
///
/// # Errors
/// [`Setting`]: "expected a multiple of 8".
pub fn multiple_of(name: &'static str, value: usize, divisor: usize) -> Result<(), Setting> {
    if value > 0 && value.is_multiple_of(divisor) {
        return Ok(());
    }
    Err(Setting::new(
        name,
        value,
        format!("a multiple of {divisor}"),
    ))
}

/// The setting is a multiple of another one, given as its name and its value; 0 is one of any.
///
/// # Errors
/// [`Setting`]: "expected a multiple of heads = 3".
pub fn multiple_of_other(
    name: &'static str,
    value: usize,
    (other, divisor): (&str, usize),
) -> Result<(), Setting> {
    if value.is_multiple_of(divisor) {
        return Ok(());
    }
    let expected = format!("a multiple of {other} = {divisor}");
    Err(Setting::new(name, value, expected))
}

/// The setting is a number above 0, not infinite.
///
/// # Errors
/// [`Setting`]: "expected a finite number above 0".
pub fn positive(name: &'static str, value: f64) -> Result<(), Setting> {
    let valid = value > 0.0 && value.is_finite();
    check(name, value, valid, "a finite number above 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_a_range_are_within() {
        assert!(in_range("k", 1, 1..=3).is_ok() && in_range("k", 3, 1..=3).is_ok());
        let error = in_range("k", 4, 1..=3).unwrap_err();
        assert_eq!(error.to_string(), "k = 4: expected 1 to 3");
        assert!(in_range("share", f64::NAN, 0.0..=1.0).is_err());
    }

    #[test]
    fn zero_is_no_multiple() {
        assert!(multiple_of("width", 16, 8).is_ok());
        let error = multiple_of("width", 0, 8).unwrap_err();
        assert_eq!(error.to_string(), "width = 0: expected a multiple of 8");
        assert!(multiple_of("width", 12, 8).is_err());
    }

    #[test]
    fn other_settings_are_named_with_their_value() {
        assert!(multiple_of_other("width", 12, ("heads", 3)).is_ok());
        let error = multiple_of_other("width", 12, ("heads", 5)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "width = 12: expected a multiple of heads = 5"
        );
        assert!(multiple_of_other("width", 12, ("heads", 0)).is_err());
    }

    #[test]
    fn limits_are_within() {
        assert!(at_most("blocks", 9, 9).is_ok() && at_least("blocks", 9, 9).is_ok());
        let error = at_most("blocks", 10, 9).unwrap_err();
        assert_eq!(error.to_string(), "blocks = 10: expected at most 9");
    }

    #[test]
    fn what_is_not_a_number_is_not_positive() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(positive("noise", value).is_err(), "{value}");
        }
        assert!(at_least("k", f64::NAN, 0.0).is_err());
        assert!(at_most("k", f64::NAN, 0.0).is_err());
    }

    #[test]
    fn tables_stand_before_the_name() {
        let error = check("blocks", "[]", false, "one or more").unwrap_err();
        assert_eq!(
            error.under("patches").under("method").to_string(),
            "method.patches.blocks = []: expected one or more"
        );
    }
}

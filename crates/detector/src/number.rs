use std::iter::Sum;

use ndarray::{ArrayView2, CowArray, Ix2, NdFloat};

use crate::{Element, Input, Rows};

/// A number type of rows: `f32` or `f64`.
pub trait Number: NdFloat + Default + Sum + Into<f64> + From<f32> + Element {
    /// The same number in 64 bits.
    fn wide(self) -> f64 {
        self.into()
    }

    /// The nearest number of this type. A finite one stays finite: beyond the range it becomes the
    /// largest of its sign.
    fn nearest(value: f64) -> Self;

    /// Rows of this type, `[n, d]`, as a detector takes them.
    fn input(x: ArrayView2<'_, Self>) -> Input<'_>;

    /// [`Rows::to`] of this type.
    fn of_rows(x: Rows<'_>) -> CowArray<'_, Self, Ix2>;
}

impl Number for f32 {
    fn nearest(value: f64) -> Self {
        let near = value as Self;
        if near.is_infinite() && value.is_finite() {
            return Self::MAX.copysign(near);
        }
        near
    }

    fn input(x: ArrayView2<'_, Self>) -> Input<'_> {
        Input::Rows(x)
    }

    fn of_rows(x: Rows<'_>) -> CowArray<'_, Self, Ix2> {
        match x {
            Rows::F32(x) => x.into(),
            Rows::F64(x) => x.mapv(Self::nearest).into(),
        }
    }
}

impl Number for f64 {
    fn nearest(value: f64) -> Self {
        value
    }

    fn input(x: ArrayView2<'_, Self>) -> Input<'_> {
        Input::Rows64(x)
    }

    fn of_rows(x: Rows<'_>) -> CowArray<'_, Self, Ix2> {
        match x {
            Rows::F32(x) => x.mapv(Self::from).into(),
            Rows::F64(x) => x.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_finite_stays_finite_in_32_bits() {
        assert_eq!(f32::nearest(1e300), f32::MAX);
        assert_eq!(f32::nearest(-1e39), f32::MIN);
        assert_eq!(f32::nearest(0.1), 0.1f32);
        assert!(f32::nearest(f64::NAN).is_nan());
        assert_eq!(f32::nearest(f64::NEG_INFINITY), f32::NEG_INFINITY);
        assert_eq!(f64::nearest(1e300), 1e300);
    }
}

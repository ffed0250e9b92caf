//! Rows of numbers and their types, which need each other.

use std::iter::Sum;

use ndarray::{ArrayView2, CowArray, Ix2, NdFloat};

use crate::state::Element;

/// A number type of rows: `f32` or `f64`.
pub trait Number: NdFloat + Default + Sum + Into<f64> + From<f32> + Element {
    /// The same number in 64 bits.
    fn wide(self) -> f64 {
        self.into()
    }

    /// The nearest number of this type. A finite one stays finite: beyond the range it becomes the
    /// largest of its sign.
    fn nearest(value: f64) -> Self;

    /// Rows of this type, `[n, d]`.
    fn rows(x: ArrayView2<'_, Self>) -> Rows<'_>;

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

    fn rows(x: ArrayView2<'_, Self>) -> Rows<'_> {
        Rows::F32(x)
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

    fn rows(x: ArrayView2<'_, Self>) -> Rows<'_> {
        Rows::F64(x)
    }

    fn of_rows(x: Rows<'_>) -> CowArray<'_, Self, Ix2> {
        match x {
            Rows::F32(x) => x.mapv(Self::from).into(),
            Rows::F64(x) => x.into(),
        }
    }
}

/// Rows of numbers, `[n, d]`, in the number type they came in.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// 32-bit floats.
    F32(ArrayView2<'a, f32>),
    /// 64-bit floats.
    F64(ArrayView2<'a, f64>),
}

impl<'a> Rows<'a> {
    /// Rows and columns.
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::F32(x) => x.dim(),
            Self::F64(x) => x.dim(),
        }
    }

    /// The number of rows.
    pub fn nrows(&self) -> usize {
        self.dim().0
    }

    /// The number of columns.
    pub fn ncols(&self) -> usize {
        self.dim().1
    }

    /// Whether there are no rows or no columns.
    pub fn is_empty(&self) -> bool {
        self.nrows() == 0 || self.ncols() == 0
    }

    /// The rows as numbers of type `T`, without a copy where they are. Towards 32 bits numbers are
    /// rounded, and what is beyond the range becomes the largest ([`Number::nearest`]).
    pub fn to<T: Number>(self) -> CowArray<'a, T, Ix2> {
        T::of_rows(self)
    }

    /// The first number that is NaN or infinite: row, column, value.
    pub fn first_not_finite(&self) -> Option<(usize, usize, f64)> {
        match self {
            Self::F32(x) => first_not_finite(x),
            Self::F64(x) => first_not_finite(x),
        }
    }
}

fn first_not_finite<T: Number>(x: &ArrayView2<'_, T>) -> Option<(usize, usize, f64)> {
    let found = x.indexed_iter().find(|(_, v)| !v.is_finite());
    found.map(|((row, column), v)| (row, column, v.wide()))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

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

    #[test]
    fn the_same_type_is_not_copied_and_the_other_is_rounded() {
        let (x, y) = (array![[1.5f32, 2.5]], array![[0.1, 1e300]]);
        let same = Rows::F32(x.view()).to::<f32>();
        assert_eq!(same.as_ptr(), x.as_ptr());
        assert_eq!(Rows::F32(x.view()).to::<f64>(), array![[1.5, 2.5]]);
        assert_eq!(Rows::F64(y.view()).to::<f32>(), array![[0.1f32, f32::MAX]]);
        let same = Rows::F64(y.view()).to::<f64>();
        assert_eq!(same.as_ptr(), y.as_ptr());
    }

    #[test]
    fn what_is_not_finite_is_found_in_either_type() {
        let x = array![[1.0], [f64::INFINITY]];
        let found = Rows::F64(x.view()).first_not_finite();
        assert_eq!(found, Some((1, 0, f64::INFINITY)));
        let x = array![[1.0f32, f32::MAX]];
        assert_eq!(Rows::F32(x.view()).first_not_finite(), None);
    }
}

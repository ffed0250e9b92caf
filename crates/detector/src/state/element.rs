use std::borrow::Cow;

use ndarray::ArrayD;
use safetensors::Dtype;

/// A number type of stored arrays.
pub trait Element: Copy + PartialEq + std::fmt::Debug + sealed::Sealed + 'static {
    /// Its name, as in Rust.
    const NAME: &'static str;

    /// As a stored array.
    fn store(array: ArrayD<Self>) -> StoredArray;

    /// The stored array, where it is of this type.
    fn of(stored: &StoredArray) -> Option<&ArrayD<Self>>;
}

mod sealed {
    pub trait Sealed {}
}

/// An array in row-major order with its number type.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StoredArray {
    /// 32-bit floats.
    F32(ArrayD<f32>),
    /// 64-bit floats.
    F64(ArrayD<f64>),
    /// Bytes.
    U8(ArrayD<u8>),
    /// 32-bit whole numbers from 0.
    U32(ArrayD<u32>),
    /// 64-bit whole numbers from 0.
    U64(ArrayD<u64>),
    /// 64-bit whole numbers.
    I64(ArrayD<i64>),
}

/// What `each` makes of the array in `$stored`.
macro_rules! with_array {
    ($stored:expr, $array:ident => $each:expr) => {
        match $stored {
            StoredArray::F32($array) => $each,
            StoredArray::F64($array) => $each,
            StoredArray::U8($array) => $each,
            StoredArray::U32($array) => $each,
            StoredArray::U64($array) => $each,
            StoredArray::I64($array) => $each,
        }
    };
}

macro_rules! elements {
    ($($type:ty => $variant:ident),*) => {$(
        impl sealed::Sealed for $type {}

        impl Element for $type {
            const NAME: &'static str = stringify!($type);

            fn store(array: ArrayD<Self>) -> StoredArray {
                StoredArray::$variant(array)
            }

            fn of(stored: &StoredArray) -> Option<&ArrayD<Self>> {
                match stored {
                    StoredArray::$variant(array) => Some(array),
                    _ => None,
                }
            }
        }
    )*};
}

elements!(f32 => F32, f64 => F64, u8 => U8, u32 => U32, u64 => U64, i64 => I64);

impl StoredArray {
    /// The length of each dimension.
    pub fn shape(&self) -> &[usize] {
        with_array!(self, array => array.shape())
    }

    /// The name of the number type.
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::F32(_) => f32::NAME,
            Self::F64(_) => f64::NAME,
            Self::U8(_) => u8::NAME,
            Self::U32(_) => u32::NAME,
            Self::U64(_) => u64::NAME,
            Self::I64(_) => i64::NAME,
        }
    }

    pub(super) fn file_dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
            Self::U8(_) => Dtype::U8,
            Self::U32(_) => Dtype::U32,
            Self::U64(_) => Dtype::U64,
            Self::I64(_) => Dtype::I64,
        }
    }

    /// The numbers one after the other, little-endian; without a copy where memory holds them so.
    pub(super) fn to_bytes(&self) -> Cow<'_, [u8]> {
        with_array!(self, array => match array.as_slice() {
            Some(numbers) if cfg!(target_endian = "little") => bytemuck::cast_slice(numbers).into(),
            _ => array.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into(),
        })
    }

    /// `None` where the type is not stored here or the bytes do not fill the shape.
    pub(super) fn from_bytes(dtype: Dtype, shape: &[usize], bytes: &[u8]) -> Option<Self> {
        macro_rules! read {
            ($type:ty) => {{
                let (numbers, rest) = bytes.as_chunks::<{ size_of::<$type>() }>();
                let numbers = numbers.iter().map(|v| <$type>::from_le_bytes(*v)).collect();
                let array = ArrayD::from_shape_vec(shape, numbers).ok()?;
                rest.is_empty().then(|| <$type>::store(array))
            }};
        }
        match dtype {
            Dtype::F32 => read!(f32),
            Dtype::F64 => read!(f64),
            Dtype::U8 => read!(u8),
            Dtype::U32 => read!(u32),
            Dtype::U64 => read!(u64),
            Dtype::I64 => read!(i64),
            _ => None,
        }
    }
}

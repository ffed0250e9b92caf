//! What a pickle of weights is made of.

use tch::Kind;

use super::error::{PickleError, malformed};

/// A value on the stack. What is large lies in the machine and is meant by its place there, so that no
/// value owns another: however deep a hostile pickle nests, nothing is walked or freed in depth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A long integer: its bytes in the file, little-endian.
    Long(Span),
    /// A text: its bytes in the file, checked to be UTF-8.
    Text(Span),
    /// Tuples and lists.
    Sequence(usize),
    Dictionary(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}

/// A range of the file, as a `Copy` type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The names that are known. None of them is called: they say how to read what follows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Global {
    OrderedDict,
    RebuildTensor,
    Storage(Kind),
}

impl Global {
    pub(super) fn find(module: &[u8], name: &[u8]) -> Option<Self> {
        Some(match (module, name) {
            (b"collections", b"OrderedDict") => Self::OrderedDict,
            (b"torch._utils", b"_rebuild_tensor_v2") => Self::RebuildTensor,
            (b"torch", b"FloatStorage") => Self::Storage(Kind::Float),
            (b"torch", b"DoubleStorage") => Self::Storage(Kind::Double),
            (b"torch", b"HalfStorage") => Self::Storage(Kind::Half),
            (b"torch", b"BFloat16Storage") => Self::Storage(Kind::BFloat16),
            (b"torch", b"LongStorage") => Self::Storage(Kind::Int64),
            (b"torch", b"IntStorage") => Self::Storage(Kind::Int),
            (b"torch", b"ShortStorage") => Self::Storage(Kind::Int16),
            (b"torch", b"CharStorage") => Self::Storage(Kind::Int8),
            (b"torch", b"ByteStorage") => Self::Storage(Kind::Uint8),
            _ => return None,
        })
    }
}

/// A tensor as the pickle describes it, unchecked.
pub(super) struct TensorOf<'a> {
    pub(super) key: &'a str,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// A number of things: an integer that is not negative.
pub(super) fn size(value: Value, at: usize) -> Result<usize, PickleError> {
    match value {
        Value::Int(n) if n >= 0 => Ok(n as usize),
        _ => malformed(at, "a size or stride that is not a number from 0"),
    }
}

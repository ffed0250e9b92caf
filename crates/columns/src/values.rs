use std::fmt;

/// The values of a column in their own type. Where a value is missing the entry means nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// 32-bit floats.
    Float32(Vec<f32>),
    /// 64-bit floats.
    Float64(Vec<f64>),
    /// Whole numbers, to the last digit.
    Integer(Vec<i64>),
    /// True or false.
    Boolean(Vec<bool>),
    /// Text.
    Text(Vec<String>),
    /// Moments: nanoseconds since 1970-01-01 00:00 UTC.
    Time(Vec<i64>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Float32(v) => v.len(),
            Self::Float64(v) => v.len(),
            Self::Integer(v) | Self::Time(v) => v.len(),
            Self::Boolean(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Float32(_) => Kind::Float32,
            Self::Float64(_) => Kind::Float64,
            Self::Integer(_) => Kind::Integer,
            Self::Boolean(_) => Kind::Boolean,
            Self::Text(_) => Kind::Text,
            Self::Time(_) => Kind::Time,
        }
    }

    /// The values at `rows`, in that order; an index may come more than once.
    ///
    /// # Panics
    /// Where an index is not below [`len`](Self::len).
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        fn of<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| values[row].clone()).collect()
        }
        match self {
            Self::Float32(v) => Self::Float32(of(v, rows)),
            Self::Float64(v) => Self::Float64(of(v, rows)),
            Self::Integer(v) => Self::Integer(of(v, rows)),
            Self::Boolean(v) => Self::Boolean(of(v, rows)),
            Self::Text(v) => Self::Text(of(v, rows)),
            Self::Time(v) => Self::Time(of(v, rows)),
        }
    }

    /// A value as text: floats with the fewest digits that give the same bits, moments as nanoseconds. `None` where
    /// there is no such row.
    pub fn text(&self, row: usize) -> Option<String> {
        Some(match self {
            Self::Float32(v) => v.get(row)?.to_string(),
            Self::Float64(v) => v.get(row)?.to_string(),
            Self::Integer(v) | Self::Time(v) => v.get(row)?.to_string(),
            Self::Boolean(v) => v.get(row)?.to_string(),
            Self::Text(v) => v.get(row)?.clone(),
        })
    }

    pub(crate) fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Float32(v), Self::Float32(more)) => v.extend(more),
            (Self::Float64(v), Self::Float64(more)) => v.extend(more),
            (Self::Integer(v), Self::Integer(more)) | (Self::Time(v), Self::Time(more)) => {
                v.extend(more);
            }
            (Self::Boolean(v), Self::Boolean(more)) => v.extend(more),
            (Self::Text(v), Self::Text(more)) => v.extend(more),
            _ => {}
        }
    }

    /// No values of the type `kind`.
    pub fn none(kind: Kind) -> Self {
        match kind {
            Kind::Float32 => Self::Float32(Vec::new()),
            Kind::Float64 => Self::Float64(Vec::new()),
            Kind::Integer => Self::Integer(Vec::new()),
            Kind::Boolean => Self::Boolean(Vec::new()),
            Kind::Text => Self::Text(Vec::new()),
            Kind::Time => Self::Time(Vec::new()),
        }
    }
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 32-bit floats.
    Float32,
    /// 64-bit floats.
    Float64,
    /// Whole numbers.
    Integer,
    /// True or false.
    Boolean,
    /// Text.
    Text,
    /// Moments.
    Time,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Float32,
        Self::Float64,
        Self::Integer,
        Self::Boolean,
        Self::Text,
        Self::Time,
    ];

    /// The name used in messages and in stored models.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Time => "time",
        }
    }

    /// The kind called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_values_and_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Values::none(kind).kind(), kind);
            assert_eq!(Kind::named(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::named("date"), None);
    }
}

//! The types of fields in a Parquet file's footer and in the headers of its pages (parquet.thrift of the format's
//! definition), as far as the library reads them.

/// The type of a field or of a list's items.
#[derive(Debug)]
pub(crate) enum Type {
    Plain(u8),
    /// A 32-bit number of things that stand in the same bytes.
    Count,
    List(&'static Type),
    Structure(Fields),
}

/// Numbers and types of the fields of a structure.
pub(crate) type Fields = &'static [(i16, Type)];

pub(crate) const BOOLEAN: u8 = 2;
pub(crate) const I32: u8 = 5;

impl Type {
    /// As the compact protocol writes it.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::Plain(kind) => *kind,
            Self::Count => I32,
            Self::List(_) => 9,
            Self::Structure(_) => 12,
        }
    }
}

const BOOL: Type = Type::Plain(BOOLEAN);
const BYTE: Type = Type::Plain(3);
const SHORT: Type = Type::Plain(4);
const INT: Type = Type::Plain(I32);
const LONG: Type = Type::Plain(6);
const DOUBLE: Type = Type::Plain(7);
const BINARY: Type = Type::Plain(8);
const EMPTY: Type = Type::Structure(&[]);

/// `PageHeader`.
pub(crate) const PAGE: Fields = &[
    (1, INT),
    (2, INT),
    (3, INT),
    (4, INT),
    (5, Type::Structure(DATA_PAGE)),
    (6, EMPTY),
    (7, Type::Structure(&[(1, INT), (2, INT), (3, BOOL)])),
    (8, Type::Structure(DATA_PAGE_2)),
];

const DATA_PAGE: Fields = &[
    (1, INT),
    (2, INT),
    (3, INT),
    (4, INT),
    (5, Type::Structure(STATISTICS)),
];

const DATA_PAGE_2: Fields = &[
    (1, INT),
    (2, INT),
    (3, INT),
    (4, INT),
    (5, INT),
    (6, INT),
    (7, BOOL),
    (8, Type::Structure(STATISTICS)),
];

const STATISTICS: Fields = &[
    (1, BINARY),
    (2, BINARY),
    (3, LONG),
    (4, LONG),
    (5, BINARY),
    (6, BINARY),
    (7, BOOL),
    (8, BOOL),
    (9, LONG),
];

/// `FileMetaData`; what an encrypted file has is passed over.
pub(crate) const FOOTER: Fields = &[
    (1, INT),
    (2, Type::List(&Type::Structure(SCHEMA_ELEMENT))),
    (3, LONG),
    (4, Type::List(&Type::Structure(ROW_GROUP))),
    (5, KEY_VALUES),
    (6, BINARY),
    (7, Type::List(&Type::Structure(&[(1, EMPTY), (2, EMPTY)]))),
    (8, EMPTY),
    (9, BINARY),
];

const KEY_VALUES: Type = Type::List(&Type::Structure(&[(1, BINARY), (2, BINARY)]));

const SCHEMA_ELEMENT: Fields = &[
    (1, INT),
    (2, INT),
    (3, INT),
    (4, BINARY),
    (5, Type::Count),
    (6, INT),
    (7, INT),
    (8, INT),
    (9, INT),
    (10, Type::Structure(LOGICAL_TYPE)),
];

const LOGICAL_TYPE: Fields = &[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Type::Structure(&[(1, INT), (2, INT)])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Type::Structure(&[(1, BYTE), (2, BOOL)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Type::Structure(&[(1, BYTE)])),
    (17, Type::Structure(&[(1, BINARY)])),
    (18, Type::Structure(&[(1, BINARY), (2, INT)])),
];

const TIME: Type = Type::Structure(&[
    (1, BOOL),
    (2, Type::Structure(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)])),
]);

const ROW_GROUP: Fields = &[
    (1, Type::List(&Type::Structure(COLUMN_CHUNK))),
    (2, LONG),
    (3, LONG),
    (
        4,
        Type::List(&Type::Structure(&[(1, INT), (2, BOOL), (3, BOOL)])),
    ),
    (5, LONG),
    (6, LONG),
    (7, SHORT),
];

const COLUMN_CHUNK: Fields = &[
    (1, BINARY),
    (2, LONG),
    (3, Type::Structure(COLUMN)),
    (4, LONG),
    (5, INT),
    (6, LONG),
    (7, INT),
    (8, EMPTY),
    (9, BINARY),
];

const COLUMN: Fields = &[
    (1, INT),
    (2, Type::List(&INT)),
    (3, Type::List(&BINARY)),
    (4, INT),
    (5, LONG),
    (6, LONG),
    (7, LONG),
    (8, KEY_VALUES),
    (9, LONG),
    (10, LONG),
    (11, LONG),
    (12, Type::Structure(STATISTICS)),
    (
        13,
        Type::List(&Type::Structure(&[(1, INT), (2, INT), (3, INT)])),
    ),
    (14, LONG),
    (15, INT),
    (
        16,
        Type::Structure(&[(1, LONG), (2, Type::List(&LONG)), (3, Type::List(&LONG))]),
    ),
    (
        17,
        Type::Structure(&[(1, Type::Structure(BOX)), (2, Type::List(&INT))]),
    ),
];

const BOX: Fields = &[
    (1, DOUBLE),
    (2, DOUBLE),
    (3, DOUBLE),
    (4, DOUBLE),
    (5, DOUBLE),
    (6, DOUBLE),
    (7, DOUBLE),
    (8, DOUBLE),
];

//! Columns and records: how a Rust struct becomes a row and a row the struct again.

use super::StoreError;
use super::table::{ColumnKind, Row, Table, Value};
use crate::clock::Timestamp;
use crate::ids::{CallbackToken, Digest, EventId, MessageId, ParcelId, PeerName};

/// A Rust type that is kept in one column.
pub trait Column: Sized {
    /// What the column keeps.
    const KIND: ColumnKind;
    /// Whether it may be missing.
    const OPTIONAL: bool = false;
    /// What the value should be, in words, for errors.
    const EXPECTED: &'static str;

    /// The value as kept.
    fn to_value(&self) -> Value;

    /// The value as read; `None` if it is not one.
    fn from_value(value: Value) -> Option<Self>;
}

/// A struct that is kept as one row. Declared with `record!`, never by hand.
pub trait Record: Sized + Send {
    /// Its layout.
    const TABLE: &'static Table;

    /// The record as a row of the newest layout.
    fn to_row(&self) -> Row;

    /// The row as a record.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the column; [`StoreError::Newer`] a layout from the future.
    fn from_row(row: Row) -> Result<Self, StoreError>;
}

impl Column for String {
    const KIND: ColumnKind = ColumnKind::Text;
    const EXPECTED: &'static str = "text";

    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Column for i64 {
    const KIND: ColumnKind = ColumnKind::Int;
    const EXPECTED: &'static str = "a number";

    fn to_value(&self) -> Value {
        Value::Int(*self)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

impl Column for bool {
    const KIND: ColumnKind = ColumnKind::Int;
    const EXPECTED: &'static str = "0 or 1";

    fn to_value(&self) -> Value {
        Value::Int(i64::from(*self))
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl Column for Timestamp {
    const KIND: ColumnKind = ColumnKind::Instant;
    const EXPECTED: &'static str = "microseconds since the epoch";

    fn to_value(&self) -> Value {
        Value::Int(self.micros())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(micros) => Some(Self::from_micros(micros)),
            _ => None,
        }
    }
}

impl Column for Vec<u8> {
    const KIND: ColumnKind = ColumnKind::Bytes;
    const EXPECTED: &'static str = "bytes";

    fn to_value(&self) -> Value {
        Value::Bytes(self.clone())
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<C: Column> Column for Option<C> {
    const KIND: ColumnKind = C::KIND;
    const OPTIONAL: bool = true;
    const EXPECTED: &'static str = C::EXPECTED;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, C::to_value)
    }

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => C::from_value(value).map(Some),
        }
    }
}

/// Columns whose type is read and written as text; after `as` the kind of column, if it is not plain text.
macro_rules! text_columns {
    (@one $name:ty, $expected:literal) => {
        $crate::store::text_columns! { @one $name, $expected, Text }
    };
    (@one $name:ty, $expected:literal, $kind:ident) => {
        impl $crate::store::Column for $name {
            const KIND: $crate::store::ColumnKind = $crate::store::ColumnKind::$kind;
            const EXPECTED: &'static str = $expected;

            fn to_value(&self) -> $crate::store::Value {
                $crate::store::Value::Text(self.to_string())
            }

            fn from_value(value: $crate::store::Value) -> Option<Self> {
                match value {
                    $crate::store::Value::Text(text) => text.parse().ok(),
                    _ => None,
                }
            }
        }
    };
    ($($name:ty = $expected:literal $(as $kind:ident)?),+ $(,)?) => {
        $($crate::store::text_columns! { @one $name, $expected $(, $kind)? })+
    };
}
pub(crate) use text_columns;

text_columns! {
    PeerName = "a peer name",
    EventId = "an event id",
    MessageId = "a message id" as Uuid,
    ParcelId = "a parcel id" as Uuid,
    Digest = "a SHA-256 digest" as Digest,
    CallbackToken = "a callback token",
}

/// Declares a record: its fields are the columns of its table, under the same names.
///
/// ```text
/// record! {
///     /// What it is.
///     pub struct Thing: "things", version 1, key(name), index by_size(size), index by_owner(owner, size) {
///         /// What the column keeps.
///         name: String,
///         …
///     }
/// }
/// ```
macro_rules! record {
    (
        $(#[$doc:meta])*
        pub struct $name:ident: $table:literal, version $version:literal, key($($key:ident),+)
        $(, index $index:ident($($by:ident),+))* {
            $($(#[$field_doc:meta])* $field:ident: $kind:ty,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)+
        }

        impl $crate::store::Record for $name {
            const TABLE: &'static $crate::store::Table = &$crate::store::Table {
                name: $table,
                version: $version,
                columns: &[$($crate::store::ColumnSpec {
                    name: stringify!($field),
                    kind: <$kind as $crate::store::Column>::KIND,
                    optional: <$kind as $crate::store::Column>::OPTIONAL,
                }),+],
                key: &[$(stringify!($key)),+],
                indexes: &[$($crate::store::Index {
                    name: stringify!($index),
                    columns: &[$(stringify!($by)),+],
                }),*],
            };

            fn to_row(&self) -> $crate::store::Row {
                $crate::store::Row {
                    version: $version,
                    revision: 0,
                    values: vec![$($crate::store::Column::to_value(&self.$field)),+],
                }
            }

            fn from_row(row: $crate::store::Row) -> Result<Self, $crate::store::StoreError> {
                if row.version > $version {
                    let known = $version;
                    return Err($crate::store::StoreError::Newer { table: $table, found: row.version, known });
                }
                let mut values = row.values.into_iter();
                Ok(Self {
                    $($field: $crate::store::read_column($table, stringify!($field), values.next())?,)+
                })
            }
        }
    };
}
pub(crate) use record;

/// Reads one column of a row; a column that the row does not have yet counts as [`Value::Null`].
pub(crate) fn read_column<C: Column>(
    table: &'static str,
    column: &'static str,
    value: Option<Value>,
) -> Result<C, StoreError> {
    let value = value.unwrap_or(Value::Null);
    let found = match &value {
        Value::Null => "nothing".to_owned(),
        Value::Int(_) => "another number".to_owned(),
        Value::Text(text) => format!("a text of {} bytes", text.len()),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
    };
    C::from_value(value).ok_or(StoreError::Damaged { table, column, expected: C::EXPECTED, found })
}

/// Declares an enumeration that is kept, shown and read as lower-case words.
macro_rules! worded {
    ($(#[$doc:meta])* pub enum $name:ident: $expected:literal {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[schemars(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("{text:?} is no {}: expected one of {}", $expected, [$($word),+].join(", "))),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        $crate::store::text_columns! { $name = $expected }
    };
}
pub(crate) use worded;

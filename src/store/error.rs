//! What can go wrong with a database, each as a sentence that says what to do next.

use crate::domain::OutboxState;

/// A store that could not be opened, read or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "{path} is not a Sextant database ({why}); it was left as it is. Name another file with --database, or move this one away"
    )]
    NotADatabase { path: String, why: String },
    #[error(
        "{name} was written by a newer Sextant (its format is {found}, this program knows up to {known}); it was left as it is. Install the newer version"
    )]
    TooNew {
        name: String,
        found: i64,
        known: i64,
    },
    #[error(
        "the database is damaged ({0}); nothing was changed. Restore a backup, or move the file away to start anew"
    )]
    Corrupt(String),
    #[error("the database cannot be written ({0}); check who may write the file and its folder")]
    ReadOnly(String),
    #[error(
        "no space is left for the database ({0}); nothing was lost. Free some space and try again"
    )]
    NoSpace(String),
    /// Another writer held the lock too long, or two writers got in each other's way: the same call may succeed later.
    #[error("the database is busy ({0}); try again")]
    Busy(String),
    #[error("there is no {what}")]
    NotFound { what: String },
    #[error("{count} {what}; give more characters of it")]
    NotUnique { what: String, count: usize },
    #[error("a reply that is {from} cannot become {to}")]
    IllegalState { from: OutboxState, to: OutboxState },
    /// A unique key would be broken.
    #[error("this is stored already ({0})")]
    AlreadyThere(String),
    /// Not reached. The URL has no password in it.
    #[error("cannot open the database {url}: {why}")]
    Connect { url: String, why: String },
    #[error("the database could not be brought up to date: {0}")]
    Migrate(String),
    /// A stored value that this version cannot read.
    #[error("the database holds {what} that this version cannot read")]
    Unreadable { what: String },
    #[error("the database refused: {0}")]
    Sql(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(database) => {
                let why = database.message().to_owned();
                let unique = database.is_unique_violation();
                let orphan = database.is_foreign_key_violation();
                let class = database.code().map_or(Class::Other, |code| class_of(&code));
                match class {
                    _ if unique => Self::AlreadyThere(why),
                    _ if orphan => Self::NotFound {
                        what: "such row to belong to".to_owned(),
                    },
                    Class::Corrupt => Self::Corrupt(why),
                    Class::ReadOnly => Self::ReadOnly(why),
                    Class::NoSpace => Self::NoSpace(why),
                    Class::Busy => Self::Busy(why),
                    Class::Other => Self::Sql(error),
                }
            }
            None => match error {
                sqlx::Error::PoolTimedOut => {
                    Self::Busy("no connection became free in time".to_owned())
                }
                // A value is not what a column holds: nothing here writes such a one.
                sqlx::Error::ColumnDecode { index, source } => {
                    Self::Corrupt(format!("column {index}: {source}"))
                }
                sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => {
                    Self::NoSpace(io.to_string())
                }
                other => Self::Sql(other),
            },
        }
    }
}

enum Class {
    Corrupt,
    ReadOnly,
    NoSpace,
    Busy,
    Other,
}

/// SQLite: the low byte of the result code, <https://sqlite.org/rescode.html>. PostgreSQL: SQLSTATE, five characters,
/// <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
fn class_of(code: &str) -> Class {
    if code.len() == 5 {
        return match code {
            "25006" => Class::ReadOnly,
            "53100" => Class::NoSpace,
            "XX001" | "XX002" => Class::Corrupt,
            "40001" | "40P01" | "55P03" => Class::Busy,
            _ => Class::Other,
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => Class::Busy,
        Ok(8 | 14) => Class::ReadOnly,
        Ok(11 | 26) => Class::Corrupt,
        Ok(13) => Class::NoSpace,
        _ => Class::Other,
    }
}

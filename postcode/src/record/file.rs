//! The cache's file: one table of postcodes and records. Knows redb; knows nothing of what a record means.

use std::path::Path;
use std::sync::mpsc::Receiver;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use tracing::warn;

use super::Record;
use crate::code::Code;
use crate::limits;

const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("answers");

/// What is to be written.
pub(super) enum Change {
    Keep(Code, Box<Record>),
    Forget(Code),
    /// Nothing more is told.
    End,
}

/// Opens the file. One that is damaged or of another format is begun anew: everything in it can be asked for again.
pub(super) fn open(path: &Path) -> Result<Database, redb::Error> {
    let create = || Database::builder().set_cache_size(limits::FILE_CACHE_BYTES).create(path);
    match create() {
        Ok(database) => Ok(database),
        Err(error @ redb::DatabaseError::DatabaseAlreadyOpen) => Err(error.into()),
        Err(error) => {
            warn!(%error, path = %path.display(), "the cache's file is not readable: beginning anew");
            std::fs::remove_file(path).map_err(redb::Error::Io)?;
            Ok(create()?)
        }
    }
}

/// Everything that is in the file and can be read.
pub(super) fn read(database: &Database) -> Result<Vec<Record>, redb::Error> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(TABLE) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let rows = table.iter()?.filter_map(Result::ok);
    Ok(rows.filter_map(|(_, value)| serde_json::from_slice(value.value()).ok()).collect())
}

/// Writes what is told until the end: all that waits, in one transaction.
pub(super) fn write(database: &Database, told: &Receiver<Change>) {
    while let Ok(first) = told.recv() {
        let changes = std::iter::once(first).chain(told.try_iter().take(limits::JOURNAL_QUEUE_MAX));
        let changes: Vec<Change> = changes.collect();
        let is_over = changes.iter().any(|change| matches!(change, Change::End));
        if let Err(error) = commit(database, changes) {
            warn!(%error, "write the cache's file");
        }
        if is_over {
            break;
        }
    }
}

/// A crash may lose the last changes and never the file.
fn commit(database: &Database, changes: Vec<Change>) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(TABLE)?;
        for change in changes {
            match change {
                Change::Keep(code, record) => {
                    let bytes = serde_json::to_vec(&record).expect("a record has nothing that JSON lacks");
                    table.insert(format!("{code:?}").as_str(), bytes.as_slice())?;
                }
                Change::Forget(code) => {
                    table.remove(format!("{code:?}").as_str())?;
                }
                Change::End => {}
            }
        }
    }
    Ok(transaction.commit()?)
}

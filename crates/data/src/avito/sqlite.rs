//! The tables in an SQLite database. Rows are read in the order in which they lie; an empty value is an empty cell.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::tables::Form;
use crate::DataError;
use crate::table::Row;

pub(super) struct Database {
    name: String,
    connection: Connection,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let name = path.display().to_string();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags);
        let connection =
            connection.map_err(|error| DataError::Open { file: name.clone(), source: std::io::Error::other(error) })?;
        Ok(Self { name, connection })
    }

    pub(super) fn has(&self, table: &str) -> bool {
        self.connection.table_exists(None, table).unwrap_or(false)
    }

    pub(super) fn each<const N: usize>(
        &self,
        form: &Form<N>,
        take: &mut dyn FnMut(&Row<'_, N>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let place = format!("{}, table {}", self.name, form.name);
        let read_error =
            |line, error| DataError::Read { file: place.clone(), line, source: std::io::Error::other(error) };
        let columns = form.columns.join(", ");
        let mut statement =
            self.connection.prepare(&format!("SELECT {columns} FROM {}", form.name)).map_err(|error| {
                let problem = format!("{error}, expected the columns {columns}");
                DataError::Invalid { file: place.clone(), line: 1, field: String::new(), problem }
            })?;
        let mut rows = statement.query([]).map_err(|error| read_error(1, error))?;
        let mut cells: [String; N] = std::array::from_fn(|_| String::new());
        for line in 1.. {
            let Some(row) = rows.next().map_err(|error| read_error(line, error))? else { break };
            for (column, cell) in cells.iter_mut().enumerate() {
                let value = row.get_ref(column).map_err(|error| read_error(line, error))?;
                set(cell, value);
            }
            take(&Row::of(&place, line, form.columns, std::array::from_fn(|column| cells[column].as_str())))?;
        }
        Ok(())
    }
}

/// A value as the text that it has in a file.
fn set(cell: &mut String, value: ValueRef<'_>) {
    use std::fmt::Write as _;

    cell.clear();
    let written = match value {
        ValueRef::Null => Ok(()),
        ValueRef::Integer(number) => write!(cell, "{number}"),
        ValueRef::Real(number) => write!(cell, "{number}"),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => cell.write_str(&String::from_utf8_lossy(bytes)),
    };
    written.expect("a string takes all that is written to it");
}

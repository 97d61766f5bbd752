//! Statements over many rows, in a few fixed sizes.

use super::Conn;

/// Rows per statement. Few sizes, so that each is prepared once per connection and used again.
const SIZES: [usize; 3] = [1, 8, 64];

/// A statement over rows of parameters, written once with `{values}` where `($1, $2), ($3, $4), …` goes, and without other
/// parameters. Inside, the columns are called `column1`, `column2` … on both databases.
pub(crate) struct Bulk {
    /// SQLite takes `?` for the next parameter. One with a number has a name, and the driver has it searched for, from the
    /// first on, whenever it is bound: measured, a third of the CPU of a send in a batch of 32.
    sqlite: [String; SIZES.len()],
    postgres: [String; SIZES.len()],
}

impl Bulk {
    /// `columns` parameters per row.
    pub(crate) fn new(template: &str, columns: usize) -> Self {
        debug_assert!(!template.contains(['$', '?']), "its parameters are those of the rows: {template}");
        let texts = |placeholder: fn(usize) -> String| {
            SIZES.map(|rows| template.replace("{values}", &values(rows, columns, placeholder)))
        };
        Self { sqlite: texts(|_| "?".to_owned()), postgres: texts(|number| format!("${number}")) }
    }

    /// The text for this many rows, one of [`SIZES`].
    pub(crate) fn sql(&'static self, conn: &Conn<'_>, size: usize) -> &'static str {
        let place = SIZES.iter().position(|&rows| rows == size).expect("chunks have one of the sizes");
        match conn {
            Conn::Sqlite(_) => &self.sqlite[place],
            Conn::Postgres(_) => &self.postgres[place],
        }
    }
}

/// The rows, with what stands for the parameter of each number.
fn values(rows: usize, columns: usize, placeholder: fn(usize) -> String) -> String {
    let row = |row| (1..=columns).map(|column| placeholder(row * columns + column)).collect::<Vec<_>>().join(", ");
    let rows: Vec<_> = (0..rows).map(|number| format!("({})", row(number))).collect();
    format!("VALUES {}", rows.join(", "))
}

/// Some rows for one statement.
pub(crate) struct Chunk<'r, T> {
    rows: &'r [T],
    /// How many rows the statement takes.
    pub(crate) size: usize,
}

impl<'r, T> Chunk<'r, T> {
    /// The rows, then the last one again until the statement is full; with whether it is such a filler.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (&'r T, bool)> + use<'r, T> {
        let rows = self.rows;
        (0..self.size).map(move |place| match rows.get(place) {
            Some(row) => (row, false),
            None => (&rows[rows.len() - 1], true),
        })
    }
}

/// The rows in chunks of the fixed sizes.
pub(crate) fn chunks<T>(mut rows: &[T]) -> Vec<Chunk<'_, T>> {
    let mut chunks = Vec::new();
    while !rows.is_empty() {
        // Up to 16 rows two small statements cost less than a large one of which most is filler.
        let size = match rows.len() {
            1 => SIZES[0],
            2..=16 => SIZES[1],
            _ => SIZES[2],
        };
        let (now, later) = rows.split_at(size.min(rows.len()));
        chunks.push(Chunk { rows: now, size });
        rows = later;
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_exactly_one_chunk_and_fillers_repeat_the_last() {
        for count in 0..300_usize {
            let rows: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            for chunk in chunks(&rows) {
                assert!(SIZES.contains(&chunk.size));
                assert_eq!(chunk.filled().count(), chunk.size);
                seen.extend(chunk.filled().filter(|(_, filler)| !filler).map(|(row, _)| *row));
            }
            assert_eq!(seen, rows);
        }
    }

    #[test]
    fn parameters_count_on_from_row_to_row() {
        assert_eq!(values(2, 2, |number| format!("${number}")), "VALUES ($1, $2), ($3, $4)");
    }
}

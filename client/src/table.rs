//! Columns of text that line up. Knows nothing of what is in them.

use std::fmt;

/// Rows under headings; numbers may be set to the right.
#[derive(Debug)]
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A heading that begins with `>` sets its column to the right.
    pub(crate) fn new(headings: &[&'static str]) -> Table {
        Table { headings: headings.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.headings.len(), "a row has a cell for every heading");
        // What a stranger wrote (a note, a name) must not move the cursor of who reads it.
        self.rows.push(cells.iter().map(|cell| cell.replace(char::is_control, " ")).collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn width(&self, column: usize) -> usize {
        let heading = self.headings[column].trim_start_matches('>').chars().count();
        self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(heading)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.headings.len()).map(|column| self.width(column)).collect();
        let headings: Vec<String> = self.headings.iter().map(|h| h.trim_start_matches('>').to_owned()).collect();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                match self.headings[column].starts_with('>') {
                    true => line.push_str(&format!("{cell:>width$}  ")),
                    false => line.push_str(&format!("{cell:<width$}  ")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let mut table = Table::new(&["ITEM", ">PRICE"]);
        table.row(["crème brûlée".to_owned(), "4.50".to_owned()]);
        table.row(["tea".to_owned(), "12.00".to_owned()]);
        assert_eq!(table.to_string(), "ITEM          PRICE\ncrème brûlée   4.50\ntea           12.00\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(&["NOTE"]);
        table.row(["ring\u{1b}[2Jtwice".to_owned()]);
        assert!(!table.to_string().contains('\u{1b}'));
    }
}

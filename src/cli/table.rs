//! Numbers and tables in plain text.

use std::fmt;

/// Rows under a header; the first column to the left, the others to the right.
pub struct Table {
    rows: Vec<Vec<String>>,
    left: bool,
}

impl Table {
    pub fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { rows: vec![header.into_iter().map(Into::into).collect()], left: false }
    }

    /// All columns to the left: a table of words.
    pub fn left(mut self) -> Self {
        self.left = true;
        self
    }

    /// The cells, header first.
    pub fn into_rows(self) -> Vec<Vec<String>> {
        self.rows
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if column == 0 || self.left { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            f.write_str(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// `97.40 %`
pub fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// `+5.94`: a difference of shares in points.
pub fn points(difference: f64) -> String {
    // Nothing has no sign: rounded first, for a little less than nothing is nothing, too.
    format!("{:+.2}", (difference * 10_000.0).round() / 100.0 + 0.0)
}

/// `12,345`
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `4.7 KiB`
pub fn bytes(count: usize) -> String {
    let count = count as f64;
    if count < 1024.0 {
        format!("{count} B")
    } else if count < 1024.0 * 1024.0 {
        format!("{:.1} KiB", count / 1024.0)
    } else if count < 1024.0 * 1024.0 * 1024.0 {
        format!("{:.1} MiB", count / 1024.0 / 1024.0)
    } else {
        format!("{:.1} GiB", count / 1024.0 / 1024.0 / 1024.0)
    }
}

/// `4.1 µs`, `0.31 ms`, `1,234 ms`
pub fn milliseconds(time: f64) -> String {
    if time < 0.1 {
        return format!("{:.1} µs", time * 1e3);
    }
    if time < 10.0 { format!("{time:.2} ms") } else { format!("{} ms", thousands(time.round() as usize)) }
}

/// `1.23 GFLOP`, `704 kFLOP`: three digits.
pub fn flops(count: f64) -> String {
    const UNITS: [&str; 7] = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"];
    let (mut value, mut unit) = (count, 0);
    // What would be rounded to a thousand is one of the next unit.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1000.0, unit + 1);
    }
    let digits = if unit == 0 || value >= 99.95 { 0 } else { usize::from(value < 9.995) + 1 };
    format!("{value:.digits$} {}", UNITS[unit])
}

/// `–` where there is nothing.
pub fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(percent(0.974), "97.40 %");
        assert_eq!((points(-0.0012), points(-1e-9)), ("-0.12".into(), "+0.00".into()));
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(999), "999");
        assert_eq!(bytes(4096), "4.0 KiB");
        assert_eq!(bytes(7_730_941_133), "7.2 GiB");
        assert_eq!(
            [0.0, 999.4, 9994.0, 9996.0, 999_600.0, 31.24e9].map(flops),
            ["0 FLOP", "999 FLOP", "9.99 kFLOP", "10.0 kFLOP", "1.00 MFLOP", "31.2 GFLOP"]
        );
        assert_eq!(milliseconds(0.0041), "4.1 µs");
        assert_eq!((milliseconds(0.314), milliseconds(1234.4)), ("0.31 ms".into(), "1,234 ms".into()));
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(["", "accuracy"]);
        table.row(["student alone", "81.00 %"]);
        assert_eq!(table.to_string(), "               accuracy\nstudent alone   81.00 %");
    }
}

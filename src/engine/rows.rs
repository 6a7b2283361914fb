//! Reading what a person hands over: one message a line, JSONL, or CSV.
//!
//! The one rule: a bad row is reported with its line number and the others still count.

use crate::text::{SafeText, sanitise};
use anyhow::Context;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::BufRead;

/// Longest text that is taken, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// What stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One message a line.
    Plain,
    /// One JSON object a line.
    Jsonl,
    Csv,
}

/// A row as text fields by name. Numbers and booleans are their JSON text; lists and objects stay JSON.
pub type Fields = BTreeMap<String, Value>;

/// A row that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// 1 for the first line of the file.
    pub line: usize,
    pub text: String,
    pub fields: Fields,
}

/// A row that cannot.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BadRow {
    pub line: usize,
    pub why: SafeText,
}

impl BadRow {
    /// `why` may quote the file.
    pub fn new(line: usize, why: &str) -> Self {
        let why = sanitise(why).one_line(300);
        Self { line, why }
    }
}

#[derive(Debug, Default)]
pub struct Rows {
    pub good: Vec<Row>,
    pub bad: Vec<BadRow>,
}

impl Rows {
    /// For who can do nothing with a text of no characters: such rows are bad too.
    pub fn without_empty(self) -> Self {
        let (mut bad, mut good) = (self.bad, self.good);
        let is_empty = |row: &Row| row.text.trim().is_empty();
        let lines = good.iter().filter(|row| is_empty(row)).map(|row| row.line);
        bad.extend(lines.map(|line| BadRow::new(line, "the text is empty")));
        bad.sort_by_key(|row| row.line);
        good.retain(|row| !is_empty(row));
        Self { good, bad }
    }
}

/// Reads all rows. A JSON object may state an empty text; elsewhere nothing states it. `columns` renames fields: the product's name → the file's.
///
/// # Errors
/// A file that cannot be read at all.
pub fn read(
    input: impl BufRead,
    format: Format,
    columns: &BTreeMap<String, String>,
) -> anyhow::Result<Rows> {
    let mut rows = Rows::default();
    if format == Format::Csv {
        read_csv(input, columns, &mut rows)?;
    } else {
        read_lines(input, format, columns, &mut rows)?;
    }
    if rows.good.is_empty() && rows.bad.is_empty() {
        rows.bad.push(BadRow::new(1, "the input is empty"));
    }
    Ok(rows)
}

/// What some editors write before the first letter.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether the first line that is not empty looks like JSON; else plain text. A name that ends in `.csv` is CSV.
pub fn guess(name: &str, start: &[u8]) -> Format {
    if name.to_ascii_lowercase().ends_with(".csv") {
        return Format::Csv;
    }
    let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
    match start.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'{') => Format::Jsonl,
        _ if name.to_ascii_lowercase().ends_with(".jsonl") => Format::Jsonl,
        _ => Format::Plain,
    }
}

fn read_lines(
    mut input: impl BufRead,
    format: Format,
    columns: &BTreeMap<String, String>,
    rows: &mut Rows,
) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if input
            .read_until(b'\n', &mut bytes)
            .context("the input cannot be read")?
            == 0
        {
            break;
        }
        if line == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        while bytes.last().is_some_and(|b| *b == b'\n' || *b == b'\r') {
            bytes.pop();
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match one_line(&bytes, format, columns) {
            Ok((text, fields)) => rows.good.push(Row { line, text, fields }),
            Err(why) => rows.bad.push(BadRow::new(line, &why)),
        }
    }
    Ok(())
}

fn one_line(
    bytes: &[u8],
    format: Format,
    columns: &BTreeMap<String, String>,
) -> Result<(String, Fields), String> {
    let line = std::str::from_utf8(bytes)
        .map_err(|e| format!("invalid UTF-8 after byte {}", e.valid_up_to()))?;
    if format == Format::Plain {
        return Ok((checked(line.to_owned())?, Fields::new()));
    }
    let value: Value = serde_json::from_str(line).map_err(|e| format!("no JSON: {e}"))?;
    let Value::Object(object) = value else {
        return Err("no JSON object".to_owned());
    };
    with_text(object.into_iter().collect(), columns)
}

fn read_csv(
    input: impl BufRead,
    columns: &BTreeMap<String, String>,
    rows: &mut Rows,
) -> anyhow::Result<()> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header: Vec<String> = reader
        .byte_headers()
        .context("the CSV has no readable header")?
        .iter()
        .map(lossless)
        .collect();
    for (index, record) in reader.byte_records().enumerate() {
        let line = record
            .as_ref()
            .ok()
            .and_then(|r| r.position())
            .map_or(index + 2, |p| p.line() as usize);
        let parsed = record.map_err(|e| e.to_string()).and_then(|record| {
            let mut fields = Fields::new();
            for (name, value) in header.iter().zip(record.iter()) {
                let value = std::str::from_utf8(value)
                    .map_err(|e| format!("invalid UTF-8 in `{name}`: {e}"))?;
                fields.insert(name.clone(), Value::String(value.to_owned()));
            }
            with_text(fields, columns).and_then(|(text, fields)| Ok((not_empty(text)?, fields)))
        });
        match parsed {
            Ok((text, fields)) => rows.good.push(Row { line, text, fields }),
            Err(why) => rows.bad.push(BadRow::new(line, &why)),
        }
    }
    Ok(())
}

fn lossless(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_start_matches('\u{feff}')
        .to_owned()
}

fn with_text(
    mut fields: Fields,
    columns: &BTreeMap<String, String>,
) -> Result<(String, Fields), String> {
    for (name, column) in columns {
        if let Some(value) = fields.remove(column) {
            fields.insert(name.clone(), value);
        }
    }
    match fields.remove("text") {
        Some(Value::String(text)) => Ok((checked(text)?, fields)),
        Some(_) => Err("`text` is no string".to_owned()),
        None => Err("no `text`".to_owned()),
    }
}

fn checked(text: String) -> Result<String, String> {
    if text.len() > MAX_TEXT {
        return Err(format!(
            "the text has {} bytes, more than {MAX_TEXT}",
            text.len()
        ));
    }
    if text.contains('\0') {
        return Err("the text contains a NUL byte".to_owned());
    }
    Ok(text)
}

fn not_empty(text: String) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("the text is empty".to_owned());
    }
    Ok(text)
}

/// A field as text: a string as it is, another scalar as JSON writes it, nothing for null.
pub fn field(fields: &Fields, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(input: &[u8], format: Format) -> Rows {
        read(input, format, &BTreeMap::new()).unwrap()
    }

    #[test]
    fn a_bad_line_is_named_and_the_others_count() {
        let rows = read_all(
            b"{\"text\":\"a\"}\nnope\n\n{\"text\":\"b\0\"}\n{\"x\":1}\n{\"text\":\"\xff\"}\n",
            Format::Jsonl,
        );
        assert_eq!(rows.good.len(), 1);
        assert_eq!(
            rows.bad.iter().map(|b| b.line).collect::<Vec<_>>(),
            [2, 4, 5, 6]
        );
    }

    #[test]
    fn an_empty_text_is_a_text_where_json_states_it_and_not_where_it_is_of_no_use() {
        let lines = b"{\"text\":\"\"}\n{\"id\":1}\n{\"text\":\"a\"}\n{\"text\":\" \"}\n";
        let rows = read_all(lines, Format::Jsonl);
        let numbers = |rows: &Rows| {
            let good: Vec<_> = rows.good.iter().map(|r| r.line).collect();
            let bad: Vec<_> = rows.bad.iter().map(|r| r.line).collect();
            (good, bad)
        };
        assert_eq!(numbers(&rows), (vec![1, 3, 4], vec![2]));
        assert_eq!(numbers(&rows.without_empty()), (vec![3], vec![1, 2, 4]));
    }

    #[test]
    fn a_text_over_64_kb_and_an_empty_input_are_refused() {
        let long = vec![b'x'; MAX_TEXT + 1];
        assert_eq!(read_all(&long, Format::Plain).bad.len(), 1);
        assert_eq!(
            read_all(b"", Format::Plain).bad[0].why.as_str(),
            "the input is empty"
        );
    }

    #[test]
    fn csv_columns_can_be_renamed_and_the_line_is_that_of_the_file() {
        let columns = BTreeMap::from([("text".to_owned(), "message".to_owned())]);
        let rows = read(
            &b"id,message\n1,\"two\nlines\"\n2,\n"[..],
            Format::Csv,
            &columns,
        )
        .unwrap();
        assert_eq!(rows.good[0].text, "two\nlines");
        assert_eq!(field(&rows.good[0].fields, "id").unwrap(), "1");
        assert_eq!(rows.bad[0].line, 4);
    }

    #[test]
    fn the_form_is_guessed_from_the_first_line() {
        assert_eq!(guess("-", b"  {\"text\""), Format::Jsonl);
        assert_eq!(guess("a.CSV", b"{"), Format::Csv);
        assert_eq!(guess("-", b"link pls"), Format::Plain);
        assert_eq!(guess("-", b"\xef\xbb\xbf{\"text\""), Format::Jsonl);
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        let rows = read_all(b"\xef\xbb\xbf{\"text\":\"a\"}\n", Format::Jsonl);
        assert_eq!((rows.good[0].text.as_str(), rows.bad.len()), ("a", 0));
    }
}

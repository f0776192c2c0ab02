//! Parquet: of all columns the ones that are needed, a row group at a time. Rows become what JSONL has on its lines, or the texts of a column.

use std::fs::File;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Map, Value};

use super::{Chosen, Columns, LABEL, TEXT};

/// The column of a chat: a list of messages, each with role and content.
const CHAT: &str = "messages";

/// The rows of a file, each with a new line behind it.
///
/// # Errors
/// A file that is no Parquet, and columns that are missing or hold something else; then, with its number, a row that cannot be read.
pub fn rows(file: File, wanted: Columns) -> Result<impl Iterator<Item = Result<String, String>>, String> {
    let reader = SerializedFileReader::new(file).map_err(|error| format!("this is no Parquet file, or not the whole of one ({error})"))?;
    let schema = reader.metadata().file_metadata().schema();
    let columns = chosen(schema.get_fields(), wanted)?;
    for (column, _) in &columns {
        readable(&reader, column.name())?;
    }
    let fields = columns.iter().map(|(column, _)| Arc::clone(column)).collect();
    let wanted = Type::group_type_builder(schema.name()).with_fields(fields).build().map_err(|error| error.to_string())?;
    let rows = RowIter::from_file_into(Box::new(reader)).project(Some(wanted)).map_err(|error| error.to_string())?;
    let plain = matches!(&columns[..], [(_, TEXT)]);
    let keys: Vec<(String, &str)> = columns.into_iter().map(|(column, key)| (column.name().to_owned(), key)).collect();
    Ok(rows.zip(1..).map(move |(row, number)| match row {
        Err(error) => Err(format!("row {number}: it cannot be read ({error}); the file is damaged")),
        Ok(row) if !plain => Ok(line(&row, &keys)),
        Ok(row) => Ok(text(&row)),
    }))
}

/// The columns to read, and the keys that JSONL has for them.
fn chosen(fields: &[TypePtr], wanted: Columns) -> Result<Vec<(TypePtr, &'static str)>, String> {
    let find = |name: &str| fields.iter().find(|field| field.name() == name).cloned();
    if let Some(column) = find(CHAT).filter(|_| matches!(wanted, Columns::Instructions | Columns::Any)) {
        chat(&column)?;
        return Ok(vec![(column, CHAT)]);
    }
    let column = |at: usize| Arc::clone(&fields[at]);
    let read = match super::chosen(fields.iter().map(|field| field.name()), wanted) {
        Some(Chosen::Pair(asks, answers, [ask, answer])) => vec![(column(asks), ask), (column(answers), answer)],
        Some(Chosen::Text(at)) => vec![(column(at), TEXT)],
        None => return Err(format!("{}; it has {:?}", wanted.wanted(), fields.iter().map(|field| field.name()).collect::<Vec<_>>())),
    };
    // A label may also be a number.
    read.iter().filter(|(_, key)| *key != LABEL).try_for_each(|(column, _)| texts(column))?;
    Ok(read)
}

/// The column holds a list, as chats are written, or texts.
fn chat(column: &Type) -> Result<(), String> {
    let list = !column.is_primitive()
        && column.get_basic_info().converted_type() == ConvertedType::LIST
        && matches!(column.get_fields(), [items] if items.get_basic_info().has_repetition() && items.get_basic_info().repetition() == Repetition::REPEATED);
    if list {
        Ok(())
    } else {
        texts(column).map_err(|_| format!("column {CHAT}: it must hold lists of messages, each with role and content"))
    }
}

/// The column holds texts.
fn texts(column: &Type) -> Result<(), String> {
    let text = matches!(column.get_basic_info().converted_type(), ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON);
    if column.is_primitive() && column.get_physical_type() == Physical::BYTE_ARRAY && text {
        return Ok(());
    }
    let kind = if column.is_primitive() { column.get_physical_type().to_string() } else { "a list or a struct".into() };
    Err(format!("column {}: it must hold texts (UTF-8) and holds {kind}", column.name()))
}

/// The column is packed in a way that this build unpacks.
fn readable(reader: &impl FileReader, name: &str) -> Result<(), String> {
    let chunks = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
    let mut packed =
        chunks.filter(|chunk| chunk.column_path().parts().first().is_some_and(|part| part == name)).map(|chunk| chunk.compression());
    let known = |packed: &Compression| {
        matches!(packed, Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_))
    };
    packed.find(|packed| !known(packed)).map_or(Ok(()), |packed| {
        Err(format!("column {name}: it is compressed with {packed}; write the file with snappy, gzip, zstd or no compression"))
    })
}

fn line(row: &Row, keys: &[(String, &str)]) -> String {
    let value =
        |column: &str| row.get_column_iter().find(|(name, _)| *name == column).map_or(Value::Null, |(_, field)| field.to_json_value());
    let object: Map<String, Value> = keys.iter().map(|(column, key)| ((*key).to_owned(), value(column))).collect();
    format!("{}\n", Value::Object(object))
}

fn text(row: &Row) -> String {
    match row.get_column_iter().next() {
        Some((_, Field::Str(text))) => format!("{text}\n"),
        // A row without a text.
        _ => "\n".into(),
    }
}

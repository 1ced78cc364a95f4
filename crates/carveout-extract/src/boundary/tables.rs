//! Tables that the modules inside touch, and who else does.

mod operation;
mod schema;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::Cut;
use super::queries::{self, Query};
use super::sql::Sql;
use crate::model::{FileId, ModuleId, Position, Reference, Span};
use crate::report::{Table, Touch};

pub(super) use schema::Schema;

/// Tables, and what could not be seen of them.
pub(super) struct Tables {
    pub(super) tables: Vec<Table>,
    pub(super) gaps: Vec<String>,
}

/// One statement's touch of one table.
struct Seen {
    table: String,
    file: FileId,
    at: Position,
    from: ModuleId,
    operation: &'static str,
    by: &'static str,
}

pub(super) fn find(cut: &Cut<'_>) -> Tables {
    let schema = Schema::of(cut);
    let mut known = schema.names();
    let mut gaps = Vec::new();
    let mut seen = Vec::new();
    let inside: HashSet<FileId> = cut
        .model
        .module_ids()
        .filter(|(id, _)| cut.is_inside(*id))
        .filter_map(|(_, module)| module.file)
        .chain(files_inside(cut))
        .collect();
    for file in &inside {
        strings(cut, *file, &known, None, &mut seen, &mut gaps);
    }
    let mut touched: HashSet<String> = schema
        .references(cut)
        .filter(|(_, reference)| cut.is_inside(reference.from))
        .map(|(table, _)| table.to_owned())
        .collect();
    let own = seen.iter().filter(|one| cut.is_inside(one.from));
    touched.extend(own.map(|one| one.table.clone()));
    known.extend(touched.iter().cloned());
    for file in (0..cut.model.files.len())
        .filter_map(|at| u32::try_from(at).ok())
        .map(FileId)
    {
        if !inside.contains(&file)
            && !touched.is_empty()
            && queries::may_have_sql(cut, file, Some(&touched))
        {
            strings(cut, file, &known, Some(&touched), &mut seen, &mut gaps);
        }
    }
    named(cut, &schema, &touched, &mut seen);
    gaps.sort();
    gaps.dedup();
    Tables {
        tables: by_table(cut, seen, &touched),
        gaps,
    }
}

fn files_inside<'a>(cut: &'a Cut<'_>) -> impl Iterator<Item = FileId> + 'a {
    let files = (0..).map(FileId).zip(&cut.model.files);
    files
        .filter(|(_, file)| cut.is_inside(file.module))
        .map(|(id, _)| id)
}

/// What the strings of a file touch. With `only`, what does not name one of those tables is no gap.
fn strings(
    cut: &Cut<'_>,
    file: FileId,
    known: &HashSet<String>,
    only: Option<&HashSet<String>>,
    seen: &mut Vec<Seen>,
    gaps: &mut Vec<String>,
) {
    for Query { at, text, sql } in queries::of_file(cut, file, known) {
        let text = text.to_lowercase();
        let matters = only.is_none_or(|only| only.iter().any(|name| text.contains(name.as_str())));
        let mut gap = |why: &str| {
            let place = cut.place(file, at);
            if matters {
                gaps.push(format!("the SQL at {}:{} {why}", place.file, place.line));
            }
        };
        match sql {
            Sql::No => {}
            Sql::Statements { uses, whole, .. } => {
                if !whole {
                    gap("is made in part when it runs, so not all of its tables are known");
                }
                seen.extend(uses.into_iter().map(|one| Seen {
                    table: one.table,
                    file,
                    at,
                    from: cut.module_at(file, at),
                    operation: one.operation,
                    by: "sql",
                }));
            }
            Sql::Unparsed => gap("does not parse, so its tables are not known"),
        }
    }
}

/// What is touched by name: diesel's and sea-orm's tables.
fn named(cut: &Cut<'_>, schema: &Schema, touched: &HashSet<String>, seen: &mut Vec<Seen>) {
    let mut files: BTreeMap<FileId, Vec<(&str, &Reference)>> = BTreeMap::new();
    for (table, reference) in schema.references(cut) {
        if touched.contains(table) {
            files
                .entry(reference.file)
                .or_default()
                .push((table, reference));
        }
    }
    for (file, references) in files {
        let source = cut.sources.get(file);
        let source = source.as_deref();
        let imported = |at: Position| {
            source.is_some_and(|source| source.imports.iter().any(|span| span.contains(at)))
        };
        // What is imported is used below; an import alone still names the table.
        let used: HashSet<&str> = references
            .iter()
            .filter(|(_, reference)| !imported(reference.span.start))
            .map(|(table, _)| *table)
            .collect();
        let mut statements: HashMap<(&str, Option<Span>, u32), usize> = HashMap::new();
        for (table, reference) in &references {
            let at = reference.span.start;
            if imported(at) && used.contains(table) {
                continue;
            }
            let statement = source.and_then(|source| source.statement(at));
            let operation = match (source, statement) {
                (Some(source), Some(statement)) => operation::of(source, statement, reference.span),
                _ => "names",
            };
            let line = if statement.is_some() { 0 } else { at.line };
            let next = seen.len();
            let known = *statements.entry((table, statement, line)).or_insert(next);
            if known < next {
                let one = &mut seen[known];
                one.operation = operation::worse(one.operation, operation);
                continue;
            }
            seen.push(Seen {
                table: (*table).to_owned(),
                file,
                at,
                from: reference.from,
                operation,
                by: schema.by(table),
            });
        }
    }
}

/// Every table of the workspace, with the modules that touch it, its schema aside.
pub(super) fn everywhere(cut: &Cut<'_>) -> BTreeMap<String, BTreeSet<ModuleId>> {
    let schema = Schema::of(cut);
    let known = schema.names();
    let mut seen = Vec::new();
    let mut gaps = Vec::new();
    for file in (0..).map(FileId).take(cut.model.files.len()) {
        strings(cut, file, &known, None, &mut seen, &mut gaps);
    }
    let mut tables: BTreeMap<String, BTreeSet<ModuleId>> = BTreeMap::new();
    for one in seen {
        tables.entry(one.table).or_default().insert(one.from);
    }
    for (table, reference) in schema.references(cut) {
        tables
            .entry(table.to_owned())
            .or_default()
            .insert(reference.from);
    }
    tables
}

fn by_table(cut: &Cut<'_>, mut seen: Vec<Seen>, touched: &HashSet<String>) -> Vec<Table> {
    seen.sort_by_key(|one| (one.file, one.at));
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for one in seen.into_iter().filter(|one| touched.contains(&one.table)) {
        let touch = Touch {
            place: cut.place(one.file, one.at),
            module: cut.model.module(one.from).path.clone(),
            operation: one.operation.to_owned(),
            by: one.by.to_owned(),
        };
        let table = tables.entry(one.table.clone()).or_insert_with(|| Table {
            name: one.table,
            touched: Vec::new(),
            others: Vec::new(),
        });
        if cut.is_inside(one.from) {
            table.touched.push(touch);
        } else {
            table.others.push(touch);
        }
    }
    let mut tables: Vec<Table> = tables.into_values().collect();
    for table in &mut tables {
        for touches in [&mut table.touched, &mut table.others] {
            // What relates two tables names each several times.
            touches.dedup_by(|b, a| {
                let line = |touch: &Touch| (touch.place.file.clone(), touch.place.line);
                line(a) == line(b) && a.operation == b.operation
            });
        }
    }
    tables
}

//! From a parsed statement to the tables that it touches.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, ObjectName, OnConflictAction,
    OnInsert, Query, SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Visit, Visitor,
};

use crate::report::Effect;

/// A table that a statement touches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// Its name in lower case, without its schema and quotes.
    pub(crate) table: String,
    /// `select`, `insert`, `update`, `delete` or `names`.
    pub(crate) operation: &'static str,
}

pub(super) struct Found {
    pub(super) uses: Vec<Use>,
    pub(super) effect: Effect,
    /// The functions that are called.
    pub(super) functions: Vec<String>,
}

pub(super) fn read(statements: &[Statement]) -> Found {
    let mut reader = Reader {
        common: HashSet::new(),
        relations: Vec::new(),
        targets: Vec::new(),
        effect: Effect::Read,
        functions: Vec::new(),
    };
    for statement in statements {
        // A visitor that never breaks.
        let _: ControlFlow<()> = statement.visit(&mut reader);
    }
    let mut uses: Vec<Use> = reader.targets.clone();
    for relation in reader.relations {
        // A statement's own table is not read for being written; one that is both is written.
        let written = reader.targets.iter().any(|target| target.table == relation);
        if !written && !reader.common.contains(&relation) {
            uses.push(Use {
                table: relation,
                operation: "select",
            });
        }
    }
    uses.sort();
    uses.dedup();
    Found {
        uses,
        effect: reader.effect,
        functions: reader.functions,
    }
}

struct Reader {
    /// Names that `WITH` gives.
    common: HashSet<String>,
    relations: Vec<String>,
    targets: Vec<Use>,
    effect: Effect,
    functions: Vec<String>,
}

impl Reader {
    fn does(&mut self, effect: Effect) {
        self.effect = self.effect.max(effect);
    }

    fn target(&mut self, name: &ObjectName, operation: &'static str) {
        self.targets.push(Use {
            table: table_name(name),
            operation,
        });
    }

    fn tables(&mut self, tables: &[TableWithJoins], operation: &'static str) {
        for table in tables {
            if let TableFactor::Table { name, .. } = &table.relation {
                self.target(name, operation);
            }
        }
    }

    fn insert(&mut self, insert: &Insert) {
        if let TableObject::TableName(name) = &insert.table {
            self.target(name, "insert");
        }
        let replaces = insert.replace_into || insert.ignore || insert.or.is_some();
        let effect = match &insert.on {
            _ if replaces => Effect::IdempotentWrite,
            None => Effect::Write,
            Some(OnInsert::DuplicateKeyUpdate(set)) => assigned(set),
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoNothing => Effect::IdempotentWrite,
                OnConflictAction::DoUpdate(update) => assigned(&update.assignments),
            },
            Some(_) => Effect::Write,
        };
        self.does(effect);
    }

    fn delete(&mut self, delete: &Delete) {
        for name in &delete.tables {
            self.target(name, "delete");
        }
        if delete.tables.is_empty() {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            self.tables(from, "delete");
        }
        self.does(Effect::IdempotentWrite);
    }
}

impl Visitor for Reader {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if changes(query) {
            self.does(Effect::Write);
        }
        if let Some(with) = &query.with {
            for table in &with.cte_tables {
                let name = table.alias.name.value.to_lowercase();
                // `WITH users AS (SELECT … FROM users)` reads the table that it hides.
                if with.recursive || !reads(&table.query, &name) {
                    self.common.insert(name);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.relations.push(table_name(relation));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            self.functions.push(function_name(&function.name));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        // `FROM generate_series(1, 3)` is a call and no table.
        if let TableFactor::Table {
            name,
            args: Some(_),
            ..
        } = factor
        {
            self.functions.push(function_name(name));
            self.common.insert(table_name(name));
        }
        if let TableFactor::Function { name, .. } = factor {
            self.functions.push(function_name(name));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Query(_)
            | Statement::Explain { analyze: false, .. }
            | Statement::ExplainTable { .. }
            | Statement::ShowVariable { .. }
            | Statement::ShowTables { .. }
            | Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. } => {}
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                self.tables(std::slice::from_ref(&update.table), "update");
                self.does(assigned(&update.assignments));
            }
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => {
                if let TableFactor::Table { name, .. } = &merge.table {
                    self.target(name, "update");
                }
                self.does(Effect::Write);
            }
            Statement::Truncate(truncate) => {
                for table in &truncate.table_names {
                    self.target(&table.name, "delete");
                }
                self.does(Effect::IdempotentWrite);
            }
            Statement::CreateTable(create) => {
                self.target(&create.name, "names");
                self.does(Effect::Write);
            }
            Statement::AlterTable(alter) => {
                self.target(&alter.name, "names");
                self.does(Effect::Write);
            }
            Statement::Drop { names, .. } => {
                for name in names {
                    self.target(name, "names");
                }
                self.does(Effect::Write);
            }
            _ => self.does(Effect::Write),
        }
        ControlFlow::Continue(())
    }
}

fn reads(query: &Query, table: &str) -> bool {
    let found = sqlparser::ast::visit_relations(query, |relation| {
        if table_name(relation) == table {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    found.is_break()
}

/// `pg_catalog.now` is `now`; a function of another schema is its owner's.
fn function_name(name: &ObjectName) -> String {
    match name.0.as_slice() {
        [schema, _]
            if schema
                .as_ident()
                .is_some_and(|schema| schema.value.eq_ignore_ascii_case("pg_catalog")) =>
        {
            table_name(name)
        }
        [_] => table_name(name),
        _ => name.to_string().to_lowercase(),
    }
}

/// Whether a query makes a table or locks rows.
fn changes(query: &Query) -> bool {
    fn makes(body: &SetExpr) -> bool {
        match body {
            SetExpr::Select(select) => select.into.is_some(),
            SetExpr::SetOperation { left, right, .. } => makes(left) || makes(right),
            _ => false,
        }
    }
    !query.locks.is_empty() || makes(&query.body)
}

/// `"public"."Users"` is `users`.
fn table_name(name: &ObjectName) -> String {
    let last = name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.to_lowercase())
        .unwrap_or_default()
}

/// Setting a column to what does not depend on that column is the same the second time.
fn assigned(set: &[Assignment]) -> Effect {
    if set.iter().any(depends_on_itself) {
        Effect::Write
    } else {
        Effect::IdempotentWrite
    }
}

fn depends_on_itself(assignment: &Assignment) -> bool {
    let columns: Vec<String> = match &assignment.target {
        AssignmentTarget::ColumnName(name) => vec![table_name(name)],
        AssignmentTarget::Tuple(names) => names.iter().map(table_name).collect(),
    };
    let mut names = Names {
        found: false,
        columns: &columns,
    };
    let _: ControlFlow<()> = assignment.value.visit(&mut names);
    names.found
}

/// Whether an expression names one of some columns, `EXCLUDED`'s and `VALUES()`'s aside, which are
/// of the new row. What another query reads may be what the statement changes.
struct Names<'a> {
    found: bool,
    columns: &'a [String],
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let named = match expr {
            Expr::Identifier(ident) => Some(&ident.value),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [of, ..] if of.value.eq_ignore_ascii_case("excluded") => None,
                parts => parts.last().map(|last| &last.value),
            },
            _ => None,
        };
        let own = named.is_some_and(|name| self.columns.contains(&name.to_lowercase()));
        self.found |= own || matches!(expr, Expr::Subquery(_));
        ControlFlow::Continue(())
    }
}

//! The tables: what is known to be no write. Nothing needs an entry to be a write.
//!
//! An entry is by package, type or trait, and name. A whole type stands there if nothing that it does
//! could be noticed by anybody but its caller.

mod collections;
mod core;
mod database;
mod files;
mod sql;
mod stores;
mod values;
mod waiting;
mod web;

use super::facts::Group;

/// Every group of entries of every table.
pub(super) fn all() -> impl Iterator<Item = &'static Group> {
    [
        core::TABLE,
        collections::TABLE,
        values::TABLE,
        files::TABLE,
        waiting::TABLE,
        database::TABLE,
        sql::TABLE,
        stores::TABLE,
        web::TABLE,
    ]
    .into_iter()
    .flatten()
}

use super::{FileId, Position};

/// Variables and parameters: what a boundary does not consist of, and what a body is read with.
#[derive(Debug, Default)]
pub struct Locals {
    /// By file and position.
    pub(crate) places: Vec<Local>,
    /// Each declaration once.
    pub(crate) declarations: Vec<String>,
}

/// A place where a variable or a parameter is named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local {
    pub(crate) file: FileId,
    pub(crate) at: Position,
    /// In [`Locals::declarations`].
    pub(crate) declared: u32,
}

impl Locals {
    /// The declaration of the variable that is named at a place, as the index writes it:
    /// `let name: Option<String>`. `None` if the index does not say it.
    #[must_use]
    pub fn declared_at(&self, file: FileId, at: Position) -> Option<&str> {
        let found = self
            .places
            .binary_search_by_key(&(file, at), |local| (local.file, local.at));
        let local = self.places.get(found.ok()?)?;
        let text = self.declarations.get(local.declared as usize)?;
        Some(text)
    }

    /// The type of the variable that is named at a place.
    #[must_use]
    pub fn type_at(&self, file: FileId, at: Position) -> Option<&str> {
        let (_, of) = self.declared_at(file, at)?.split_once(": ")?;
        Some(of)
    }

    /// The declarations of the variables that are named in a part of a file.
    pub fn within(
        &self,
        file: FileId,
        from: Position,
        to: Position,
    ) -> impl Iterator<Item = (Position, &str)> {
        let first = self
            .places
            .partition_point(|local| (local.file, local.at) < (file, from));
        let inside = self.places[first..]
            .iter()
            .take_while(move |local| (local.file, local.at) < (file, to));
        inside.filter_map(|local| {
            let text = self.declarations.get(local.declared as usize)?;
            Some((local.at, text.as_str()))
        })
    }
}

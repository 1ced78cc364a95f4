//! What stands around a place of a file: the innermost module and the innermost item.

use std::cmp::Reverse;

use crate::model::{FileId, ItemId, ItemKind, Model, ModuleId, Span};

/// Of every file, in one pass over the model.
pub(super) struct Arounds {
    files: Vec<Around>,
}

#[derive(Default)]
struct Around {
    modules: Nest<ModuleId>,
    items: Nest<ItemId>,
}

impl Arounds {
    pub(super) fn new(model: &Model) -> Self {
        let mut files: Vec<Around> = Vec::new();
        files.resize_with(model.files.len(), Around::default);
        for (id, module) in model.module_ids() {
            if let Some(file) = module.file.filter(|_| module.inline) {
                files[file.0 as usize].modules.spans.push((module.span, id));
            }
        }
        for (id, item) in model.item_ids() {
            if let Some(place) = item.definition.filter(|_| item.kind != ItemKind::Module) {
                let around = &mut files[place.file.0 as usize];
                around.items.spans.push((place.whole, id));
            }
        }
        for around in &mut files {
            around.modules.close();
            around.items.close();
        }
        Self { files }
    }

    /// The module and the item around `span` of `file`, whose own module is `outermost`.
    pub(super) fn find(
        &self,
        outermost: ModuleId,
        file: FileId,
        span: Span,
    ) -> (ModuleId, Option<ItemId>) {
        let around = &self.files[file.0 as usize];
        let module = around.modules.innermost(span).unwrap_or(outermost);
        (module, around.items.innermost(span))
    }
}

/// Spans of which one may be inside of another.
struct Nest<T> {
    /// By where they begin, the outer one first.
    spans: Vec<(Span, T)>,
    /// Of each span, the one around it.
    parents: Vec<Option<usize>>,
}

impl<T> Default for Nest<T> {
    fn default() -> Self {
        Self {
            spans: Vec::new(),
            parents: Vec::new(),
        }
    }
}

impl<T: Copy> Nest<T> {
    fn close(&mut self) {
        self.spans
            .sort_by_key(|(span, _)| (span.start, Reverse(span.end)));
        let mut open: Vec<usize> = Vec::new();
        for (at, (span, _)) in self.spans.iter().enumerate() {
            while open
                .last()
                .is_some_and(|last| self.spans[*last].0.end <= span.start)
            {
                open.pop();
            }
            self.parents.push(open.last().copied());
            open.push(at);
        }
    }

    fn innermost(&self, span: Span) -> Option<T> {
        let after = self
            .spans
            .partition_point(|(around, _)| around.start <= span.start);
        let mut at = after.checked_sub(1);
        while let Some(index) = at {
            if self.spans[index].0.encloses(&span) {
                return Some(self.spans[index].1);
            }
            at = self.parents[index];
        }
        None
    }
}

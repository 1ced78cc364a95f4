//! What the names in a type mean besides what the index says.

use std::collections::HashMap;
use std::rc::Rc;

use syn::TypeParamBound;

use super::wire::Wire;
use crate::model::{FileId, ItemId};
use crate::syntax::Source;

/// What the names in a type mean besides what the index says.
pub(super) struct Scope {
    pub(super) file: FileId,
    pub(super) source: Rc<Source>,
    /// Generic parameters whose arguments are known.
    pub(super) known: HashMap<String, Wire>,
    /// Generic parameters of which only the bounds are known.
    pub(super) bounds: HashMap<String, Vec<TypeParamBound>>,
    /// What `Self` is.
    pub(super) self_type: Option<ItemId>,
    /// Whether it is what a function returns.
    pub(super) returned: bool,
}

impl Scope {
    pub(super) fn new(file: FileId, source: Rc<Source>) -> Self {
        Self {
            file,
            source,
            known: HashMap::new(),
            bounds: HashMap::new(),
            self_type: None,
            returned: false,
        }
    }

    /// With the generic parameters of a function.
    pub(super) fn bound(mut self, generics: &syn::Generics) -> Self {
        for parameter in generics.type_params() {
            let bounds = parameter.bounds.iter().cloned().collect();
            self.bounds.insert(parameter.ident.to_string(), bounds);
        }
        let predicates = generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        for predicate in predicates {
            let syn::WherePredicate::Type(predicate) = predicate else {
                continue;
            };
            let syn::Type::Path(path) = &predicate.bounded_ty else {
                continue;
            };
            let Some(name) = path.path.get_ident() else {
                continue;
            };
            if let Some(bounds) = self.bounds.get_mut(&name.to_string()) {
                bounds.extend(predicate.bounds.iter().cloned());
            }
        }
        self
    }
}

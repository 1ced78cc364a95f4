//! The disposition of a function: what would become of it.

use super::functions::{Looking, Mapped};
use super::handlers::stays;
use super::observed::observed;
use super::wire::Wire;
use crate::model::{ItemId, ItemKind};
use crate::report::{Disposition, Value, Verdict};
use crate::syntax;

impl Looking<'_, '_> {
    /// What becomes of one whose signature is not in the source.
    pub(super) fn without_source(&self) -> Disposition {
        if let Some(implemented) = &self.cut.model.item(self.item).implements {
            return goes_with_its_type(implemented);
        }
        Disposition::Blocked {
            reason: "a macro makes it, so its signature is not in the source".to_owned(),
            suggestion: "a function by hand that calls it, in the module's own file".to_owned(),
        }
    }

    pub(super) fn disposition(&self, written: &syntax::Function, mapped: &Mapped) -> Disposition {
        let item = self.cut.model.item(self.item);
        if let Some(reason) = stays(written) {
            return Disposition::Stay { reason };
        }
        if let Some(why) = self.is_background(written) {
            let reason = format!("{why}: the service starts it as a background task");
            return Disposition::Background { reason };
        }
        // What a handle implements is what it does, and a trait of the workspace's a seam already.
        if let Some(implemented) = item
            .implements
            .as_ref()
            .filter(|_| !self.is_handle(written, mapped))
        {
            return goes_with_its_type(implemented);
        }
        if matches!(written.signature.safety, syn::Safety::Unsafe(_)) {
            return Disposition::Blocked {
                reason: "it is unsafe: its caller answers for something that a contract cannot say"
                    .to_owned(),
                suggestion: "a safe function around it".to_owned(),
            };
        }
        if let Some(reason) = self.is_shared(written, mapped) {
            return Disposition::Shared { reason };
        }
        if mapped
            .result
            .as_ref()
            .is_some_and(|(_, wire)| wire.verdict == Verdict::Drop)
        {
            let reason = "it makes a handle: the service makes its own when it starts, and its callers need none";
            return Disposition::Stay {
                reason: reason.to_owned(),
            };
        }
        let mut values = mapped.arguments.iter().chain(&mapped.result);
        if let Some((value, wire)) = values.find(|(_, wire)| wire.is_blocked()) {
            return match self.one_for_each_type(written, mapped) {
                Some(types) => Disposition::Rpc { notes: vec![types] },
                None => blocked_by(value, wire),
            };
        }
        // A method of a handle is a method of the service, whatever is in the handle.
        let on_data =
            |(_, wire): &&(Value, Wire)| wire.is_blocked() && !self.is_handle(written, mapped);
        if let Some((value, wire)) = mapped.receiver.as_ref().filter(on_data) {
            return blocked_by(value, wire);
        }
        if let Some(place) = self.in_a_callers_transaction(mapped) {
            return Disposition::Blocked {
                reason: format!("it is called inside of a caller's transaction, at {place}"),
                suggestion:
                    "move the whole transaction into the service, or write to an outbox in it"
                        .to_owned(),
            };
        }
        Disposition::Rpc {
            notes: self.notes(written, mapped),
        }
    }

    /// One that is generic and nothing worse becomes a method for each type, if those are few and
    /// each call says its own.
    fn one_for_each_type(&self, written: &syntax::Function, mapped: &Mapped) -> Option<String> {
        const FEW: usize = 4;
        let mut wires = mapped
            .arguments
            .iter()
            .chain(&mapped.result)
            .map(|(_, wire)| wire);
        let generic = |wire: &Wire| {
            wire.note
                .as_deref()
                .is_some_and(|note| note.contains("generic over"))
        };
        if !wires.all(|wire| !wire.is_blocked() || generic(wire)) {
            return None;
        }
        let observed = observed(self.cut, self.item, written);
        let few = observed.unclear == 0 && (1..=FEW).contains(&observed.types.len());
        let types: Vec<_> = observed.types.into_iter().collect();
        few.then(|| {
            format!(
                "a method for each type that it is called with: {}",
                types.join("; ")
            )
        })
    }

    /// Why it needs nothing of the service, if it does not.
    fn is_shared(&self, written: &syntax::Function, mapped: &Mapped) -> Option<String> {
        let dropped = mapped
            .arguments
            .iter()
            .any(|(_, wire)| wire.verdict == Verdict::Drop);
        let handle = mapped
            .receiver
            .as_ref()
            .is_some_and(|(_, wire)| wire.verdict == Verdict::Drop);
        let touches_nothing = mapped.touches_nothing;
        let is_async = written.signature.asyncness.is_some();
        if dropped || handle || is_async || !touches_nothing || self.uses_own_static() {
            return None;
        }
        written.body.as_ref()?;
        if mapped.receiver.is_some() {
            return Some("a method on data, without effects: it goes with its type into a crate that both sides use".to_owned());
        }
        let item = self.cut.model.item(self.item);
        let result = mapped
            .result
            .as_ref()
            .map(|(value, _)| value.rust.as_str())
            .unwrap_or_default();
        if item.owner.is_some() && result.contains("Self") {
            return Some(
                "a constructor: it goes with its type into a crate that both sides use".to_owned(),
            );
        }
        Some("it computes from its arguments alone: a crate that both sides use".to_owned())
    }

    /// Whether it reads a static that is inside, itself or through what it calls inside.
    fn uses_own_static(&self) -> bool {
        let mut open = vec![self.item];
        let mut seen = std::collections::HashSet::new();
        while let Some(item) = open.pop() {
            if !seen.insert(item) {
                continue;
            }
            let is_static = |to: ItemId| {
                self.cut.model.item(to).kind == ItemKind::Static
                    && self.cut.model.item(to).module.is_some()
            };
            if self.cut.references_in(item).any(|one| is_static(one.to)) {
                return true;
            }
            open.extend(
                self.cut
                    .callees(item)
                    .into_iter()
                    .filter(|callee| self.cut.has(*callee)),
            );
        }
        false
    }

    /// Whether the type of its receiver stays in the service: it holds a connection, or the method
    /// does more than look at it.
    fn is_handle(&self, written: &syntax::Function, mapped: &Mapped) -> bool {
        let receiver = mapped
            .receiver
            .as_ref()
            .is_some_and(|(_, wire)| wire.verdict == Verdict::Drop);
        let dropped = mapped
            .arguments
            .iter()
            .any(|(_, wire)| wire.verdict == Verdict::Drop);
        receiver
            || dropped
            || written.of_trait
            || written.signature.asyncness.is_some()
            || !mapped.touches_nothing
    }

    /// Whether its type is data that others look into: a field is public.
    fn is_entity(&self) -> bool {
        let place = self
            .cut
            .model
            .item(self.item)
            .owner
            .and_then(|owner| self.cut.model.item(owner).definition);
        let source = place.and_then(|place| Some((place, self.cut.sources.get(place.file)?)));
        let Some((place, source)) = source else {
            return false;
        };
        let public = |field: &syn::Field| !matches!(field.vis, syn::Visibility::Inherited);
        match source.type_at(place.name.start).map(|of| &of.body) {
            Some(syntax::TypeBody::Struct(fields)) => fields.iter().any(public),
            Some(syntax::TypeBody::Enum(_)) => true,
            _ => false,
        }
    }

    /// The first place where it is called inside of a transaction of a caller's, with its connection.
    fn in_a_callers_transaction(&self, mapped: &Mapped) -> Option<String> {
        if !mapped
            .arguments
            .iter()
            .any(|(_, wire)| wire.verdict == Verdict::Drop)
        {
            return None;
        }
        let outside = self
            .cut
            .references_to(self.item)
            .filter(|one| !self.cut.is_inside(one.from));
        for reference in outside {
            let source = self.cut.sources.get(reference.file)?;
            let at = reference.span.start;
            if source
                .transactions
                .iter()
                .any(|region| region.span.contains(at))
                && !self.cut.is_test(reference)
            {
                let place = self.cut.place(reference.file, at);
                return Some(format!("{}:{}", place.file, place.line));
            }
        }
        None
    }

    fn notes(&self, written: &syntax::Function, mapped: &Mapped) -> Vec<String> {
        let mut notes = Vec::new();
        if written.of_trait {
            notes
                .push("its trait is a seam already: the service's client implements it".to_owned());
        }
        if mapped.receiver.is_some() {
            let owner = self
                .cut
                .model
                .item(self.item)
                .owner
                .map(|id| self.cut.model.item(id).name.as_str());
            let owner = owner.unwrap_or("Self");
            // The verdict is the mapped type's, so that a handle is never called data.
            let dropped = mapped
                .receiver
                .as_ref()
                .is_some_and(|(_, wire)| wire.verdict == Verdict::Drop);
            notes.push(match self.is_entity() && !dropped {
                true => format!("{owner} is data: it is sent first"),
                false => format!("{owner} becomes the service"),
            });
        }
        for (value, wire) in mapped.arguments.iter().chain(&mapped.result) {
            let Some(note) = &wire.note else { continue };
            match (value.name.as_str(), wire.verdict) {
                (name, Verdict::Drop) => notes.push(format!("`{name}` is dropped: {note}")),
                ("", _) => notes.push(format!("result: {note}")),
                (name, Verdict::Convert) => notes.push(format!("`{name}`: {note}")),
                _ => {}
            }
        }
        if written.signature.asyncness.is_none() && !returns_future(mapped) {
            notes.push("not async: its callers wait on a thread of the seam's".to_owned());
        }
        notes
    }
}

fn goes_with_its_type(implemented: &str) -> Disposition {
    Disposition::Shared {
        reason: format!("an implementation of {implemented}: it goes where its type goes"),
    }
}

fn blocked_by(value: &Value, wire: &Wire) -> Disposition {
    let what = match value.name.as_str() {
        "" => "what it returns".to_owned(),
        name => format!("`{name}`"),
    };
    let note = wire.note.as_deref().unwrap_or("it cannot be sent");
    Disposition::Blocked {
        reason: format!("{what}: {note}"),
        suggestion: wire.suggestion.clone().unwrap_or_default(),
    }
}

fn returns_future(mapped: &Mapped) -> bool {
    mapped
        .result
        .as_ref()
        .is_some_and(|(value, _)| value.rust.contains("Future"))
}

//! What would become of each function that is used from outside.

use std::collections::BTreeMap;

use super::Cut;
use super::effects::Effects;
use super::mapper::Mapper;
use super::projection::{Taken, project};
use super::scope::Scope;
use super::types::value;
use super::wire::Wire;
use crate::model::{ItemId, ItemKind};
use crate::report::{CrossingType, Disposition, Function, Payload, Projection, Value, Verdict};
use crate::syntax::{self, Source};

/// What is known of the functions and of the types that they bring across.
pub(super) struct Functions {
    pub(super) functions: Vec<Function>,
    pub(super) types: Vec<CrossingType>,
    pub(super) projections: Vec<Projection>,
    pub(super) payload: Vec<Payload>,
}

pub(super) fn find(cut: &Cut<'_>) -> Functions {
    let mapper = Mapper::new(cut);
    let mut uses: BTreeMap<ItemId, usize> = BTreeMap::new();
    for reference in cut.inbound() {
        if matches!(
            cut.model.item(reference.to).kind,
            ItemKind::Function | ItemKind::Method
        ) {
            *uses.entry(reference.to).or_default() += 1;
        }
    }
    let mut all = Functions {
        functions: Vec::new(),
        types: Vec::new(),
        projections: Vec::new(),
        payload: Vec::new(),
    };
    let mut crossing = BTreeMap::new();
    for (item, uses) in uses {
        Looking {
            mapper: &mapper,
            cut,
            item,
        }
        .function(uses, &mut all, &mut crossing);
    }
    // A type that others name without a function between crosses as well.
    for reference in cut.inbound() {
        let item = cut.model.item(reference.to);
        if item.kind == ItemKind::Type {
            let wire = mapper.workspace_type(reference.to, Vec::new());
            note_types(&mut crossing, &wire, "named outside");
        }
    }
    all.types = mapper.described(&crossing);
    let order = |function: &Function| match &function.disposition {
        Disposition::Blocked { .. } => 0,
        Disposition::Rpc { .. } => 1,
        Disposition::Shared { .. } => 2,
        Disposition::Background { .. } => 3,
        Disposition::Stay { .. } => 4,
    };
    all.functions
        .sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.item.cmp(&b.item)));
    all.projections
        .sort_by(|a, b| (&a.function, &a.argument).cmp(&(&b.function, &b.argument)));
    all.payload.sort_by(|a, b| {
        b.whole
            .cmp(&a.whole)
            .then_with(|| a.function.cmp(&b.function))
    });
    all
}

fn note_types(crossing: &mut BTreeMap<ItemId, Vec<String>>, wire: &Wire, through: &str) {
    for id in &wire.types {
        crossing.entry(*id).or_default().push(through.to_owned());
    }
}

/// One function, looked at.
pub(super) struct Looking<'a, 'm> {
    pub(super) mapper: &'m Mapper<'a>,
    pub(super) cut: &'a Cut<'a>,
    pub(super) item: ItemId,
}

/// What a function takes and gives, mapped.
#[derive(Default)]
pub(super) struct Mapped {
    pub(super) arguments: Vec<(Value, Wire)>,
    pub(super) receiver: Option<(Value, Wire)>,
    pub(super) result: Option<(Value, Wire)>,
    /// Whether it does nothing, to nothing but what it is given.
    pub(super) touches_nothing: bool,
}

impl Looking<'_, '_> {
    fn function(
        &self,
        uses: usize,
        all: &mut Functions,
        crossing: &mut BTreeMap<ItemId, Vec<String>>,
    ) {
        let model = self.cut.model;
        let item = model.item(self.item);
        let path = model.item_path(self.item);
        let source = item.definition.and_then(|place| {
            let source = self.cut.sources.get(place.file)?;
            source.function_at(place.name.start)?;
            Some((place, source))
        });
        let judged = Effects::new(self.cut).of(self.item);
        let mut function = Function {
            item: path.clone(),
            signature: String::new(),
            place: item
                .definition
                .map(|place| self.cut.place(place.file, place.name.start)),
            uses,
            disposition: self.without_source(),
            arguments: Vec::new(),
            result: None,
            effect: judged.effect,
            evidence: judged.evidence,
        };
        if let Some((place, source)) = &source
            && let Some(written) = source.function_at(place.name.start)
        {
            let mut mapped = self.mapped(written, source, place.file);
            mapped.touches_nothing = judged.only_own;
            function.signature = signature(written, source);
            function.disposition = self.disposition(written, &mapped);
            if matches!(
                function.disposition,
                Disposition::Rpc { .. } | Disposition::Blocked { .. }
            ) {
                let wires = mapped
                    .arguments
                    .iter()
                    .chain(&mapped.receiver)
                    .chain(&mapped.result);
                for (_, wire) in wires.filter(|(_, wire)| wire.verdict != Verdict::Drop) {
                    note_types(crossing, wire, &path);
                }
            }
            if matches!(function.disposition, Disposition::Rpc { .. }) {
                self.sizes(written, source, &mapped, all);
            }
            function.arguments = mapped
                .receiver
                .iter()
                .chain(&mapped.arguments)
                .map(|(value, _)| value.clone())
                .collect();
            function.result = mapped.result.map(|(value, _)| value);
        }
        all.functions.push(function);
    }

    fn mapped(
        &self,
        written: &syntax::Function,
        source: &std::rc::Rc<Source>,
        file: crate::model::FileId,
    ) -> Mapped {
        let mut scope = Scope::new(file, source.clone()).bound(&written.signature.generics);
        scope.self_type = self.cut.model.item(self.item).owner;
        let mut mapped = Mapped::default();
        for input in &written.signature.inputs {
            match input {
                syn::FnArg::Receiver(receiver) => {
                    let wire = match scope.self_type {
                        Some(of) => self.mapper.workspace_type(of, Vec::new()),
                        None => Wire::blocked("the index does not say what Self is", "index again"),
                    };
                    let rust = source.slice(source.span(syn::spanned::Spanned::span(receiver)));
                    mapped.receiver = Some((value("self", rust, &wire), wire));
                }
                syn::FnArg::Typed(argument) => {
                    let wire = self.mapper.map(&argument.ty, &scope);
                    let rust =
                        source.slice(source.span(syn::spanned::Spanned::span(&*argument.ty)));
                    let name =
                        source.slice(source.span(syn::spanned::Spanned::span(&*argument.pat)));
                    mapped
                        .arguments
                        .push((value(name.trim_start_matches("mut "), rust, &wire), wire));
                }
            }
        }
        if let syn::ReturnType::Type(_, of) = &written.signature.output {
            scope.returned = true;
            let wire = self.mapper.map(of, &scope);
            let rust = source.slice(source.span(syn::spanned::Spanned::span(&**of)));
            mapped.result = Some((value("", rust, &wire), wire));
        }
        mapped
    }

    /// What a call carries, and what is read of the entities in it.
    fn sizes(
        &self,
        written: &syntax::Function,
        source: &Source,
        mapped: &Mapped,
        all: &mut Functions,
    ) {
        let path = self.cut.model.item_path(self.item);
        let (mut whole, mut projected) = (0, 0);
        for (value, wire) in mapped
            .arguments
            .iter()
            .filter(|(_, wire)| wire.verdict != Verdict::Drop)
        {
            whole += wire.size;
            let taken = Taken {
                cut: self.cut,
                function: self.item,
                written,
                source,
                argument: &value.name,
            };
            let Some(projection) = wire
                .types
                .last()
                .and_then(|entity| project(&taken, *entity))
            else {
                projected += wire.size;
                continue;
            };
            projected += match (&projection.escapes, projection.fields) {
                (None, fields) if fields > 0 => wire.size * projection.read.len() / fields,
                _ => wire.size,
            };
            all.projections.push(projection);
        }
        all.payload.push(Payload {
            function: path,
            whole,
            projected,
        });
    }
}

/// The signature as it is written, in one line.
fn signature(written: &syntax::Function, source: &Source) -> String {
    let span = source.span(syn::spanned::Spanned::span(&written.signature));
    let text = source
        .slice(span)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    text.replace("( ", "(")
        .replace(", )", ")")
        .replace(",)", ")")
}

//! The types that a generic function is called with, as far as its callers write them.

use std::collections::BTreeSet;

use super::Cut;
use crate::model::ItemId;
use crate::syntax::Function;

/// What the calls of a function from outside make of its generic parameters.
pub(super) struct Observed {
    /// The combinations, as they are written: `u32`, `Order, String`.
    pub(super) types: BTreeSet<String>,
    /// Calls whose types are not written where they stand.
    pub(super) unclear: usize,
}

/// The types that `item` is called with from outside, tests aside.
pub(super) fn observed(cut: &Cut<'_>, item: ItemId, function: &Function) -> Observed {
    let mut observed = Observed {
        types: BTreeSet::new(),
        unclear: 0,
    };
    let parameters: Vec<String> = function
        .signature
        .generics
        .type_params()
        .map(|parameter| parameter.ident.to_string())
        .collect();
    for reference in cut
        .references_to(item)
        .filter(|one| !cut.is_inside(one.from) && !cut.is_test(one))
    {
        let Some(source) = cut.sources.get(reference.file) else {
            continue;
        };
        let call = source
            .calls
            .iter()
            .find(|call| call.at == reference.span.start);
        // One that is imported, or given away as a value, is called elsewhere.
        let Some(call) = call else { continue };
        let written = syn::parse_str::<syn::Expr>(source.slice(call.span)).ok();
        let types = written.and_then(|call| types_of(&call, function, &parameters));
        match types {
            Some(types) => {
                observed.types.insert(types.join(", "));
            }
            None => observed.unclear += 1,
        }
    }
    observed
}

fn types_of(call: &syn::Expr, function: &Function, parameters: &[String]) -> Option<Vec<String>> {
    let (arguments, turbofish, receiver) = match call {
        syn::Expr::Call(call) => {
            let syn::Expr::Path(path) = &*call.func else {
                return None;
            };
            let last = path.path.segments.last()?;
            (&call.args, Some(&last.arguments), 0)
        }
        syn::Expr::MethodCall(call) => (&call.args, None, 1),
        _ => return None,
    };
    if let Some(syn::PathArguments::AngleBracketed(list)) = turbofish {
        let written = list.args.iter().filter_map(|argument| match argument {
            syn::GenericArgument::Type(syn::Type::Infer(_)) => None,
            syn::GenericArgument::Type(of) => Some(written(of)),
            _ => None,
        });
        let written: Vec<_> = written.collect();
        if written.len() == parameters.len() {
            return Some(written);
        }
    }
    parameters
        .iter()
        .map(|parameter| type_of_parameter(parameter, function, arguments, receiver))
        .collect()
}

/// What the argument that is of type `parameter` is.
fn type_of_parameter(
    parameter: &str,
    function: &Function,
    arguments: &syn::punctuated::Punctuated<syn::Expr, syn::Token![,]>,
    receiver: usize,
) -> Option<String> {
    for (at, input) in function.signature.inputs.iter().enumerate() {
        let syn::FnArg::Typed(input) = input else {
            continue;
        };
        let mut of = &*input.ty;
        while let syn::Type::Reference(reference) = of {
            of = &reference.elem;
        }
        let argument = arguments.iter().nth(at.checked_sub(receiver)?)?;
        let argument = without_borrow(argument);
        match of {
            syn::Type::Path(path) if path.path.is_ident(parameter) => {
                return evident_type(argument);
            }
            // `Vec<T>` of a `vec![…]`.
            syn::Type::Path(path)
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Vec") =>
            {
                let inner =
                    super::mapper::type_arguments(&path.path.segments.last()?.arguments).next()?;
                let syn::Type::Path(inner) = inner else {
                    continue;
                };
                if inner.path.is_ident(parameter) {
                    let syn::Expr::Macro(mac) = argument else {
                        return None;
                    };
                    let elements = mac.mac.parse_body_with(
                        syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated,
                    );
                    return elements.ok()?.first().and_then(evident_type);
                }
            }
            _ => {}
        }
    }
    None
}

fn without_borrow(expr: &syn::Expr) -> &syn::Expr {
    match expr {
        syn::Expr::Reference(inner) => without_borrow(&inner.expr),
        syn::Expr::Paren(inner) => without_borrow(&inner.expr),
        other => other,
    }
}

/// The type of an expression that says it.
fn evident_type(expr: &syn::Expr) -> Option<String> {
    match expr {
        syn::Expr::Lit(literal) => Some(match &literal.lit {
            syn::Lit::Str(_) => "&str".to_owned(),
            syn::Lit::Char(_) => "char".to_owned(),
            syn::Lit::Bool(_) => "bool".to_owned(),
            syn::Lit::Int(number) if number.suffix().is_empty() => "i32".to_owned(),
            syn::Lit::Int(number) => number.suffix().to_owned(),
            syn::Lit::Float(number) if number.suffix().is_empty() => "f64".to_owned(),
            syn::Lit::Float(number) => number.suffix().to_owned(),
            _ => return None,
        }),
        syn::Expr::Struct(of) => Some(of.path.segments.last()?.ident.to_string()),
        syn::Expr::Cast(cast) => Some(written(&cast.ty)),
        syn::Expr::Macro(mac) if mac.mac.path.is_ident("format") => Some("String".to_owned()),
        syn::Expr::MethodCall(call) if call.method == "to_string" || call.method == "to_owned" => {
            Some("String".to_owned())
        }
        // `Order::new(…)`: a function of a type most often makes one.
        syn::Expr::Call(call) => {
            let syn::Expr::Path(path) = &*call.func else {
                return None;
            };
            let segments = &path.path.segments;
            let of = segments.iter().rev().nth(1)?.ident.to_string();
            let made = segments.last()?.ident.to_string();
            let makes = ["new", "default", "from", "with_capacity"].contains(&made.as_str());
            (makes && of.starts_with(char::is_uppercase)).then_some(of)
        }
        _ => None,
    }
}

fn written(of: &syn::Type) -> String {
    match of {
        syn::Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string())
            .unwrap_or_default(),
        syn::Type::Reference(reference) => format!("&{}", written(&reference.elem)),
        _ => "?".to_owned(),
    }
}

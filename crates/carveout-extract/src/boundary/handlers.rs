//! Functions that are no part of a boundary: what HTTP and the operating system call.

use crate::syntax;

/// Why it is the monolith's own and no part of a boundary, if it is.
pub(super) fn stays(written: &syntax::Function) -> Option<String> {
    const ROUTES: [&str; 14] = [
        "get",
        "post",
        "put",
        "delete",
        "patch",
        "head",
        "options",
        "route",
        "catch",
        "handler",
        "connect",
        "trace",
        "debug_handler",
        "endpoint",
    ];
    if let Some(route) = written
        .attributes
        .iter()
        .find(|name| ROUTES.contains(&name.as_str()))
    {
        return Some(format!("an HTTP handler: #[{route}]"));
    }
    // utoipa documents what a router serves.
    if written.attributes.iter().any(|name| name == "path") {
        return Some("an HTTP handler: #[utoipa::path]".to_owned());
    }
    const EXTRACTORS: [&str; 16] = [
        "Path",
        "Query",
        "Json",
        "Form",
        "State",
        "Extension",
        "Request",
        "Parts",
        "HttpRequest",
        "Multipart",
        "HeaderMap",
        "TypedHeader",
        "Payload",
        "RawQuery",
        "ConnectInfo",
        "CookieJar",
    ];
    for input in &written.signature.inputs {
        let syn::FnArg::Typed(argument) = input else {
            continue;
        };
        let syn::Type::Path(path) = &*argument.ty else {
            continue;
        };
        let Some(last) = path.path.segments.last() else {
            continue;
        };
        let name = last.ident.to_string();
        // `Json(body): Json<T>` is how a handler takes what an extractor gives.
        let taken_apart = matches!(&*argument.pat, syn::Pat::TupleStruct(_));
        if EXTRACTORS.contains(&name.as_str())
            && (taken_apart || name == "Parts" || name == "HttpRequest")
        {
            return Some(format!("an HTTP handler: it takes {name}"));
        }
    }
    (written.signature.ident == "main").then(|| "the program's entry".to_owned())
}

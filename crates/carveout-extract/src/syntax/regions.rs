//! What runs once an element, and what runs in a transaction, by how it is written.

/// Methods that call the closure that they are given once an element.
pub(super) const ONCE_AN_ELEMENT: [&str; 22] = [
    "map",
    "for_each",
    "filter",
    "filter_map",
    "flat_map",
    "fold",
    "try_fold",
    "try_for_each",
    "any",
    "all",
    "find",
    "find_map",
    "position",
    "inspect",
    "take_while",
    "skip_while",
    "map_while",
    "retain",
    "then",
    "for_each_concurrent",
    "scan",
    "partition",
];

/// Methods and functions whose closure runs inside of a transaction.
pub(super) const TRANSACTIONS: [&str; 6] = [
    "transaction",
    "read_transaction",
    "write_transaction",
    "in_transaction",
    "with_transaction",
    "immediate_transaction",
];

/// Whether a statement of the block commits or rolls back, not counting those nested in it.
pub(super) fn ends(statement: &syn::Stmt) -> bool {
    let expr = match statement {
        syn::Stmt::Expr(expr, _) => expr,
        syn::Stmt::Local(syn::Local {
            init: Some(init), ..
        }) => &init.expr,
        _ => return false,
    };
    calls_method(expr, "commit") || calls_method(expr, "rollback")
}

/// Whether `expr` is a chain of calls with one of `method` in it.
pub(super) fn calls_method(expr: &syn::Expr, method: &str) -> bool {
    match expr {
        syn::Expr::Await(inner) => calls_method(&inner.base, method),
        syn::Expr::Try(inner) => calls_method(&inner.expr, method),
        syn::Expr::MethodCall(call) => {
            call.method == method || calls_method(&call.receiver, method)
        }
        _ => false,
    }
}

pub(super) fn ends_in_begin(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Await(inner) => ends_in_begin(&inner.base),
        syn::Expr::Try(inner) => ends_in_begin(&inner.expr),
        syn::Expr::MethodCall(call) if call.args.is_empty() => {
            call.method == "begin" || call.method == "start_transaction"
        }
        syn::Expr::MethodCall(call) => ends_in_begin(&call.receiver),
        _ => false,
    }
}

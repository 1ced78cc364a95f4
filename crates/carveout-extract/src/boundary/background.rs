//! Functions that run for the life of the process: a worker, a scheduler, a consumer.

use syn::visit::{self, Visit};

use super::functions::Looking;
use crate::syntax;

impl Looking<'_, '_> {
    /// Why a function is a task of the process, if it is: it never returns, or it loops for as long as
    /// there is something to take, and is started as a task or by `main`.
    pub(super) fn is_background(&self, written: &syntax::Function) -> Option<String> {
        if matches!(&written.signature.output, syn::ReturnType::Type(_, of) if matches!(**of, syn::Type::Never(_)))
        {
            return Some("it never returns".to_owned());
        }
        let body = written.body.as_ref()?;
        let mut ends = Vec::new();
        for statement in &body.stmts {
            let syn::Stmt::Expr(expr, _) = statement else {
                continue;
            };
            match without_label(expr) {
                syn::Expr::Loop(of) => ends.push(is_endless(&of.body)),
                syn::Expr::While(of) => {
                    let always = matches!(&*of.cond, syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(of), .. }) if of.value);
                    let takes = matches!(&*of.cond, syn::Expr::Let(_));
                    if always || takes && self.is_started() {
                        ends.push(is_endless(&of.body));
                    }
                }
                _ => {}
            }
        }
        ends.contains(&true)
            .then(|| "it loops for as long as the process runs".to_owned())
    }

    /// Whether `main` calls it, or it is given to something that runs it as a task.
    fn is_started(&self) -> bool {
        let cut = self.cut;
        cut.references_to(self.item).any(|reference| {
            let by_main = reference
                .within
                .is_some_and(|caller| cut.model.item(caller).name == "main");
            let source = cut.sources.get(reference.file);
            let spawned = source.is_some_and(|source| {
                source.calls.iter().any(|call| {
                    let spawns = call.name.starts_with("spawn") || call.name == "block_on";
                    spawns && call.span.contains(reference.span.start)
                })
            });
            by_main || spawned
        })
    }
}

fn without_label(expr: &syn::Expr) -> &syn::Expr {
    match expr {
        syn::Expr::Paren(inner) => without_label(&inner.expr),
        syn::Expr::Await(inner) => without_label(&inner.base),
        other => other,
    }
}

/// Whether nothing in the body of a loop ends it. What ends an inner loop does not, and what a closure
/// or an `async` block returns is not the function's.
fn is_endless(body: &syn::Block) -> bool {
    struct Ends {
        found: bool,
        inner: usize,
    }
    impl<'ast> Visit<'ast> for Ends {
        fn visit_expr_break(&mut self, of: &'ast syn::ExprBreak) {
            self.found |= self.inner == 0 || of.label.is_some();
        }

        fn visit_expr_return(&mut self, _: &'ast syn::ExprReturn) {
            self.found = true;
        }

        fn visit_expr_loop(&mut self, of: &'ast syn::ExprLoop) {
            self.inner += 1;
            visit::visit_expr_loop(self, of);
            self.inner -= 1;
        }

        fn visit_expr_while(&mut self, of: &'ast syn::ExprWhile) {
            self.inner += 1;
            visit::visit_expr_while(self, of);
            self.inner -= 1;
        }

        fn visit_expr_for_loop(&mut self, of: &'ast syn::ExprForLoop) {
            self.inner += 1;
            visit::visit_expr_for_loop(self, of);
            self.inner -= 1;
        }

        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}

        fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}

        // `select!` may break out of the loop around it, in tokens that are no Rust.
        fn visit_macro(&mut self, of: &'ast syn::Macro) {
            let text = of.tokens.to_string();
            let mut words = text.split(|letter: char| !letter.is_alphanumeric());
            self.found |= words.any(|word| word == "break" || word == "return");
        }

        fn visit_item(&mut self, _: &'ast syn::Item) {}
    }
    let mut ends = Ends {
        found: false,
        inner: 0,
    };
    ends.visit_block(body);
    !ends.found
}

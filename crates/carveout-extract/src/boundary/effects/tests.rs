//! Effects only ever get stronger by what is not known.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::facts::Fact;
use super::{Facts, all};
use crate::boundary::{Cut, FunctionEffect, World};
use crate::model::{Item, ItemId, ItemKind, Model, Reference};
use crate::reader::read_scip;
use crate::report::Effect;

const FIXTURES: [&str; 3] = ["effects", "shop", "mapping"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn model(name: &str) -> Model {
    let root = fixture(name);
    read_scip(&root.join("index.scip"), &root).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn judge(world: &World<'_>) -> Vec<FunctionEffect> {
    let cut = Cut::new(world, &[]).unwrap();
    all(&cut, |_| true)
}

/// The effects with other facts, of the same source.
fn with(world: &mut World<'_>, facts: Facts) -> Vec<FunctionEffect> {
    world.facts = facts;
    world.effects.take();
    judge(world)
}

/// Fails if a function is called less than it was.
fn no_weaker(before: &[FunctionEffect], after: &[FunctionEffect], what: &str) {
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(after) {
        assert!(
            after.effect >= before.effect,
            "{what}: {} was {:?} and is {:?}",
            before.path,
            before.effect,
            after.effect
        );
    }
}

#[test]
fn without_any_one_fact_effects_are_no_weaker() {
    for name in FIXTURES {
        let model = model(name);
        let mut world = World::new(&model);
        let before = judge(&world);
        let known = world.facts.clone();
        let asked = known.asked();
        // A fact that no question was answered by changes no answer.
        assert!(asked.len() > 10, "{name}: {}", asked.len());
        let mut stronger = 0;
        for fact in asked {
            let rest = known.all().iter().filter(|one| **one != fact);
            let after = with(&mut world, Facts::of(rest.copied().collect()));
            no_weaker(&before, &after, &format!("{name} without {fact:?}"));
            let changed = before.iter().zip(&after).any(|(a, b)| a.effect != b.effect);
            stronger += usize::from(changed);
        }
        assert!(stronger > 5, "{name}: facts that make no difference");
    }
}

#[test]
fn without_facts_hardly_anything_is_a_read() {
    let model = model("effects");
    let mut world = World::new(&model);
    let before = judge(&world);
    let after = with(&mut world, Facts::of(Vec::new()));
    no_weaker(&before, &after, "no facts");
    let reads = |effects: &[FunctionEffect]| {
        let reads = effects.iter().filter(|one| one.effect == Effect::Read);
        reads.count()
    };
    assert!(reads(&before) > 70, "{}", reads(&before));
    assert!(reads(&after) < reads(&before) / 2, "{}", reads(&after));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Fewer facts, and fewer of those again.
    #[test]
    fn without_any_facts_effects_are_no_weaker(kept in prop::collection::vec(0_u8..8, 4096), part in 1_u8..8) {
        let model = model("effects");
        let mut world = World::new(&model);
        let full = judge(&world);
        let known = world.facts.clone();
        let keep = |least: u8| -> Vec<Fact> {
            let facts = known.all().iter().enumerate();
            facts
                .filter(|(at, _)| kept[at % kept.len()] >= least)
                .map(|(_, fact)| *fact)
                .collect()
        };
        let some = with(&mut world, Facts::of(keep(1)));
        no_weaker(&full, &some, "some facts");
        let fewer = with(&mut world, Facts::of(keep(part)));
        no_weaker(&some, &fewer, "fewer facts");
    }
}

#[test]
fn no_entry_is_twice_in_the_tables() {
    let facts = Facts::known();
    let mut seen = std::collections::HashSet::new();
    let twice: Vec<_> = facts
        .all()
        .iter()
        .filter(|fact| !seen.insert(**fact))
        .collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

fn unknown() -> Item {
    Item {
        symbol: "rust-analyzer cargo strange 1.0.0 reach().".to_owned(),
        name: "reach".to_owned(),
        path: "strange::reach".to_owned(),
        kind: ItemKind::Function,
        package: "strange".to_owned(),
        module: None,
        owner: None,
        implements: None,
        definition: None,
    }
}

fn functions(model: &Model) -> Vec<ItemId> {
    let items = model.item_ids().filter(|(_, item)| {
        matches!(item.kind, ItemKind::Function | ItemKind::Method)
            && item.module.is_some()
            && item.definition.is_some()
    });
    items.map(|(id, _)| id).collect()
}

/// A call of something that no table has, in each function in turn.
#[test]
fn an_unknown_call_makes_a_function_and_its_callers_writes() {
    let model_before = model("effects");
    let world = World::new(&model_before);
    let before = judge(&world);
    let has_body = |id: &ItemId| {
        let found = model_before.item(*id).definition.and_then(|place| {
            let source = world.sources.get(place.file)?;
            Some(source.function_at(place.name.start)?.body.is_some())
        });
        found.unwrap_or(false)
    };
    let functions = functions(&model_before).into_iter().filter(has_body);
    for (at, function) in functions.enumerate().step_by(19) {
        let mut model = model("effects");
        let strange = ItemId(u32::try_from(model.items.len()).unwrap());
        model.items.push(unknown());
        // In place of a reference of the function's own, so that it stands in the body.
        let own = model
            .references
            .iter_mut()
            .rfind(|one| one.within == Some(function));
        let Some(Reference { to, .. }) = own else {
            continue;
        };
        *to = strange;
        let path = model.item_path(function);
        let after = judge(&World::new(&model));
        no_weaker(&before, &after, &format!("{at}: a call in {path}"));
        let own = after.iter().find(|one| one.path == path);
        assert!(own.is_none_or(|one| one.effect == Effect::Write), "{path}");
    }
}

/// One more implementation of each trait, which writes a file.
#[test]
fn one_more_implementation_makes_nothing_weaker() {
    let before_model = model("effects");
    let before = judge(&World::new(&before_model));
    let mut stronger = 0;
    for (_, method) in before_model.item_ids() {
        let of_trait = method.owner.map(|owner| before_model.item(owner));
        let Some(of_trait) = of_trait.filter(|owner| owner.kind == ItemKind::Trait) else {
            continue;
        };
        let mut model = model("effects");
        let writes = model
            .item_ids()
            .find(|(id, _)| model.item_path(*id) == "effects::callbacks::stored");
        let at = writes.unwrap().0.0 as usize;
        let more = &mut model.items[at];
        more.kind = ItemKind::Method;
        more.name.clone_from(&method.name);
        more.implements = Some(of_trait.name.clone());
        let after = judge(&World::new(&model));
        no_weaker(
            &before,
            &after,
            &format!("one more {}::{}", of_trait.name, method.name),
        );
        stronger += usize::from(before.iter().zip(&after).any(|(a, b)| a.effect != b.effect));
    }
    assert!(stronger > 2, "{stronger}");
}

/// An index that has lost what a call means.
#[test]
fn a_call_without_a_meaning_makes_nothing_weaker() {
    let whole = model("effects");
    let before = judge(&World::new(&whole));
    let world = World::new(&whole);
    let called = |one: &&Reference| {
        let source = world.sources.get(one.file);
        source.is_some_and(|source| {
            source
                .flow
                .calls
                .iter()
                .any(|call| call.at == one.span.start)
        })
    };
    let lost: Vec<_> = whole
        .references
        .iter()
        .filter(called)
        .step_by(37)
        .copied()
        .collect();
    assert!(lost.len() > 10);
    for one in lost {
        let mut model = model("effects");
        model
            .references
            .retain(|other| other.file != one.file || other.span != one.span);
        let what = format!("{}:{}", model.file(one.file).path, one.span.start.line + 1);
        no_weaker(&before, &judge(&World::new(&model)), &what);
    }
}

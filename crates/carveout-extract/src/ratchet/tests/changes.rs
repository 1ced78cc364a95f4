//! A baseline shrinks by itself and grows with a reason.

use proptest::prelude::*;

use super::world::{World, entries, read};
use crate::ratchet::verdict::Verdict;
use crate::ratchet::{Baseline, Crossings, declare, declared, render, update};

const ORDERS: &str = "[[module]]\npath = \"shop::orders\"\npublic = []\n";

/// The baseline after an update.
#[track_caller]
fn updated(world: &World, baseline: &str, reason: Option<&str>) -> String {
    world.check(ORDERS, baseline, |outcome| {
        render(&update(outcome.baseline, outcome.verdict, reason).0)
    })
}

#[test]
fn an_update_takes_out_what_is_gone_and_lets_nothing_in() {
    let world = World::shop()
        .uses("shop::web", "shop::orders::db::find", &[3])
        .uses("shop::web", "shop::orders::Order", &[4]);
    let before = entries(&[
        "shop::users shop::orders::Order type 1",
        "shop::web shop::orders::db::find function 5",
    ]);
    let after = updated(&world, &before, None);
    assert_eq!(
        after,
        entries(&["shop::web shop::orders::db::find function 1"])
    );
    assert_eq!(
        world.found(ORDERS, &after),
        ["new 0->1 shop::web shop::orders::Order type"]
    );
}

#[test]
fn growth_comes_in_with_its_reason_beside_it() {
    let world = World::shop()
        .uses("shop::web", "shop::orders::db::find", &[3, 4])
        .uses("shop::web", "shop::orders::Order", &[4]);
    let before = entries(&["shop::web shop::orders::db::find function 1"]);
    let after = updated(&world, &before, Some("until \"billing\" moves"));
    assert_eq!(world.found(ORDERS, &after), [""; 0]);
    let reason = "reason = \"until \\\"billing\\\" moves\" },\n";
    assert_eq!(after.matches(reason).count(), 2, "{after}");
    // The reason stays when the count falls.
    let fewer = World::shop().uses("shop::web", "shop::orders::db::find", &[3]);
    assert_eq!(updated(&fewer, &after, None).matches(reason).count(), 1);
}

#[test]
fn what_people_wrote_into_a_baseline_stays() {
    let before = "# Ours: ask #orders before you add entries.\nschema = 1\n\n# by module\nentries = [\n\
        \x20   # the report page\n    # and its export\n\
        \x20   { from = \"shop::web\", to = \"shop::orders::db::find\", kind = \"function\", count = 2 }, # SHOP-7\n\
        \x20   # goes with its entry\n\
        \x20   { from = \"shop::users\", to = \"shop::orders::db::find\", kind = \"function\", count = 1 },\n]\n";
    let world = World::shop().uses("shop::web", "shop::orders::db::find", &[3]);
    let after = updated(&world, before, None);
    let expected = "# Ours: ask #orders before you add entries.\nschema = 1\n\n# by module\nentries = [\n\
        \x20   # the report page\n    # and its export\n\
        \x20   { from = \"shop::web\", to = \"shop::orders::db::find\", kind = \"function\", count = 1 }, # SHOP-7\n]\n";
    assert_eq!(after, expected);
}

#[test]
fn declaring_a_module_lets_nothing_through_at_another() {
    let world = World::shop()
        .uses("shop::web", "shop::orders::db::find", &[3])
        .uses("shop::web", "shop::users::User", &[4])
        .uses("shop::orders", "shop::users::User", &[4]);
    let text = "[[module]]\npath = \"shop::orders\"\npublic = []\nuses = []\n";
    let before = super::world::declare(text).unwrap();
    let text = declared(Some(&before), &["shop::users".to_owned()]);
    let rules = world.rules(&text).unwrap();
    let crossings = Crossings::new(&world.model, &rules);
    let after = declare(&Baseline::default(), &crossings, &[1]);
    let keys: Vec<_> = after
        .entries
        .keys()
        .map(|key| (&*key.from, &*key.to))
        .collect();
    // Not the use of `orders`, which was new before; and not the one that `orders` may not have.
    assert_eq!(keys, [("shop::web", "shop::users::User")]);
    let verdict = Verdict::new(&crossings, &after, false);
    assert_eq!(verdict.new.len(), 2);
}

#[test]
fn entries_are_in_order_one_line_each() {
    let world = World::shop()
        .uses("shop::web", "shop::orders::db::find", &[3])
        .uses("shop::web", "shop::orders::Order", &[4])
        .uses("shop::users", "shop::orders::db::find", &[3]);
    let text = world.baseline(ORDERS);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("from ="))
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(lines.is_sorted(), "{text}");
}

proptest! {
    /// Whatever an index of whatever language calls things, what is written is what is read.
    #[test]
    fn a_baseline_is_read_as_it_was_written(
        names in proptest::collection::btree_map("[^*?]{0,12}x", ("[^*?]{0,12}x", 1u32..9, proptest::option::of("[^\\pC]{0,12}x")), 0..6),
    ) {
        let mut baseline = Baseline::default();
        for (from, (to, count, reason)) in names {
            let key = crate::ratchet::Key { from, to, kind: "method" };
            let entry = baseline.entries.entry(key).or_default();
            entry.count = count;
            entry.reason = reason;
        }
        let text = render(&baseline);
        let again = read(&text).unwrap();
        prop_assert_eq!(render(&again), text);
        prop_assert!(again.entries.keys().eq(baseline.entries.keys()));
    }
}

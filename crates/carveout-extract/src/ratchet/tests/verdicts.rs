//! New, stale, held, and who may use what.

use super::world::{NONE, World, entries};

const ORDERS: &str = "[[module]]\npath = \"shop::orders\"\npublic = [\"place_order\"]\n";

#[test]
fn a_public_item_may_be_used_and_another_is_new() {
    let world = World::shop()
        .uses("shop::web", "shop::orders::place_order", &[3, 9])
        .uses("shop::web", "shop::orders::db::find", &[10])
        .uses("shop::orders", "shop::orders::db::find", &[1])
        .uses("shop::orders::db", "shop::orders::Order", &[2])
        .uses("shop::web", "shop::users::User", &[12]);
    assert_eq!(
        world.found(ORDERS, NONE),
        ["new 0->1 shop::web shop::orders::db::find function"]
    );
}

#[test]
fn what_is_in_the_baseline_is_held_to_its_count() {
    let twice = World::shop().uses("shop::web", "shop::orders::db::find", &[10, 10]);
    let find = |count: u32| {
        entries(&[&format!(
            "shop::web shop::orders::db::find function {count}"
        )])
    };
    assert_eq!(twice.found(ORDERS, &find(2)), [""; 0]);
    assert_eq!(
        twice.found(ORDERS, &find(1)),
        ["new 1->2 shop::web shop::orders::db::find function"]
    );
    assert_eq!(
        twice.found(ORDERS, &find(3)),
        ["stale 3->2 shop::web shop::orders::db::find function"]
    );
    let gone = World::shop();
    assert_eq!(
        gone.found(ORDERS, &find(3)),
        ["stale 3->0 shop::web shop::orders::db::find function"]
    );
}

#[test]
fn one_more_here_is_not_evened_out_by_one_less_there() {
    let world = World::shop()
        .uses("shop::web", "shop::orders::db::find", &[10, 11])
        .uses("shop::users", "shop::orders::db::find", &[4]);
    let before = entries(&[
        "shop::users shop::orders::db::find function 2",
        "shop::web shop::orders::db::find function 1",
    ]);
    assert_eq!(
        world.found(ORDERS, &before),
        [
            "new 1->2 shop::web shop::orders::db::find function",
            "stale 2->1 shop::users shop::orders::db::find function",
        ]
    );
}

#[test]
fn an_entry_that_is_public_now_is_stale_and_told_from_one_that_is_gone() {
    let world = World::shop().uses("shop::web", "shop::orders::place_order", &[3]);
    let before = entries(&[
        "shop::web shop::orders::db::find function 1",
        "shop::web shop::orders::place_order function 1",
    ]);
    let allowed = world.check(ORDERS, &before, |outcome| {
        let stale = outcome.verdict.stale.iter();
        let allowed: Vec<_> = stale.map(|stale| stale.allowed).collect();
        allowed
    });
    assert_eq!(allowed, [false, true]);
}

#[test]
fn a_type_stands_for_its_members_wherever_their_impl_is() {
    use crate::model::ItemKind::{Function, Method, Type};
    let declared = "[[module]]\npath = \"shop::orders\"\npublic = [\"Order\", \"db\"]\n";
    let world = World::new(&[
        ("shop", &[]),
        ("shop::orders", &[("Order", Type), ("db", Function)]),
        ("shop::orders::totals", &[("Order::total", Method)]),
        ("shop::orders::db", &[("find", Function)]),
        ("shop::web", &[]),
    ])
    .uses("shop::web", "shop::orders::Order", &[1])
    .uses("shop::web", "shop::orders::totals::Order::total", &[2])
    .uses("shop::web", "shop::orders::db", &[3])
    // The function `db` is public; the module `db` is another thing.
    .uses("shop::web", "shop::orders::db::find", &[4]);
    assert_eq!(
        world.found(declared, NONE),
        ["new 0->1 shop::web shop::orders::db::find function"]
    );
}

#[test]
fn one_member_can_be_public_without_its_type() {
    let declared = "[[module]]\npath = \"shop::orders\"\npublic = [\"Order::total\"]\n";
    let world = World::shop()
        .uses("shop::web", "shop::orders::Order::total", &[1])
        .uses("shop::web", "shop::orders::Order::lines", &[2]);
    assert_eq!(
        world.found(declared, NONE),
        ["new 0->1 shop::web shop::orders::Order::lines field"]
    );
}

#[test]
fn used_by_holds_for_public_items_too_and_means_all_that_is_in_a_module() {
    let declared = "[[module]]\npath = \"shop::orders\"\npublic = [\"place_order\"]\nused_by = [\"shop::web\"]\n";
    let world = World::shop()
        .uses("shop::web::admin", "shop::orders::place_order", &[1])
        .uses("shop::users", "shop::orders::place_order", &[2])
        .uses("shop::users", "shop::orders::Order", &[3]);
    assert_eq!(
        world.found(declared, NONE),
        [
            "new 0->1 shop::users shop::orders::Order type",
            "new 0->1 shop::users shop::orders::place_order function",
        ]
    );
    let why = world.check(declared, NONE, |outcome| {
        let new = outcome.verdict.new.iter();
        new.map(|new| new.uses.breaches.len()).collect::<Vec<_>>()
    });
    assert_eq!(why, [2, 1], "the first is private and of a stranger");
}

#[test]
fn uses_holds_what_goes_out() {
    let declared = "[[module]]\npath = \"shop::orders\"\npublic = []\nuses = [\"shop::web\"]\n";
    let world = World::shop()
        .uses("shop::orders::db", "shop::users::User", &[1])
        .uses("shop::orders", "shop::web::admin::panel", &[2]);
    assert_eq!(
        world.found(declared, NONE),
        ["new 0->1 shop::orders::db shop::users::User type"]
    );
    assert_eq!(
        world.found("[[module]]\npath = \"shop::orders\"\npublic = []\n", NONE),
        [""; 0]
    );
}

#[test]
fn a_use_between_two_boundaries_is_one_key() {
    let declared = "[[module]]\npath = \"shop::orders\"\npublic = []\nuses = []\n\
                    [[module]]\npath = \"shop::users\"\npublic = []\n";
    let world = World::shop().uses("shop::orders", "shop::users::User", &[1]);
    assert_eq!(
        world.found(declared, NONE),
        ["new 0->1 shop::orders shop::users::User type"]
    );
}

#[test]
fn tests_count_unless_they_are_left_out() {
    use crate::model::ItemKind::Function;
    let world = World::new(&[
        ("shop", &[]),
        ("shop::orders", &[("find", Function)]),
        ("shop::web", &[]),
        ("shop::web::tests", &[]),
    ])
    .uses("shop::web::tests", "shop::orders::find", &[7]);
    let declared = "[[module]]\npath = \"shop::orders\"\npublic = []\n";
    let new = ["new 0->1 shop::web::tests shop::orders::find function"];
    assert_eq!(world.found(declared, NONE), new);
    assert_eq!(
        world.found(&format!("tests = \"check\"\n{declared}"), NONE),
        new
    );
    assert_eq!(
        world.found(&format!("tests = \"ignore\"\n{declared}"), NONE),
        [""; 0]
    );
}

#[test]
fn an_approximate_reader_fails_on_new_keys_that_it_can_see_and_on_nothing_else() {
    let world = || {
        World::shop()
            // Not in the baseline, and a name that syntax resolves.
            .uses("shop::web", "shop::orders::Order", &[1])
            // Not in the baseline, and a name that it does not.
            .uses("shop::web", "shop::orders::Order::total", &[2])
            // In the baseline once.
            .uses("shop::web", "shop::orders::db::find", &[3, 4])
    };
    let before = entries(&[
        "shop::users shop::orders::db::find function 2",
        "shop::web shop::orders::db::find function 1",
    ]);
    assert_eq!(
        world().approximate().found(ORDERS, &before),
        ["new 0->1 shop::web shop::orders::Order type"]
    );
    let exact = world().found(ORDERS, &before);
    assert_eq!(exact.len(), 4, "{exact:?}");
}

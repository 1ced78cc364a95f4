//! A key has no line, no file and no version in it.

use super::world::{NONE, World};
use crate::model::{ItemId, Position};

const ORDERS: &str = "[[module]]\npath = \"shop::orders\"\npublic = [\"place_order\"]\n";

fn world() -> World {
    World::shop()
        .uses("shop::web", "shop::orders::db::find", &[10, 11])
        .uses("shop::web", "shop::orders::Order::total", &[12])
        .uses("shop::users", "shop::orders::Order", &[4])
}

#[test]
fn moved_lines_renamed_files_and_new_versions_change_nothing() {
    let before = world().baseline(ORDERS);
    assert_eq!(before.matches("count").count(), 3, "{before}");

    let mut moved = world();
    for (at, reference) in moved.model.references.iter_mut().enumerate() {
        let down = u32::try_from(at * 7 + 1).unwrap();
        reference.span.start.line += down;
        reference.span.end.line += down;
        reference.span.start.column = 0;
    }
    assert_eq!(moved.baseline(ORDERS), before);
    assert_eq!(moved.found(ORDERS, &before), [""; 0]);

    let mut renamed = world();
    for file in &mut renamed.model.files {
        file.path = file.path.replace(".rs", "/mod.rs");
    }
    for item in &mut renamed.model.items {
        item.symbol = item.symbol.replace("1.0.0", "2.0.0");
    }
    assert_eq!(renamed.baseline(ORDERS), before);

    // And the test can fail: another module is another key.
    let mut other = world();
    let users = other.model.references[3].from;
    other.model.references[0].from = users;
    assert_ne!(other.baseline(ORDERS), before);
}

#[test]
fn the_order_of_an_index_changes_nothing() {
    let before = world().baseline(ORDERS);
    let mut backwards = world();
    backwards.model.references.reverse();
    assert_eq!(backwards.baseline(ORDERS), before);

    let mut model = world();
    let last = u32::try_from(model.model.items.len() - 1).unwrap();
    model.model.items.reverse();
    for item in &mut model.model.items {
        item.owner = item.owner.map(|owner| ItemId(last - owner.0));
    }
    for reference in &mut model.model.references {
        reference.to = ItemId(last - reference.to.0);
    }
    assert_eq!(model.baseline(ORDERS), before);
}

#[test]
fn an_impl_that_moves_inside_of_the_boundary_keeps_its_key() {
    use crate::model::ItemKind::{Method, Type};
    let world = |module: &'static str| {
        let mut modules: Vec<(&str, &[_])> = vec![
            ("shop", &[]),
            ("shop::orders", &[("Order", Type)]),
            ("shop::orders::a", &[]),
            ("shop::orders::b", &[]),
            ("shop::web", &[]),
        ];
        let at = modules
            .iter()
            .position(|(path, _)| *path == module)
            .unwrap();
        modules[at].1 = &[("Order::total", Method)];
        World::new(&modules).uses("shop::web", &format!("{module}::Order::total"), &[3])
    };
    let key = ["new 0->1 shop::web shop::orders::Order::total method"];
    assert_eq!(world("shop::orders::a").found(ORDERS_ONLY, NONE), key);
    assert_eq!(world("shop::orders::b").found(ORDERS_ONLY, NONE), key);
}

const ORDERS_ONLY: &str = "[[module]]\npath = \"shop::orders\"\npublic = []\n";

#[test]
fn places_are_evidence_in_order_of_file_and_line() {
    let places = world().check(ORDERS, NONE, |outcome| {
        let find = outcome
            .verdict
            .new
            .iter()
            .find(|new| new.key.kind == "function");
        let places = find.unwrap().uses.places.iter();
        places.map(|(_, line)| *line).collect::<Vec<_>>()
    });
    assert_eq!(places, [10, 11]);
    assert_eq!(
        Position::default().line,
        0,
        "lines of the model begin at 0, those of people at 1"
    );
}

//! What is printed, for whom.

use serde_json::Value;

use super::world::{NONE, World, entries};
use crate::model::FileId;
use crate::ratchet::output::{Outcome, github, json, sarif, text};

const ORDERS: &str = "[[module]]\npath = \"shop::orders\"\npublic = [\"place_order\"]\n";

fn world() -> World {
    World::shop()
        .uses("shop::web", "shop::orders::db::find", &[10, 12])
        .uses("shop::users", "shop::orders::Order", &[4])
}

fn before() -> String {
    entries(&[
        "shop::users shop::orders::Order::lines field 1",
        "shop::web shop::orders::db::find function 1",
    ])
}

#[test]
fn a_person_reads_who_uses_what_where_and_what_to_do() {
    let plain = world().check(ORDERS, &before(), |outcome| text(outcome, false));
    insta::assert_snapshot!(plain, @r"
    shop::orders: 2 new uses against it (boundaries.toml:2)
      new: `shop::users` uses the type `shop::orders::Order`: it is not public
          src/shop/users.rs:4
      new: `shop::web` uses the function `shop::orders::db::find` 2 times, 1 of them tolerated: it is not public
          src/shop/web.rs:10
          src/shop/web.rs:12

    boundaries.baseline.toml: 1 entry is stale
      stale: the baseline tolerates 1 use of the field `shop::orders::Order::lines` in `shop::users`, and it is gone
          boundaries.baseline.toml:3

    shop::orders: 3 uses of 2 items from 2 modules; 0 out to 0 modules
      public, and nothing outside uses it: place_order; can it go?
    failed: 2 new, 1 stale; 2 uses tolerated under 2 keys
      new: use what is public, or move the code. If it has to stay for now: `boundary check --update --allow-growth REASON`
      A baseline has no lines: where some uses of a key are tolerated, your diff tells which one is new
      stale: the boundary got better. Take it out with `boundary check --update`, so that it stays so
    ");
    let colour = world().check(ORDERS, &before(), |outcome| text(outcome, true));
    assert!(!plain.contains('\x1b'));
    let mut bare = colour.clone();
    for code in ["31;1", "33;1", "1", "2", "36", "0"] {
        bare = bare.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(bare, plain, "colour adds colour and nothing else");
    assert_ne!(colour, plain);
}

#[test]
fn a_clean_check_still_says_what_goes_over_the_boundary() {
    let world = world();
    let plain = world.check(ORDERS, &world.baseline(ORDERS), |outcome| {
        text(outcome, false)
    });
    insta::assert_snapshot!(plain, @r"
    shop::orders: 3 uses of 2 items from 2 modules; 0 out to 0 modules
      public, and nothing outside uses it: place_order; can it go?
    ok: nothing new, nothing stale; 3 uses tolerated under 2 keys
    ");
}

#[test]
fn an_approximate_check_says_so_in_every_format() {
    let world = world().approximate();
    let formats: [fn(&Outcome<'_>) -> String; 4] = [
        |outcome| text(outcome, false),
        |outcome| json(outcome),
        |outcome| sarif(outcome),
        |outcome| github(outcome, ""),
    ];
    for format in formats {
        let printed = world.check(ORDERS, NONE, format);
        assert!(printed.contains("approximate"), "{printed}");
    }
}

#[test]
fn a_program_reads_all_of_it() {
    let printed = world().check(ORDERS, &before(), json);
    let value: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&value["schema"], &value["ok"]), (&1.into(), &false.into()));
    let new = value["new"].as_array().unwrap();
    assert_eq!(new.len(), 2);
    assert_eq!(new[1]["key"]["to"], "shop::orders::db::find");
    assert_eq!(new[1]["places"][1]["file"], "src/shop/web.rs");
    assert_eq!(new[1]["places"][1]["line"], 12);
    assert_eq!(
        (&new[1]["tolerated"], &new[1]["count"]),
        (&1.into(), &2.into())
    );
    let stale = &value["stale"][0];
    assert_eq!(
        (&stale["count"], &stale["baseline_line"]),
        (&0.into(), &3.into())
    );
    let boundary = &value["boundaries"][0];
    assert_eq!(
        (&boundary["inbound_uses"], &boundary["inbound_modules"]),
        (&3.into(), &2.into())
    );
    assert_eq!(boundary["public_unused"][0], "place_order");
}

#[test]
fn sarif_has_what_the_standard_requires() {
    let mut world = world();
    world.model.files[3].path = "src/a b/ü%.rs".to_owned();
    let printed = world.check(ORDERS, &before(), sarif);
    let value: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(value["version"], "2.1.0");
    let run = &value["runs"][0];
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        for rule in rules {
            assert!(rule["shortDescription"]["text"].is_string());
        }
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains(' '), "{uri}");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        let print = result["partialFingerprints"]["boundaryKey/v1"]
            .as_str()
            .unwrap();
        assert!(!print.contains(".rs"), "{print}");
    }
    let uri = &results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "src/a%20b/%C3%BC%25.rs");
    assert_eq!(results[1]["relatedLocations"].as_array().unwrap().len(), 1);
}

#[test]
fn annotations_cannot_be_broken_out_of() {
    let mut world = world();
    let web = world
        .model
        .module_ids()
        .find(|(_, module)| module.path == "shop::web")
        .unwrap()
        .0;
    let FileId(file) = world.model.module(web).file.unwrap();
    world.model.files[file as usize].path = "src/a,b:c%\n::error ::d.rs".to_owned();
    world.model.modules[web.0 as usize].path = "shop::web\r\n::error ::x".to_owned();
    let printed = world.check(ORDERS, NONE, |outcome| github(outcome, "shop/"));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    assert!(
        lines[..2]
            .iter()
            .all(|line| line.starts_with("::error file=shop/src/"))
    );
    assert!(
        lines[1].contains(
            "file=shop/src/a%2Cb%3Ac%25%0A%3A%3Aerror %3A%3Ad.rs,line=10,title=boundary%2F"
        ) || lines[1].contains(
            "file=shop/src/a%2Cb%3Ac%25%0A%3A%3Aerror %3A%3Ad.rs,line=10,title=boundary/"
        ),
        "{printed}"
    );
    assert!(lines[1].contains("shop::web%0D%0A::error ::x"), "{printed}");
}

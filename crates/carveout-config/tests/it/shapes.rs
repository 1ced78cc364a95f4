//! Types that need care: renamed keys, aliases, tagged enums, structs without attributes.

use carveout_config::{ConfigError, Live, Loader, Sources};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn load<T>(vars: &[(&str, &str)], sets: &[&str]) -> Result<Live<T>, ConfigError>
where
    T: Serialize + DeserializeOwned + Default + Send + Sync + 'static,
{
    let vars = vars.iter().map(|(name, value)| (name.into(), value.into()));
    let sources = sets
        .iter()
        .fold(Sources::new("order-history").env(vars), |sources, set| {
            sources.set(*set)
        });
    let mut loader = Loader::read(sources);
    let live = loader.section("section");
    loader.finish().map(|_| live)
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Kebab {
    idle_timeout: u32,
    #[serde(alias = "old-name")]
    new_name: String,
}

#[test]
fn a_variable_finds_a_key_with_hyphens() {
    let live =
        load::<Kebab>(&[("ORDER_HISTORY__SECTION__IDLE_TIMEOUT", "5")], &[]).expect("no mistake");
    assert_eq!(live.get().idle_timeout, 5);
}

#[test]
fn an_alias_does_not_clash_with_the_default() {
    let live = load::<Kebab>(&[], &["section.old-name=x"]).expect("no mistake");
    assert_eq!(live.get().new_name, "x");
    let error = load::<Kebab>(&[], &["section.old-name=x", "section.new-name=y"])
        .err()
        .expect("a mistake");
    assert_eq!(error.mistakes().len(), 1, "{error}");
    assert!(error.to_string().contains("given twice"), "{error}");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Tagged {
    Fixed { millis: u32 },
    Random { seed: u32 },
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct HasTagged {
    backoff: Tagged,
}

impl Default for HasTagged {
    fn default() -> Self {
        Self {
            backoff: Tagged::Fixed { millis: 1 },
        }
    }
}

#[test]
fn another_variant_of_a_tagged_enum_leaves_no_key_of_the_default_behind() {
    let live = load::<HasTagged>(&[], &["section.backoff={ kind = \"random\", seed = 7 }"])
        .expect("no mistake");
    assert_eq!(live.get().backoff, Tagged::Random { seed: 7 });
    let error = load::<HasTagged>(&[], &["section.backoff.sede=7"])
        .err()
        .expect("a mistake");
    assert_eq!(
        error.mistakes()[0].key().as_deref(),
        Some("section.backoff.sede"),
        "{error}"
    );
}

/// Without `#[serde(default)]`, the built-in defaults still stand.
#[derive(Serialize, Deserialize)]
struct Bare {
    host: String,
    port: u16,
}

impl Default for Bare {
    fn default() -> Self {
        Self {
            host: "a".to_owned(),
            port: 1,
        }
    }
}

#[test]
fn defaults_need_no_attribute() {
    let live = load::<Bare>(&[], &["section.port=2"]).expect("no mistake");
    assert_eq!((live.get().host.as_str(), live.get().port), ("a", 2));
}

#[test]
#[should_panic(expected = "the section [section] is taken twice")]
fn a_section_has_one_owner() {
    let mut loader = Loader::read(Sources::new("orders"));
    loader.section::<Bare>("section");
    loader.section::<Kebab>("section");
}

#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Numbered {
    by_port: std::collections::BTreeMap<u16, String>,
}

impl Default for Numbered {
    fn default() -> Self {
        Self {
            by_port: [(80, "http".to_owned())].into(),
        }
    }
}

#[test]
#[should_panic(expected = "the defaults of [section] cannot be written as TOML")]
fn keys_that_are_not_text_are_refused_at_once() {
    let _ = load::<Numbered>(&[], &[]);
}

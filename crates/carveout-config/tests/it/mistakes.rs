//! What somebody who makes a mistake gets to read. One case, one snapshot.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::world::World;

/// In every value that is secret, and in no snapshot.
const HUNTER: &str = "hunter2";

type Case = (&'static str, fn(World) -> World);

const CASES: &[Case] = &[
    // Keys and sections.
    ("unknown_key", |w| {
        w.default_toml("[grpc]\nhost = \"::1\"\nprot = 1\n")
    }),
    ("unknown_key_nothing_near", |w| {
        w.default_toml("[grpc]\nzebra = 1\n")
    }),
    ("unknown_key_nested", |w| {
        w.default_toml("[grpc.tls]\nenable = true\n")
    }),
    ("unknown_key_where_deny_unknown_fields_was_forgotten", |w| {
        w.default_toml("[telemetry]\nsampel = 0.5\n")
    }),
    ("unknown_key_in_array_of_tables", |w| {
        w.default_toml("[[service.routes]]\nhost = \"a\"\nweight = 1\n\n[[service.routes]]\nhost = \"b\"\nwieght = 2\n")
    }),
    ("unknown_key_in_two_files", |w| {
        w.default_toml("[grpc]\nprot = 1\n")
            .profile("prod", "# A comment.\n[grpc]\nprot = 2\n")
    }),
    ("unknown_key_that_holds_a_secret", |w| {
        w.default_toml("[service]\npasword = \"hunter2\"\n")
    }),
    ("key_in_the_wrong_section", |w| {
        w.default_toml("[grpc]\npool_max = 7\n")
    }),
    ("key_outside_of_every_section", |w| {
        w.default_toml("port = 1\n")
    }),
    ("unknown_section", |w| {
        w.default_toml("[database]\nurl = \"postgres://u:hunter2@db\"\n")
    }),
    ("misspelt_section", |w| w.default_toml("[grcp]\nport = 1\n")),
    ("missing_key_of_an_element", |w| {
        w.default_toml("[[service.routes]]\nhost = \"a\"\n")
    }),
    ("invalid_entry_of_a_map_whose_name_has_a_dot", |w| {
        w.default_toml("[service.upstreams.\"billing.acme\"]\nhost = \"a\"\nweight = 0\n")
    }),
    ("missing_key_of_a_map_entry", |w| {
        w.default_toml("[service.upstreams.billing]\nweight = 1\n")
    }),
    // Types.
    ("text_for_a_number", |w| {
        w.default_toml("[grpc]\nport = \"http\"\n")
    }),
    ("number_in_quotes", |w| {
        w.default_toml("[grpc]\nport = \"8080\"\n")
    }),
    ("text_for_a_bool", |w| {
        w.default_toml("[grpc]\nreflection = \"yes\"\n")
    }),
    ("number_for_a_bool", |w| {
        w.default_toml("[grpc]\nreflection = 1\n")
    }),
    ("number_for_text", |w| {
        w.default_toml("[grpc]\nhost = 127\n")
    }),
    ("bool_for_text", |w| {
        w.default_toml("[service]\ngreeting = true\n")
    }),
    ("date_for_a_number", |w| {
        w.default_toml("[grpc]\nport = 2026-01-01\n")
    }),
    ("array_for_text", |w| {
        w.default_toml("[grpc]\nhost = [\"a\"]\n")
    }),
    ("text_for_an_array", |w| {
        w.default_toml("[service]\ntags = \"a\"\n")
    }),
    ("table_for_a_number", |w| {
        w.default_toml("[grpc.port]\nnumber = 1\n")
    }),
    ("number_for_a_table", |w| {
        w.default_toml("[grpc]\ntls = 1\n")
    }),
    ("text_for_a_section", |w| {
        w.default_toml("grpc = \"localhost:1\"\n")
    }),
    ("array_for_a_section", |w| {
        w.default_toml("[[grpc]]\nport = 1\n")
    }),
    ("number_out_of_range", |w| {
        w.default_toml("[grpc]\nport = 70000\n")
    }),
    ("negative_for_unsigned", |w| {
        w.default_toml("[grpc]\nport = -1\n")
    }),
    ("float_for_a_whole_number", |w| {
        w.default_toml("[grpc]\nport = 80.5\n")
    }),
    ("number_beyond_64_bits", |w| {
        w.default_toml("[grpc]\nport = 99999999999999999999\n")
    }),
    ("element_of_the_wrong_type", |w| {
        w.default_toml("[service]\nweights = [\n  1,\n  \"two\",\n  300,\n]\n")
    }),
    ("array_of_the_wrong_length", |w| {
        w.default_toml("[service]\ncorners = [1, 2, 3]\n")
    }),
    ("element_of_a_table_in_an_array", |w| {
        w.default_toml("[[service.routes]]\nhost = \"a\"\nweight = \"x\"\n\n[[service.routes]]\nhost = 2\nweight = 2\n")
    }),
    ("enum_unknown_variant", |w| {
        w.default_toml("[telemetry]\nformat = \"jsno\"\n")
    }),
    ("enum_number", |w| {
        w.default_toml("[telemetry]\nformat = 1\n")
    }),
    ("enum_two_variants", |w| {
        w.default_toml(
            "[service.backoff]\nfixed = { millis = 1 }\nexponential = { factor = 2.0 }\n",
        )
    }),
    ("enum_wrong_value", |w| {
        w.default_toml("[service.backoff.exponential]\nfactor = \"two\"\n")
    }),
    ("option_out_of_range", |w| w.set("service.limit=70000")),
    ("long_text", |w| {
        w.default_toml(&format!("[grpc]\nport = \"{}\"\n", "long ".repeat(40)))
    }),
    // Durations.
    ("duration_without_a_unit", |w| {
        w.default_toml("[grpc]\nkeepalive = 5\n")
    }),
    ("duration_unknown_unit", |w| {
        w.default_toml("[grpc]\nkeepalive = \"5 parsecs\"\n")
    }),
    ("duration_negative", |w| {
        w.default_toml("[grpc]\nkeepalive = \"-5s\"\n")
    }),
    ("duration_empty", |w| w.env("ORDERS__GRPC__KEEPALIVE", "")),
    // Secrets.
    ("secret_file_missing", |w| {
        w.default_toml("[service]\npassword = { file = \"DIR/nowhere\" }\n")
    }),
    ("secret_file_is_a_directory", |w| {
        w.default_toml("[service]\npassword = { file = \"DIR/config\" }\n")
    }),
    ("secret_file_unreadable", |w| {
        // A loop of links is unreadable also to root, which is what a build runs as.
        std::os::unix::fs::symlink(w.path("loop"), w.path("loop")).expect("a link");
        w.default_toml("[service]\npassword = { file = \"DIR/loop\" }\n")
    }),
    ("secret_file_not_utf8", |w| {
        w.file("token", b"hunter2\xff")
            .default_toml("[service]\npassword = { file = \"DIR/token\" }\n")
    }),
    ("secret_file_empty", |w| {
        w.file("token", "\n")
            .default_toml("[service]\npassword = { file = \"DIR/token\" }\n")
    }),
    ("secret_file_huge", |w| {
        w.file("token", HUNTER.repeat(200_000))
            .default_toml("[service]\npassword = { file = \"DIR/token\" }\n")
    }),
    ("secret_file_in_the_environment_missing", |w| {
        w.env("ORDERS__SERVICE__PASSWORD__FILE", "DIR/nowhere")
    }),
    ("secret_as_text_and_as_file", |w| {
        w.env("ORDERS__SERVICE__PASSWORD", "hunter2")
            .env("ORDERS__SERVICE__PASSWORD__FILE", "DIR/token")
    }),
    ("secret_table_with_another_key", |w| {
        w.default_toml("[service]\npassword = { file = \"DIR/token\", value = \"hunter2\" }\n")
    }),
    ("secret_table_without_file", |w| {
        w.default_toml("[service]\npassword = { value = \"hunter2\" }\n")
    }),
    ("secret_as_number", |w| {
        w.default_toml("[service]\npassword = 424242\n")
    }),
    ("secret_as_array", |w| {
        w.default_toml("[service]\npassword = [\"hunter2\"]\n")
    }),
    ("secret_of_a_type_that_refuses_it", |w| {
        w.default_toml("[service]\npin = \"hunter2\"\n")
    }),
    ("secret_option_as_number", |w| {
        w.default_toml("[service]\nspare = 424242\n")
    }),
    ("number_whose_name_looks_secret", |w| {
        w.default_toml("[service]\nplain_token = \"hunter2\"\n")
    }),
    ("address_with_a_password", |w| {
        w.default_toml("[telemetry]\nformat = \"postgres://user:hunter2@db/orders\"\n")
    }),
    // The environment.
    ("env_unknown_key", |w| w.env("ORDERS__GRPC__PROT", "1")),
    ("env_unknown_section", |w| w.env("ORDERS__GRCP__PORT", "1")),
    ("env_bad_number", |w| w.env("ORDERS__GRPC__PORT", "http")),
    ("env_bad_bool", |w| w.env("ORDERS__GRPC__REFLECTION", "yes")),
    ("env_bad_element", |w| {
        w.env("ORDERS__SERVICE__WEIGHTS", "1,x")
    }),
    ("env_text_for_a_table", |w| w.env("ORDERS__GRPC", "hunter2")),
    ("env_value_not_utf8", |w| {
        w.env_os(
            "ORDERS__SERVICE__PASSWORD".into(),
            OsString::from_vec(b"hunter2\xff".to_vec()),
        )
    }),
    ("env_name_not_utf8", |w| {
        w.env_os(
            OsString::from_vec(b"ORDERS__GRPC__P\xff".to_vec()),
            "1".into(),
        )
    }),
    ("env_only_the_prefix", |w| w.env("ORDERS__", "1")),
    ("env_empty_part", |w| w.env("ORDERS__GRPC____PORT", "1")),
    ("env_one_underscore_after_the_service", |w| {
        w.env("ORDERS_GRPC__PORT", "1")
    }),
    ("env_one_underscore_after_the_section", |w| {
        w.env("ORDERS__GRPC_PORT", "1")
    }),
    ("env_one_underscore_everywhere", |w| {
        w.env("ORDERS_GRPC_PORT", "1")
    }),
    ("env_two_underscores_inside_a_key", |w| {
        w.env("ORDERS__GRPC__MAX__MESSAGE__BYTES", "1")
    }),
    ("env_three_underscores", |w| {
        w.env("ORDERS___GRPC__PORT", "1")
    }),
    ("env_same_key_in_two_cases", |w| {
        w.env("ORDERS__GRPC__PORT", "1")
            .env("orders__grpc__port", "2")
    }),
    ("env_whole_and_part", |w| {
        w.env("ORDERS__GRPC__TLS", "{ enabled = true }")
            .env("ORDERS__GRPC__TLS__ENABLED", "true")
    }),
    // --set.
    ("set_without_equals", |w| w.set("service.password hunter2")),
    ("set_without_key", |w| w.set("=1")),
    ("set_empty_part", |w| w.set("grpc..port=1")),
    ("set_twice", |w| w.set("grpc.port=1").set("grpc.port=2")),
    ("set_unknown_key", |w| w.set("grpc.prot=1")),
    ("set_unknown_section", |w| w.set("grcp.port=1")),
    ("set_bad_value", |w| w.set("grpc.port=http")),
    // Files and profiles.
    ("duplicate_key", |w| {
        w.default_toml("[grpc]\nport = 1\nhost = \"::1\"\nport = 2\n")
    }),
    ("duplicate_section", |w| {
        w.default_toml("[grpc]\nport = 1\n\n[grpc]\nport = 2\n")
    }),
    ("syntax_no_value", |w| w.default_toml("[grpc]\nport =\n")),
    ("syntax_no_quotes", |w| {
        w.default_toml("[grpc]\nhost = localhost\n")
    }),
    ("syntax_open_quote", |w| {
        w.default_toml("[service]\npassword = \"hunter2\n")
    }),
    ("syntax_open_header", |w| {
        w.default_toml("[grpc\nport = 1\n")
    }),
    ("syntax_yaml", |w| w.default_toml("grpc:\n  port: 1\n")),
    ("profile_missing", |w| {
        w.file("config/dev.toml", "")
            .file("config/prod.toml", "")
            .select("prd")
    }),
    ("profile_missing_nothing_near", |w| {
        w.file("config/dev.toml", "")
            .file("config/prod.toml", "")
            .select("canary")
    }),
    ("profile_missing_none_found", |w| w.select("prod")),
    ("profile_default", |w| w.select("default")),
    ("profile_outside_of_the_directory", |w| {
        w.select("../secrets")
    }),
    ("profile_with_its_extension", |w| {
        w.file("config/prod.toml", "").select("prod.toml")
    }),
    ("profile_empty", |w| w.select("")),
    ("profile_without_a_directory", |w| w.no_dir().select("prod")),
    ("directory_missing", |w| w.dir("nowhere")),
    ("directory_is_a_file", |w| {
        w.file("orders.toml", "").dir("orders.toml")
    }),
    ("directory_without_default", |w| {
        std::fs::create_dir(w.path("empty")).expect("a directory");
        w.dir("empty")
    }),
    ("file_is_a_directory", |w| {
        std::fs::create_dir(w.path("config/prod.toml")).expect("a directory");
        w.select("prod")
    }),
    ("file_not_utf8", |w| {
        w.file("config/default.toml", b"[grpc]\nhost = \"\xff\"\n")
    }),
    ("file_huge", |w| {
        w.default_toml(&"# hello\n".repeat(200_000))
    }),
    ("windows_line_endings", |w| {
        w.default_toml("\u{feff}[grpc]\r\nhost = \"::1\"\r\nprot = 1\r\n")
    }),
    ("not_even_meant_as_configuration", |w| {
        let words: Vec<String> = (0..500).map(|number| format!("\"{number}\"")).collect();
        w.default_toml(&format!("[service]\nweights = [{}]\n", words.join(", ")))
    }),
    // What a section says of itself, and all at once.
    ("validate", |w| {
        w.default_toml("[service]\npool_max = 5\n")
            .profile("prod", "[service]\npool_min = 6\n")
    }),
    ("validate_against_a_default", |w| {
        w.set("service.pool_max=0")
    }),
    ("several_at_once", |w| {
        w.default_toml(
            "[grpc]\nport = \"http\"\nkeepalive = 5\nprot = 1\n\n[service]\npassword = 424242\n",
        )
        .profile(
            "prod",
            "[telemetry]\nformat = \"xml\"\n\n[grcp]\nport = 1\n",
        )
        .env("ORDERS__GRPC__REFLECTION", "yes")
        .env("ORDERS_GRPC__HOST", "::1")
        .set("service.retries=many")
        .set("grpc.port")
    }),
];

#[test]
fn every_mistake_is_explained() {
    let mut failed = Vec::new();
    for (name, make) in CASES {
        let checked = catch_unwind(AssertUnwindSafe(|| {
            let world = make(World::new());
            let error = world.error();
            let text = world.portable(&error.to_string());
            for mistake in error.mistakes() {
                assert!(mistake.fix().is_some(), "no fix: {mistake}");
            }
            for shown in [
                &text,
                &world.portable(error.effective()),
                &format!("{error:?}"),
            ] {
                assert!(
                    !shown.contains(HUNTER) && !shown.contains("424242"),
                    "a secret in {shown}"
                );
            }
            insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(format!("mistake_{name}"), text);
            });
        }));
        if checked.is_err() {
            failed.push(*name);
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed: {failed:?}",
        failed.len(),
        CASES.len()
    );
}

/// A snapshot whose case is gone would otherwise stay for ever.
#[test]
fn every_snapshot_has_its_case() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots");
    let found: BTreeSet<String> = std::fs::read_dir(dir)
        .expect("the snapshots")
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            Some(
                name.strip_prefix("mistake_")?
                    .strip_suffix(".snap")?
                    .to_owned(),
            )
        })
        .collect();
    let cases: BTreeSet<String> = CASES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let odd: Vec<_> = found.symmetric_difference(&cases).collect();
    assert!(
        odd.is_empty(),
        "a snapshot without its case, or a case without its snapshot: {odd:?}"
    );
}

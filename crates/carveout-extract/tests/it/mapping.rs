//! Each row of the mapping tables, on a workspace that has a function for each
//! (`tests/fixtures/mapping`): what becomes of it, of its arguments and of what it returns.

use std::fmt::Write as _;
use std::path::Path;

use carveout_extract::boundary;
use carveout_extract::reader::read_scip;
use carveout_extract::report::{Disposition, Function, Report, Value, Verdict};

fn report_of(fixture: &str, module: &str) -> Report {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(fixture);
    let model = read_scip(&root.join("index.scip"), &root).unwrap();
    let module = model.find_module(module).unwrap();
    boundary::report(&model, &[module]).unwrap()
}

fn function<'r>(report: &'r Report, name: &str) -> &'r Function {
    let found = report
        .functions
        .iter()
        .find(|function| function.item.ends_with(name));
    found.unwrap_or_else(|| panic!("{name} is not in the report"))
}

fn written(value: &Value) -> String {
    let verdict = match value.verdict {
        Verdict::Wire => "as it is",
        Verdict::Convert => "converted",
        Verdict::Drop => "dropped",
        Verdict::Blocked => "blocked",
    };
    let proto = value.proto.as_deref().unwrap_or("-");
    let note = value
        .note
        .as_deref()
        .map(|note| format!(" ({note})"))
        .unwrap_or_default();
    format!("{} => {proto}, {verdict}{note}", value.rust)
}

fn described(report: &Report) -> String {
    let mut text = String::new();
    for function in &report.functions {
        let disposition = match &function.disposition {
            Disposition::Rpc { notes } => format!("rpc [{}]", notes.join("; ")),
            Disposition::Shared { reason } => format!("shared [{reason}]"),
            Disposition::Background { reason } => format!("background [{reason}]"),
            Disposition::Stay { reason } => format!("stay [{reason}]"),
            Disposition::Blocked { reason, suggestion } => {
                format!("blocked [{reason}] try: {suggestion}")
            }
        };
        writeln!(text, "{}: {disposition}", function.item).unwrap();
        for value in function.arguments.iter().chain(&function.result) {
            let name = if value.name.is_empty() {
                "->"
            } else {
                &value.name
            };
            writeln!(text, "    {name}: {}", written(value)).unwrap();
        }
    }
    for of in &report.types {
        let proto = of.proto.as_deref().unwrap_or("-");
        writeln!(text, "type {}: {proto}, {:?}", of.item, of.verdict).unwrap();
        for field in &of.fields {
            writeln!(text, "    {}: {}", field.name, written(field)).unwrap();
        }
    }
    text
}

#[test]
fn what_is_wireable() {
    insta::assert_snapshot!(described(&report_of("mapping", "wire")));
}

#[test]
fn what_is_not_wireable() {
    insta::assert_snapshot!(described(&report_of("mapping", "unwireable")));
}

/// The first table, row by row, so that a snapshot that is accepted in haste does not lose one.
#[test]
fn every_row_of_rust_to_proto() {
    let report = report_of("mapping", "wire");
    let rows = [
        ("takes_bool", "bool", Verdict::Wire),
        ("takes_i32", "int32", Verdict::Wire),
        ("takes_u32", "uint32", Verdict::Wire),
        ("takes_i64", "int64", Verdict::Wire),
        ("takes_u64", "uint64", Verdict::Wire),
        ("takes_f32", "float", Verdict::Wire),
        ("takes_f64", "double", Verdict::Wire),
        ("takes_i8", "int32", Verdict::Convert),
        ("takes_u8", "uint32", Verdict::Convert),
        ("takes_i16", "int32", Verdict::Convert),
        ("takes_u16", "uint32", Verdict::Convert),
        ("takes_isize", "int64", Verdict::Convert),
        ("takes_usize", "uint64", Verdict::Convert),
        ("takes_i128", "bytes", Verdict::Convert),
        ("takes_u128", "bytes", Verdict::Convert),
        ("takes_byte_array", "bytes", Verdict::Convert),
        ("takes_byte_vec", "bytes", Verdict::Wire),
        ("takes_bytes", "bytes", Verdict::Wire),
        ("takes_string", "string", Verdict::Wire),
        ("takes_str", "string", Verdict::Wire),
        ("takes_cow", "string", Verdict::Wire),
        ("takes_char", "string", Verdict::Convert),
        ("takes_path_buf", "string", Verdict::Convert),
        ("takes_vec", "repeated", Verdict::Wire),
        ("takes_hash_set", "repeated", Verdict::Convert),
        ("takes_btree_map", "map<", Verdict::Wire),
        ("takes_map_by_message", "repeated Entry", Verdict::Convert),
        ("takes_option", "optional", Verdict::Wire),
        ("takes_option_vec", "optional repeated", Verdict::Convert),
        ("takes_option_map", "optional map", Verdict::Convert),
        ("takes_option_option", "optional optional", Verdict::Convert),
        ("takes_unit_enum", "Plan", Verdict::Wire),
        ("takes_data_enum", "Payment", Verdict::Wire),
        ("takes_newtype", "string", Verdict::Convert),
        ("takes_tuple", "(", Verdict::Convert),
        ("takes_uuid", "string", Verdict::Convert),
        ("takes_url", "string", Verdict::Convert),
        ("takes_version", "string", Verdict::Convert),
        ("takes_ip_addr", "string", Verdict::Convert),
        ("takes_decimal", "string", Verdict::Convert),
        (
            "takes_date_time_utc",
            "google.protobuf.Timestamp",
            Verdict::Convert,
        ),
        (
            "takes_system_time",
            "google.protobuf.Timestamp",
            Verdict::Convert,
        ),
        (
            "takes_duration",
            "google.protobuf.Duration",
            Verdict::Convert,
        ),
        ("takes_naive_date", "string", Verdict::Convert),
        ("takes_date_time_fixed", "Moment", Verdict::Convert),
        ("takes_json", "string", Verdict::Convert),
        ("takes_secret", "string", Verdict::Convert),
        ("takes_box", "Address", Verdict::Wire),
        ("takes_arc_data", "Address", Verdict::Wire),
        ("takes_recursive", "Category", Verdict::Wire),
    ];
    for (name, proto, verdict) in rows {
        let argument = &function(&report, &format!("::{name}")).arguments[0];
        let written = argument.proto.as_deref().unwrap_or_default();
        assert!(written.starts_with(proto), "{name}: {written}, not {proto}");
        assert_eq!(argument.verdict, verdict, "{name}: {:?}", argument.note);
    }
}

#[test]
fn every_token_of_every_signature_is_resolved() {
    for module in ["wire", "unwireable"] {
        for function in report_of("mapping", module).functions {
            for value in function.arguments.iter().chain(&function.result) {
                let note = value.note.clone().unwrap_or_default();
                assert!(
                    !note.contains("does not say what"),
                    "{}: {note}",
                    function.item
                );
            }
        }
    }
}

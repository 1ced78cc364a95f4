//! Profiles of a process under load, read by a reader that is not ours.

use serde_json::Value;

use crate::foreign;
use crate::process::Greeter;
use crate::rpc::get_missing_item;
use crate::tools::{node, run_well};

/// What the reader says of a profile: its types, and what each function and those that it calls
/// come to, the largest first.
async fn read(profile: &[u8]) -> Option<(Value, Vec<(String, u64)>)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), profile).unwrap();
    let mut reader = node("pprof-format")?;
    reader.arg(foreign::script("profile.js")).arg(file.path());
    let said: Value = serde_json::from_str(&run_well(&mut reader).await).unwrap();
    let functions = serde_json::from_value(said["functions"].clone()).unwrap();
    Some((said["types"].clone(), functions))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_reader_finds_the_servers_own_code_in_the_profiles() {
    let track = format!("export {}", carveout_profile::HEAP_SETTING);
    let greeter = Greeter::start_after(&track, &[]).await;
    let grpc = greeter.grpc;
    let load = tokio::spawn(async move {
        loop {
            get_missing_item(grpc).await;
        }
    });
    let cpu = greeter.page("/debug/pprof/profile?seconds=2").await;
    let svg = greeter
        .page("/debug/pprof/profile?seconds=1&format=svg")
        .await;
    let heap = greeter.page("/debug/pprof/heap").await;
    load.abort();
    assert!(String::from_utf8(svg).unwrap().contains("carveout_grpc::"));

    let Some((types, functions)) = read(&cpu).await else {
        return;
    };
    assert_eq!(
        types,
        serde_json::json!(["samples/count", "cpu/nanoseconds"])
    );
    assert!(
        functions
            .iter()
            .any(|(name, _)| name.contains("carveout_grpc::")),
        "{functions:?}"
    );
    let (types, functions) = read(&heap).await.unwrap();
    assert_eq!(types, serde_json::json!(["inuse_space/bytes"]));
    assert!(
        functions
            .iter()
            .any(|(name, bytes)| name.contains("tokio") && *bytes > 0),
        "{functions:?}"
    );
}

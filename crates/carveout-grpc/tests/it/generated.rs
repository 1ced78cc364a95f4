//! Holds the committed code of `grpc.health.v1` to its contract.

use std::path::Path;

#[test]
fn the_committed_health_code_is_what_carveout_build_makes() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().unwrap();
    carveout_build::compile_in(
        &here.join("../../proto"),
        "grpc/health/v1/health.proto",
        out.path(),
    )
    .unwrap();
    for (made, committed) in [
        ("grpc.health.v1.rs", "src/health/generated.rs"),
        ("contract.bin", "src/health/generated.bin"),
    ] {
        let (made, committed) = (out.path().join(made), here.join(committed));
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::copy(&made, &committed).unwrap();
        }
        let same = std::fs::read(&made).unwrap() == std::fs::read(&committed).unwrap();
        assert!(
            same,
            "{} is out of date: run this test with UPDATE_GENERATED=1",
            committed.display()
        );
    }
}

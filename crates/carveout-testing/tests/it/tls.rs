//! Mutual TLS and the access policy, as foreign callers meet them: a process that is configured as
//! in production, and a policy that is enforced after it was watched.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::authority::{Authority, Issued};
use crate::foreign;
use crate::process::Greeter;
use crate::tools::{eventually, everything, program, python, run, run_well};

const SERVICE: &str = "acme.greeter.v1.GreeterService";
const CODE_PERMISSION_DENIED: i32 = 7;
/// grpcurl ends with the code of the call's status and this.
const CODE_OFFSET: i32 = 64;

struct World {
    dir: TempDir,
    ca: Authority,
}

impl World {
    fn new() -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
            ca: Authority::new("ca"),
        };
        world.write("ca.crt", &world.ca.pem);
        world.write_pair("tls", &world.ca.server());
        world
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn write_pair(&self, name: &str, issued: &Issued) {
        self.write(&format!("{name}.crt"), &issued.certificate);
        self.write(&format!("{name}.key"), &issued.key);
    }

    fn caller(&self, name: &str) {
        let issued = self.ca.caller(&format!("spiffe://acme/{name}"));
        self.write_pair(name, &issued);
    }

    fn path(&self, name: &str) -> String {
        let path: &Path = self.dir.path();
        path.join(name).to_str().unwrap().to_owned()
    }

    fn policy(&self, mode: &str, allowed: &str) -> String {
        let policy =
            format!("[[allow]]\ncallers = [\"spiffe://acme/{allowed}\"]\nmethods = [\"*\"]\n");
        let policy = self.write("policy.toml", &policy);
        format!("[access]\nmode = \"{mode}\"\npolicy_file = \"{policy}\"\n")
    }

    async fn greeter(&self, access: &str) -> Greeter {
        std::fs::create_dir_all(self.path("config")).unwrap();
        self.write("config/default.toml", access);
        let file = |key: &str, name: &str| format!("tls.{key}={}", self.path(name));
        let files = [
            file("certificate_file", "tls.crt"),
            file("key_file", "tls.key"),
            file("ca_file", "ca.crt"),
        ];
        let set: Vec<&str> = ["tls.enabled=true"]
            .into_iter()
            .chain(files.iter().map(String::as_str))
            .collect();
        Greeter::start_from(Path::new(&self.path("config")), &set).await
    }

    fn grpcurl(&self, greeter: &Greeter, who: &str, args: &[&str]) -> Option<Command> {
        let mut grpcurl = program("grpcurl")?;
        grpcurl
            .args(["-cacert", &self.path("ca.crt")])
            .args(["-cert", &self.path(&format!("{who}.crt"))])
            .args(["-key", &self.path(&format!("{who}.key"))])
            .args(["-authority", "localhost"])
            .arg(greeter.grpc.to_string())
            .args(args);
        Some(grpcurl)
    }
}

#[tokio::test]
async fn grpcurl_calls_over_mutual_tls_and_a_policy_goes_from_dark_to_enforced() {
    let world = World::new();
    world.caller("billing");
    world.caller("stranger");
    let mut greeter = world.greeter(&world.policy("dark", "billing")).await;
    let Some(mut list) = world.grpcurl(&greeter, "billing", &["list"]) else {
        return;
    };
    assert!(run_well(&mut list).await.contains(SERVICE));
    // In the dark a stranger is served, and counted.
    let mut list = world.grpcurl(&greeter, "stranger", &["list"]).unwrap();
    run_well(&mut list).await;
    let metrics = greeter.scrape().await;
    let denied = r#"guard_decisions_total{guard="access",mode="dark",outcome="denied",reason="CALLER_NOT_ALLOWED"} "#;
    let count = metrics.lines().find_map(|line| line.strip_prefix(denied));
    assert_ne!(count, Some("0"), "{metrics}");

    world.write("config/default.toml", &world.policy("enforce", "billing"));
    greeter.process.signal("HUP").await;
    greeter
        .process
        .line_with("a new access policy is in force")
        .await;
    let mut list = world.grpcurl(&greeter, "stranger", &["list"]).unwrap();
    let refused = run(&mut list).await;
    assert!(!refused.status.success(), "{}", everything(&refused));
    let get = format!("{SERVICE}/ListItems");
    let mut call = world.grpcurl(&greeter, "billing", &[&get]).unwrap();
    run_well(&mut call).await;
    // Health stays open to whoever has a certificate.
    let mut check = world
        .grpcurl(&greeter, "stranger", &["grpc.health.v1.Health/Check"])
        .unwrap();
    let checked = run(&mut check).await;
    assert_ne!(
        checked.status.code(),
        Some(CODE_OFFSET + CODE_PERMISSION_DENIED)
    );
}

#[tokio::test]
async fn pythons_grpc_is_who_its_certificate_says() {
    let world = World::new();
    world.caller("billing");
    world.caller("stranger");
    let Some(_) = python("grpc, grpc_status") else {
        return;
    };
    let mut greeter = world.greeter(&world.policy("enforce", "billing")).await;
    for (who, seen) in [
        ("billing", json!(["OK"])),
        (
            "stranger",
            json!(["PERMISSION_DENIED", "CALLER_NOT_ALLOWED", "greeter"]),
        ),
        ("nobody", json!(["UNAVAILABLE"])),
    ] {
        let mut caller = python("grpc, grpc_status").unwrap();
        caller.arg(foreign::script("mutual_tls.py"));
        caller.args([&greeter.grpc.port().to_string(), &world.path(""), who]);
        let said = run_well(&mut caller).await;
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&said).unwrap(),
            seen,
            "{who}"
        );
    }
    greeter
        .process
        .line_with("has no certificate, and one is required")
        .await;
    eventually("the metric of the certificate", async || {
        let metrics = greeter.scrape().await;
        metrics
            .contains("tls_certificate_expiry_timestamp_seconds")
            .then_some(())
    })
    .await;
}

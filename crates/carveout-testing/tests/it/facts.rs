//! The facts that the files of a stamped service repeat.

use std::fs;
use std::path::Path;

use carveout_testing::{Disagreement, facts_that_disagree};
use tempfile::TempDir;

use crate::tools::repository;

/// Each place that has a copy: the file, what stands there, and what somebody makes of it.
const COPIES: &[(&str, &str, &str)] = &[
    ("service.toml", "grpc = 25450", "grpc = 25999"),
    ("service.toml", "admin = 25451", "admin = 25999"),
    ("service.toml", "name = \"greeter\"", "name = \"other\""),
    ("service.toml", "owner = \"platform\"", "owner = \"other\""),
    (
        "service.toml",
        "availability = 0.999",
        "availability = 0.9999",
    ),
    ("config/default.toml", "port = 25450", "port = 25999"),
    ("config/default.toml", "port = 25451", "port = 25999"),
    (
        "config/default.toml",
        "lame_duck = \"5s\"",
        "lame_duck = \"9s\"",
    ),
    (
        "config/default.toml",
        "drain_timeout = \"20s\"",
        "drain_timeout = \"40s\"",
    ),
    (
        "config/default.toml",
        "flush_timeout = \"3s\"",
        "flush_timeout = \"4s\"",
    ),
    ("config/default.toml", "GREETER__SECTION", "OTHER__SECTION"),
    (
        "config/prod.toml",
        "[telemetry]",
        "[grpc]\nport = 25999\n\n[telemetry]",
    ),
    (
        "deploy/base/deployment.yaml",
        "containerPort: 25450",
        "containerPort: 25999",
    ),
    (
        "deploy/base/deployment.yaml",
        "containerPort: 25451",
        "containerPort: 25999",
    ),
    (
        "deploy/base/deployment.yaml",
        "PeriodSeconds: 30",
        "PeriodSeconds: 31",
    ),
    (
        "deploy/base/deployment.yaml",
        "path: /startupz",
        "path: /readyz",
    ),
    (
        "deploy/base/deployment.yaml",
        "path: /livez",
        "path: /healthz",
    ),
    (
        "deploy/base/deployment.yaml",
        "path: /readyz",
        "path: /livez",
    ),
    ("deploy/base/deployment.yaml", "port: admin", "port: grpc"),
    (
        "deploy/base/deployment.yaml",
        "runAsUser: 65532",
        "runAsUser: 1000",
    ),
    (
        "deploy/base/deployment.yaml",
        "runAsGroup: 65532",
        "runAsGroup: 1000",
    ),
    (
        "deploy/base/deployment.yaml",
        "name: GREETER_PROFILE",
        "name: OTHER_PROFILE",
    ),
    (
        "deploy/base/deployment.yaml",
        "io/name: greeter",
        "io/name: other",
    ),
    (
        "deploy/base/deployment.yaml",
        "AccountName: greeter",
        "AccountName: other",
    ),
    ("deploy/base/service.yaml", "  port: 25450", "  port: 25999"),
    ("deploy/base/service.yaml", "  port: 25451", "  port: 25999"),
    (
        "deploy/base/service.yaml",
        "targetPort: admin",
        "targetPort: metrics",
    ),
    (
        "deploy/base/service.yaml",
        "  name: greeter",
        "  name: other",
    ),
    (
        "deploy/base/servicemonitor.yaml",
        "port: admin",
        "port: metrics",
    ),
    (
        "deploy/base/servicemonitor.yaml",
        "path: /metrics",
        "path: /prometheus",
    ),
    (
        "deploy/base/serviceaccount.yaml",
        "  name: greeter",
        "  name: other",
    ),
    (
        "deploy/base/horizontalpodautoscaler.yaml",
        "    name: greeter",
        "    name: other",
    ),
    (
        "deploy/base/kustomization.yaml",
        "owner: \"platform\"",
        "owner: \"other\"",
    ),
    (
        "deploy/base/networkpolicy.yaml",
        "io/name: greeter",
        "io/name: other",
    ),
    ("deploy/alerts.yaml", "> 14.4 * 0.001", "> 14.4 * 0.01"),
    (
        "deploy/alerts.yaml",
        "owner: \"platform\"",
        "owner: \"other\"",
    ),
    ("deploy/alerts.yaml", "job=\"greeter\"", "job=\"other\""),
    ("deploy/alerts.yaml", "service: greeter", "service: other"),
    ("deploy/alerts.yaml", "acme[.]greeter", "shop[.]greeter"),
    ("Dockerfile", "USER 65532:65532", "USER 1000:65532"),
    ("Dockerfile", "/app/greeter\"", "/app/other\""),
    ("Dockerfile", "GREETER_CONFIG_DIR", "OTHER_CONFIG_DIR"),
    ("README.md", "GRPC=127.0.0.1:25450", "GRPC=127.0.0.1:25999"),
    (
        "README.md",
        "ADMIN=127.0.0.1:25451",
        "ADMIN=127.0.0.1:25999",
    ),
    ("README.md", "`GREETER__", "`OTHER__"),
];

/// A copy of the golden service, with the alerts that it is stamped without.
fn service() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        "service.toml",
        "Dockerfile",
        "README.md",
        "runbook.md",
        "config/default.toml",
        "config/dev.toml",
        "config/prod.toml",
    ];
    let golden = repository().join("services/greeter");
    fs::create_dir_all(dir.path().join("config")).unwrap();
    fs::create_dir_all(dir.path().join("deploy/base")).unwrap();
    let manifests = fs::read_dir(golden.join("deploy/base")).unwrap();
    let manifests = manifests.map(|file| file.unwrap().file_name().into_string().unwrap());
    let manifests = manifests.map(|file| format!("deploy/base/{file}"));
    for file in files.map(str::to_owned).into_iter().chain(manifests) {
        fs::copy(golden.join(&file), dir.path().join(file)).unwrap();
    }
    let template = repository().join("templates/service/deploy/alerts.yaml");
    let alerts = fs::read_to_string(template).unwrap();
    let answers = [
        ("{{ project-name }}", "greeter"),
        ("{{ crate_name }}", "greeter"),
        ("{{ org }}", "acme"),
        ("{{ owner }}", "platform"),
    ];
    let alerts = answers
        .iter()
        .fold(alerts, |text, (name, answer)| text.replace(name, answer));
    fs::write(dir.path().join("deploy/alerts.yaml"), alerts).unwrap();
    dir
}

fn check(root: &Path) -> Vec<Disagreement> {
    facts_that_disagree::<greeter::Config>(greeter::ABOUT, greeter_api::SERVICE_NAME, root)
}

fn edit(path: &Path, edit: impl FnOnce(String) -> String) {
    fs::write(path, edit(fs::read_to_string(path).unwrap())).unwrap();
}

#[test]
fn the_golden_service_agrees_with_itself() {
    assert_eq!(check(service().path()), []);
}

#[test]
fn a_copy_that_is_changed_alone_is_named_with_its_line() {
    for (file, from, to) in COPIES {
        let service = service();
        let path = service.path().join(file);
        edit(&path, |text| {
            assert!(text.contains(from), "{file} has no {from:?}");
            text.replacen(from, to, 1)
        });
        let found = check(service.path());
        assert!(
            !found.is_empty(),
            "{file}: {from} became {to}, and nobody says so"
        );
        for copy in found {
            // It is in the line that was changed, or decided by it.
            let text = fs::read_to_string(service.path().join(&copy.file));
            let text = text.unwrap_or_default();
            let line = text
                .lines()
                .nth(copy.line.wrapping_sub(1))
                .unwrap_or_default();
            let known = line.contains(&copy.says) || copy.file.ends_with("Cargo.toml");
            assert!(copy.line > 0 && known, "{file}: {from}: {copy}");
            assert!(copy.to_string().contains("fix: write "), "{copy}");
        }
    }
}

#[test]
fn a_copy_that_is_gone_is_missed() {
    let service = service();
    edit(
        &service.path().join("deploy/base/deployment.yaml"),
        |text| text.replace("              containerPort: 25451\n", ""),
    );
    let found = check(service.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0]
            .to_string()
            .contains("containerPort of admin is missing"),
        "{}",
        found[0]
    );
}

/// Somebody who changes the place that decides and then does what the messages say ends up with a
/// service that agrees.
#[test]
fn what_the_messages_say_is_enough() {
    for (file, from, to) in &COPIES[..10] {
        if to.contains("name =") {
            // The package's own name is a constant of this build.
            continue;
        }
        let service = service();
        edit(&service.path().join(file), |text| {
            text.replacen(from, to, 1)
        });
        for _ in 0..3 {
            for copy in check(service.path()) {
                edit(&service.path().join(&copy.file), |text| {
                    let lines = text.lines().enumerate().map(|(index, line)| {
                        match index + 1 == copy.line {
                            true => line.replace(&copy.says, &copy.wants) + "\n",
                            false => line.to_owned() + "\n",
                        }
                    });
                    lines.collect()
                });
            }
        }
        assert_eq!(check(service.path()), [], "{file}: {from} became {to}");
    }
}

//! The manifests of the golden service, as the cluster and the service itself see them.

use std::path::PathBuf;
use std::time::Duration;

use carveout::{Settings, Sources};
use carveout_testing::TestService;
use serde_json::Value;

use crate::tools::{program, python, repository, run_well};

/// Between the end of the service's own stop and the kill.
const SPARE: Duration = Duration::from_secs(2);

fn base() -> PathBuf {
    repository().join("services/greeter/deploy/base")
}

fn settings(profile: Option<&str>) -> Settings<greeter::Config> {
    let sources = Sources::new("greeter").dir(repository().join("services/greeter/config"));
    let sources = profile.into_iter().fold(sources, Sources::profile);
    Settings::load(sources).unwrap_or_else(|error| panic!("{error}"))
}

/// The deployment's `spec.template.spec`.
async fn pod() -> Option<Value> {
    let mut python = python("yaml")?;
    python
        .args([
            "-c",
            "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))",
        ])
        .arg(base().join("deployment.yaml"));
    let deployment: Value = serde_json::from_str(&run_well(&mut python).await).unwrap();
    Some(deployment["spec"]["template"]["spec"].clone())
}

#[tokio::test]
async fn the_manifests_are_valid_for_the_cluster() {
    let Some(mut validate) = program("kubernetes-validate") else {
        return;
    };
    let files = std::fs::read_dir(base()).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    // A kind of somebody else's operator, and no manifest at all.
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "yaml")
            && !file.ends_with("servicemonitor.yaml")
            && !file.ends_with("kustomization.yaml")
    });
    assert!(files.contains(&base().join("deployment.yaml")), "{files:?}");
    run_well(validate.args(["--strict", "-k", "1.37"]).args(files)).await;
}

#[tokio::test]
async fn kustomize_renders_all_of_it() {
    let Some(mut kubectl) = program("kubectl") else {
        return;
    };
    let rendered = run_well(kubectl.arg("kustomize").arg(base())).await;
    for kind in [
        "Deployment",
        "HorizontalPodAutoscaler",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
    ] {
        let kind = format!("kind: {kind}");
        assert!(
            rendered.lines().any(|line| line == kind),
            "no {kind} in\n{rendered}"
        );
    }
}

/// Needs no tool: whoever changes one of the two has to hear of it at once.
#[test]
fn the_grace_period_is_as_long_as_the_stop() {
    let deployment = std::fs::read_to_string(base().join("deployment.yaml")).unwrap();
    let grace = deployment
        .lines()
        .find_map(|line| line.trim().strip_prefix("terminationGracePeriodSeconds:"))
        .unwrap_or_else(|| panic!("{deployment}"));
    let grace = Duration::from_secs(grace.trim().parse().unwrap());
    for profile in [None, Some("prod")] {
        let stop = settings(profile).lifecycle.get();
        let stop = stop.lame_duck + stop.drain_timeout + stop.flush_timeout;
        assert_eq!(grace, stop + SPARE, "profile {profile:?}");
    }
}

#[tokio::test]
async fn the_pod_asks_what_the_service_answers() {
    let Some(pod) = pod().await else { return };
    assert_eq!(pod["enableServiceLinks"], false);
    let container = &pod["containers"][0];
    let number_of = |port: &Value| {
        let ports = container["ports"].as_array().unwrap();
        let named = ports.iter().find(|other| other["name"] == *port);
        named.map_or(port, |named| &named["containerPort"]).as_u64()
    };
    let settings = settings(Some("prod"));
    let (grpc, admin) = (settings.grpc.get().port, settings.admin.get().port);
    let declared = container["ports"].as_array().unwrap();
    for port in [grpc, admin] {
        assert!(
            declared.iter().any(|other| other["containerPort"] == port),
            "{declared:?}"
        );
    }

    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    for (probe, path) in [
        ("livenessProbe", "/livez"),
        ("readinessProbe", "/readyz"),
        ("startupProbe", "/startupz"),
    ] {
        let asks = &container[probe]["httpGet"];
        assert_eq!(asks["path"], path, "{probe}");
        assert_eq!(number_of(&asks["port"]), Some(admin.into()), "{probe}");
        assert_eq!(service.admin_get(path).await.status, 200, "{probe}");
    }
    service.stop().await;
}

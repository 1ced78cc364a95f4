//! Facts that a service's files repeat, because Kubernetes, Docker and Prometheus read no
//! `service.toml`: each copy is compared with the place that decides.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use carveout::{About, ServiceConfig, Settings, Sources};

mod lines;

use lines::{File, Found};

/// Between the end of the service's own stop and the kill.
const GRACE_BEYOND_STOP: Duration = Duration::from_secs(2);
const PROBES: [(&str, &str); 3] = [
    ("startupProbe", "/startupz"),
    ("livenessProbe", "/livez"),
    ("readinessProbe", "/readyz"),
];

/// A copy of a fact that does not say what the place says that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The file with the copy, relative to the service's folder.
    pub file: PathBuf,
    /// Its line, from one; 0 when the file has no such line.
    pub line: usize,
    /// What the copy is about, `containerPort of grpc` say.
    pub what: String,
    /// What it says; empty when it is missing.
    pub says: String,
    /// What it has to say.
    pub wants: String,
    /// The place that decides.
    pub source: &'static str,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            says,
            wants,
            source,
            ..
        } = self;
        let file = self.file.display();
        match self.line {
            0 => write!(
                f,
                "{file}: {what} is missing\n   fix: write {wants} there, as {source} says"
            ),
            line => write!(
                f,
                "{file}:{line}: {what} is {says}, but {source} says {wants}\n   fix: write {wants} in {file}:{line}, or correct {source}"
            ),
        }
    }
}

/// Compares every fact that the files of the service under test repeat (ports, name, owner, grace
/// period, probes, user of the image, prefix of the environment, objective of the alerts) with the
/// place that decides: `service.toml`, `config/`, the contract. Panics with each copy that differs.
///
/// `contract` is the API crate's `SERVICE_NAME`. Files that are not there are not missed.
pub fn assert_facts_agree<C: ServiceConfig>(about: About, contract: &str) {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into());
    let all = facts_that_disagree::<C>(about, contract, Path::new(&root));
    let all: Vec<String> = all.iter().map(Disagreement::to_string).collect();
    assert!(
        all.is_empty(),
        "{} copies differ:\n{}",
        all.len(),
        all.join("\n")
    );
}

/// What [`assert_facts_agree`] finds in the service in the folder `root`.
pub fn facts_that_disagree<C: ServiceConfig>(
    about: About,
    contract: &str,
    root: &Path,
) -> Vec<Disagreement> {
    let truth = Truth::read(root);
    let mut check = Check {
        root,
        found: Vec::new(),
    };
    check.settings::<C>(&about, &truth);
    check.ports(&truth);
    check.names(&about, &truth);
    check.owner(&truth);
    check.probes();
    check.image(&about);
    check.environment(&about);
    check.alerts(&truth, contract);
    check.found
}

/// What `service.toml` says.
struct Truth {
    name: String,
    owner: String,
    ports: [(&'static str, String); 2],
    availability: Option<f64>,
}

impl Truth {
    fn read(root: &Path) -> Self {
        let path = root.join("service.toml");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let document: toml::Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let value = |section: &str, key: &str| document.get(section).and_then(|it| it.get(key));
        let text = |section: &str, key: &str| match value(section, key) {
            Some(toml::Value::String(text)) => text.clone(),
            Some(toml::Value::Integer(number)) => number.to_string(),
            Some(other) => panic!("{}: [{section}] {key} is {other:?}", path.display()),
            None => panic!("{}: [{section}] has no `{key}`", path.display()),
        };
        Self {
            name: text("service", "name"),
            owner: text("service", "owner"),
            ports: ["grpc", "admin"].map(|port| (port, text("ports", port))),
            availability: value("slo", "availability").and_then(toml::Value::as_float),
        }
    }
}

struct Check<'a> {
    root: &'a Path,
    found: Vec<Disagreement>,
}

impl Check<'_> {
    fn file(&self, name: &str) -> Option<File> {
        File::read(self.root, name)
    }

    /// Every copy in `file` must say `wants`, and there must be one.
    fn all(
        &mut self,
        file: &str,
        what: &str,
        source: &'static str,
        wants: &str,
        copies: impl FnOnce(&File) -> Vec<Found>,
    ) {
        let Some(text) = self.file(file) else { return };
        let mut copies = copies(&text);
        if copies.is_empty() {
            copies.push(Found::default());
        }
        self.compare(file, what, source, wants, copies);
    }

    fn compare(
        &mut self,
        file: &str,
        what: &str,
        source: &'static str,
        wants: &str,
        copies: Vec<Found>,
    ) {
        let differ = copies.into_iter().filter(|copy| copy.says != wants);
        self.found.extend(differ.map(|copy| Disagreement {
            file: file.into(),
            line: copy.line,
            what: what.to_owned(),
            says: copy.says,
            wants: wants.to_owned(),
            source,
        }));
    }

    /// `config/`, with every profile: ports, and the time that a stop takes.
    fn settings<C: ServiceConfig>(&mut self, about: &About, truth: &Truth) {
        for profile in crate::config::profiles(&self.root.join("config")) {
            let sources = Sources::new(about.name).dir(self.root.join("config"));
            let sources = profile
                .iter()
                .fold(sources, |sources, profile| sources.profile(profile));
            let settings = Settings::<C>::load(sources).unwrap_or_else(|error| panic!("{error}"));
            let ports = [settings.grpc.get().port, settings.admin.get().port];
            for ((section, wants), says) in truth.ports.iter().zip(ports) {
                if says.to_string() == *wants {
                    continue;
                }
                let files = profile.iter().map(String::as_str).chain(["default"]);
                let mut files = files.map(|file| format!("config/{file}.toml"));
                let place = files.find_map(|name| {
                    let line = self.file(&name)?.setting(section, "port")?.line;
                    Some((name, line))
                });
                let (file, line) = place.unwrap_or(("config/default.toml".to_owned(), 0));
                let copy = Found {
                    line,
                    says: says.to_string(),
                };
                let what = format!("[{section}] port");
                self.compare(&file, &what, "service.toml [ports]", wants, vec![copy]);
            }
            let stop = settings.lifecycle.get();
            let stop = stop.lame_duck + stop.drain_timeout + stop.flush_timeout;
            // A pod runs with the defaults or with what is made for a cluster.
            if !matches!(profile.as_deref(), None | Some("prod")) {
                continue;
            }
            let grace = (stop + GRACE_BEYOND_STOP)
                .as_millis()
                .div_ceil(1000)
                .to_string();
            self.all(
                "deploy/base/deployment.yaml",
                "terminationGracePeriodSeconds",
                "[lifecycle] of config/ (all of it and 2 s)",
                &grace,
                |file| file.values("terminationGracePeriodSeconds"),
            );
        }
        self.found.dedup();
    }

    fn ports(&mut self, truth: &Truth) {
        for (name, port) in &truth.ports {
            let source = "service.toml [ports]";
            for (file, key) in [
                ("deploy/base/deployment.yaml", "containerPort"),
                ("deploy/base/service.yaml", "port"),
            ] {
                let what = format!("{key} of {name}");
                self.all(file, &what, source, port, |file| file.of_item(name, key));
            }
            let target = format!("targetPort of {name}");
            let source = "deploy/base/deployment.yaml";
            self.all("deploy/base/service.yaml", &target, source, name, |file| {
                file.of_item(name, "targetPort")
            });
            let variable = format!("{}=127.0.0.1:", name.to_uppercase());
            if let Some(readme) = self.file("README.md") {
                let copies = readme.after(&variable, |c| c.is_ascii_digit());
                let what = format!("the {name} port");
                self.compare("README.md", &what, "service.toml [ports]", port, copies);
            }
        }
        self.all(
            "deploy/base/servicemonitor.yaml",
            "the port",
            "deploy/base/service.yaml",
            "admin",
            |file| file.values("port"),
        );
        self.all(
            "deploy/base/servicemonitor.yaml",
            "the path",
            "the admin port",
            "/metrics",
            |file| file.values("path"),
        );
    }

    fn names(&mut self, about: &About, truth: &Truth) {
        let source = "service.toml [service]";
        let package = vec![Found {
            line: 2,
            says: about.name.to_owned(),
        }];
        self.compare(
            "Cargo.toml",
            "the package's name",
            source,
            &truth.name,
            package,
        );
        for name in lines::yaml_files(&self.root.join("deploy/base")) {
            let name = format!("deploy/base/{name}");
            let Some(file) = self.file(&name) else {
                continue;
            };
            let copies = file.values("app.kubernetes.io/name");
            self.compare(&name, "the label", source, &truth.name, copies);
            self.compare(
                &name,
                "metadata.name",
                source,
                &truth.name,
                file.below("metadata", "name"),
            );
            let accounts = file.values("serviceAccountName");
            self.compare(&name, "the account", source, &truth.name, accounts);
            self.compare(
                &name,
                "what is scaled",
                source,
                &truth.name,
                file.below("scaleTargetRef", "name"),
            );
        }
    }

    fn owner(&mut self, truth: &Truth) {
        for file in ["deploy/base/kustomization.yaml", "deploy/alerts.yaml"] {
            self.all(
                file,
                "the owner",
                "service.toml [service]",
                &truth.owner,
                |file| file.values("owner"),
            );
        }
    }

    fn probes(&mut self) {
        for (probe, path) in PROBES {
            let file = "deploy/base/deployment.yaml";
            self.all(file, probe, "the admin port", path, |file| {
                file.below(probe, "path")
            });
            self.all(file, probe, "the admin port", "admin", |file| {
                file.below(probe, "port")
            });
        }
    }

    fn image(&mut self, about: &About) {
        let Some(image) = self.file("Dockerfile") else {
            return;
        };
        let user = image.after("USER ", |c| c.is_ascii_digit() || c == ':');
        let Some((user, group)) = user.last().and_then(|user| user.says.split_once(':')) else {
            return self.all(
                "Dockerfile",
                "USER",
                "Kubernetes' runAsNonRoot",
                "65532:65532",
                |_| Vec::new(),
            );
        };
        for (key, wants) in [("runAsUser", user), ("runAsGroup", group)] {
            self.all(
                "deploy/base/deployment.yaml",
                key,
                "USER of Dockerfile",
                wants,
                |file| file.values(key),
            );
        }
        let program = format!("/app/{}", about.name);
        self.all(
            "Dockerfile",
            "ENTRYPOINT",
            "the package's name",
            &program,
            |file| file.after("ENTRYPOINT [\"", |c| c != '"'),
        );
    }

    fn environment(&mut self, about: &About) {
        let (source, wants) = ("the package's name", about.env_name());
        for (file, suffix) in [
            ("Dockerfile", "_CONFIG_DIR"),
            ("deploy/base/deployment.yaml", "_PROFILE"),
        ] {
            self.all(file, "the variables' prefix", source, &wants, |file| {
                file.prefixes(suffix)
            });
        }
        for file in ["README.md", "config/default.toml"] {
            let Some(text) = self.file(file) else {
                continue;
            };
            self.compare(
                file,
                "the variables' prefix",
                source,
                &wants,
                text.prefixes("__"),
            );
        }
    }

    fn alerts(&mut self, truth: &Truth, contract: &str) {
        let file = "deploy/alerts.yaml";
        let source = "service.toml [service]";
        self.all(file, "the job", source, &truth.name, |file| {
            file.after("job=\"", |c| c != '"')
        });
        self.all(file, "the service", source, &truth.name, |file| {
            file.values("service")
        });
        // Without its version: the next one's calls count as well.
        let package: Vec<&str> = contract.split('.').collect();
        let package = package[..package.len().saturating_sub(2)].join("[.]") + "[.].+";
        self.all(file, "the methods", "the contract", &package, |file| {
            file.after("rpc_method=~\"", |c| c != '"')
        });
        if let Some(availability) = truth.availability {
            // Beyond nine digits there is nothing but the error of a binary fraction.
            let budget = ((1.0 - availability) * 1e9).round() / 1e9;
            let source = "1 - [slo] availability of service.toml";
            self.all(
                file,
                "the error budget",
                source,
                &budget.to_string(),
                |file| file.budgets(),
            );
        }
    }
}

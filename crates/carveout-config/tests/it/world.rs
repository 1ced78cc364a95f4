//! A service's configuration in a temporary directory, and the sections that it reads.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use carveout_config::{Config, ConfigError, Invalid, Live, Loader, Secret, Sources};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Grpc {
    pub(crate) host: String,
    pub(crate) port: u16,
    #[serde(with = "carveout_config::duration")]
    pub(crate) keepalive: Duration,
    pub(crate) reflection: bool,
    pub(crate) max_message_bytes: u32,
    pub(crate) tls: Tls,
}

impl Default for Grpc {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 50051,
            keepalive: Duration::from_secs(20),
            reflection: true,
            max_message_bytes: 4_194_304,
            // Not what `Tls::default` says: a file that sets another key of the table must not
            // change this one.
            tls: Tls {
                enabled: false,
                min_version: "1.3".to_owned(),
            },
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) enabled: bool,
    pub(crate) min_version: String,
}

/// Forgets `deny_unknown_fields`, as somebody will.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Telemetry {
    pub(crate) format: Format,
    pub(crate) sample: f64,
    pub(crate) levels: BTreeMap<String, String>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            format: Format::Json,
            sample: 1.0,
            levels: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Json,
    Text,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Service {
    pub(crate) greeting: String,
    pub(crate) retries: i32,
    pub(crate) currency: Option<String>,
    pub(crate) limit: Option<u16>,
    pub(crate) tags: Vec<String>,
    pub(crate) weights: Vec<u8>,
    pub(crate) corners: [u8; 2],
    pub(crate) routes: Vec<Route>,
    pub(crate) upstreams: BTreeMap<String, Route>,
    pub(crate) backoff: Backoff,
    pub(crate) password: Secret,
    pub(crate) pin: Secret<u32>,
    pub(crate) spare: Option<Secret>,
    pub(crate) plain_token: u64,
    pub(crate) pool_min: u32,
    pub(crate) pool_max: u32,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            greeting: "hello".to_owned(),
            retries: 3,
            currency: None,
            limit: None,
            tags: Vec::new(),
            weights: vec![1, 2],
            corners: [0, 0],
            routes: Vec::new(),
            upstreams: BTreeMap::new(),
            backoff: Backoff::Fixed { millis: 100 },
            password: Secret::default(),
            pin: Secret::default(),
            spare: None,
            plain_token: 0,
            pool_min: 1,
            pool_max: 10,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) host: String,
    pub(crate) weight: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Backoff {
    Fixed { millis: u64 },
    Exponential { factor: f64 },
}

fn validate(service: &Service) -> Result<(), Invalid> {
    if service.pool_min > service.pool_max {
        return Err(Invalid::new(
            "pool_min",
            format!("is {}, more than `pool_max`", service.pool_min),
        )
        .fix("lower `pool_min` or raise `pool_max`"));
    }
    for (name, route) in &service.upstreams {
        if route.weight == 0 {
            let key = ["upstreams", name, "weight"];
            return Err(Invalid::at(key, "must be at least 1").fix("remove the upstream"));
        }
    }
    Ok(())
}

/// What the service holds once its configuration is read.
pub(crate) struct Read {
    pub(crate) grpc: Live<Grpc>,
    pub(crate) telemetry: Live<Telemetry>,
    pub(crate) service: Live<Service>,
    pub(crate) config: Config,
}

/// The sources of the service `orders`.
pub(crate) struct World {
    dir: TempDir,
    sources: Sources,
    vars: Vec<(OsString, OsString)>,
}

impl World {
    /// With a `config/default.toml` that is empty.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let config = dir.path().join("config");
        std::fs::create_dir(&config).expect("a directory in it");
        let sources = Sources::new("orders").dir(config);
        Self {
            dir,
            sources,
            vars: Vec::new(),
        }
        .file("config/default.toml", "")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes a file; `DIR` in its text stands for the temporary directory.
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let text = match std::str::from_utf8(text.as_ref()) {
            Ok(text) => text
                .replace("DIR", &self.dir.path().display().to_string())
                .into_bytes(),
            Err(_) => text.as_ref().to_vec(),
        };
        std::fs::write(self.path(path), text).expect("the file can be written");
    }

    pub(crate) fn default_toml(self, text: &str) -> Self {
        self.file("config/default.toml", text)
    }

    pub(crate) fn profile(self, name: &str, text: &str) -> Self {
        self.file(&format!("config/{name}.toml"), text).select(name)
    }

    pub(crate) fn select(self, profile: &str) -> Self {
        Self {
            sources: self.sources.profile(profile),
            ..self
        }
    }

    pub(crate) fn dir(self, path: &str) -> Self {
        let dir = self.path(path);
        Self {
            sources: self.sources.dir(dir),
            ..self
        }
    }

    /// Reads no directory.
    pub(crate) fn no_dir(self) -> Self {
        Self {
            sources: Sources::new("orders"),
            ..self
        }
    }

    pub(crate) fn env(self, name: &str, value: &str) -> Self {
        let value = value.replace("DIR", &self.dir.path().display().to_string());
        self.env_os(name.into(), value.into())
    }

    pub(crate) fn env_os(mut self, name: OsString, value: OsString) -> Self {
        self.vars.push((name, value));
        self
    }

    pub(crate) fn set(self, assignment: &str) -> Self {
        Self {
            sources: self.sources.set(assignment),
            ..self
        }
    }

    pub(crate) fn load(&self) -> Result<Read, ConfigError> {
        let mut loader = Loader::read(self.sources.clone().env(self.vars.clone()));
        let grpc = loader.section("grpc");
        let telemetry = loader.section("telemetry");
        let service = loader.section_checked("service", validate);
        Ok(Read {
            grpc,
            telemetry,
            service,
            config: loader.finish()?,
        })
    }

    pub(crate) fn read(&self) -> Read {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn error(&self) -> ConfigError {
        match self.load() {
            Ok(_) => panic!("the mistake was not found"),
            Err(error) => error,
        }
    }

    /// The text without the temporary directory's path.
    pub(crate) fn portable(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.dir.path().display()), "")
    }
}

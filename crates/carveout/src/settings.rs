use std::path::{Path, PathBuf};
use std::time::Duration;

use carveout_config::{Config, ConfigError, FromFile, Invalid, Live, Loader, Secret, Sources};
use carveout_grpc::{
    AccessPolicy, GuardMode, OverloadConfig, Priority, QuotaConfig, ServerConfig, TlsConfig,
};
use carveout_telemetry::{InitError, TelemetryConfig};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::About;
use crate::admin::is_host_name;
use crate::args::Load;

/// Of a token or a secret that others must not guess, in bytes.
const MIN_SECRET_BYTES: usize = 16;

/// A service's own section, `[service]`: a plain struct with defaults.
///
/// ```
/// use carveout::{Invalid, ServiceConfig};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(default, deny_unknown_fields)]
/// struct OrdersConfig {
///     max_page_size: u32,
/// }
///
/// impl Default for OrdersConfig {
///     fn default() -> Self {
///         Self { max_page_size: 100 }
///     }
/// }
///
/// impl ServiceConfig for OrdersConfig {
///     fn check(&self) -> Result<(), Invalid> {
///         if self.max_page_size == 0 {
///             return Err(Invalid::new("max_page_size", "must be at least 1"));
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait ServiceConfig: Serialize + DeserializeOwned + Default + Send + Sync + 'static {
    /// Refuses values that have the right type and make no sense. Called at the start and at every
    /// reload.
    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// For a service with no settings of its own.
impl ServiceConfig for () {}

/// The `[admin]` section: where the admin port listens, and to whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Address to listen on. Whoever reaches it can read everything there but profiles.
    pub host: String,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// What a caller has to have, wherever it is, to change anything or take a profile. While it is
    /// not set, whoever is on this machine (loopback) can, and nobody else.
    pub token: Secret,
    /// Names, besides addresses and `localhost`, that the port may be asked by. A page in a browser can
    /// let any other name resolve to it, so that only probes and scrapes are answered by those.
    pub allowed_hosts: Vec<String>,
}

impl AdminConfig {
    pub(crate) fn listens_as(&self, other: &AdminConfig) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
    }
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 9090,
            token: Secret::default(),
            allowed_hosts: Vec::new(),
        }
    }
}

/// The `[access]` section: who may call what. It wants mutual TLS, which says who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// `off`, `dark` (only counts what it would refuse) or `enforce`.
    pub mode: GuardMode,
    /// The file with the policy; a relative path starts from the working directory. Without one,
    /// nobody may call anything.
    pub policy_file: FromFile<AccessPolicy>,
}

/// The `[priority]` section: the order in which calls are shed under overload.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriorityConfig {
    /// Callers whose calls may be `CRITICAL_PLUS`: names and patterns as in an access policy, or
    /// `anonymous` for all without a certificate, as behind a mesh. From all others it counts as
    /// `CRITICAL`. Default: no caller.
    pub critical_plus_callers: Vec<String>,
    /// A secret that all services of a deployment share, so that they shed the same traces. Without it
    /// each process uses a random key.
    pub trace_secret: Secret,
}

/// The `[lifecycle]` section: how a stop goes. Kubernetes' `terminationGracePeriodSeconds` must be
/// longer than all of it together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifecycleConfig {
    /// How long to go on serving after readiness was taken back, so that every balancer has
    /// noticed.
    #[serde(with = "humantime_serde")]
    pub lame_duck: Duration,
    /// How long calls under way may take to end before their connections are cut.
    #[serde(with = "humantime_serde")]
    pub drain_timeout: Duration,
    /// How long the last spans and logs may take to leave.
    #[serde(with = "humantime_serde")]
    pub flush_timeout: Duration,
}

impl Default for LifecycleConfig {
    fn default() -> Self {
        Self {
            lame_duck: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(20),
            flush_timeout: Duration::from_secs(3),
        }
    }
}

/// Every section of a service, loaded and valid.
pub struct Settings<C> {
    /// The handle that prints and reloads all of it.
    pub config: Config,
    /// `[grpc]`
    pub grpc: Live<ServerConfig>,
    /// `[admin]`
    pub admin: Live<AdminConfig>,
    /// `[telemetry]`
    pub telemetry: Live<TelemetryConfig>,
    /// `[lifecycle]`
    pub lifecycle: Live<LifecycleConfig>,
    /// `[tls]`
    pub tls: Live<TlsConfig>,
    /// `[access]`
    pub access: Live<AccessConfig>,
    /// `[quota]`
    pub quota: Live<QuotaConfig>,
    /// `[overload]`
    pub overload: Live<OverloadConfig>,
    /// `[priority]`
    pub priority: Live<PriorityConfig>,
    /// `[service]`
    pub service: Live<C>,
}

impl<C: ServiceConfig> Settings<C> {
    /// Loads all sections; the error lists every mistake.
    pub fn load(sources: Sources) -> Result<Self, ConfigError> {
        let mut loader = Loader::read(sources);
        let grpc = loader.section_checked("grpc", check_grpc);
        let admin = loader.section_checked("admin", check_admin);
        let telemetry = loader.section_checked("telemetry", check_telemetry);
        let lifecycle = loader.section("lifecycle");
        let tls = loader.section_checked("tls", check_tls);
        let access = loader.section("access");
        let quota = loader.section_checked("quota", check_quota);
        let overload = loader.section_checked("overload", check_overload);
        let priority = loader.section_checked("priority", check_priority);
        let service = loader.section_checked("service", C::check);
        Ok(Self {
            config: loader.finish()?,
            grpc,
            admin,
            telemetry,
            lifecycle,
            tls,
            access,
            quota,
            overload,
            priority,
            service,
        })
    }
}

/// How the sections of the kit's crates name a key, and what it must be.
fn invalid((key, problem): (&'static str, &'static str)) -> Invalid {
    Invalid::new(key, problem)
}

fn check_grpc(config: &ServerConfig) -> Result<(), Invalid> {
    config.check().map_err(invalid)
}

fn check_admin(config: &AdminConfig) -> Result<(), Invalid> {
    if let Some(host) = config.allowed_hosts.iter().find(|it| !is_host_name(it)) {
        let problem = format!(
            "has {host:?}; write names without scheme and port, as in orders.acme.internal"
        );
        return Err(Invalid::new("allowed_hosts", problem));
    }
    let token = config.token.expose();
    let problem = if !config.token.is_set() {
        return Ok(());
    } else if token.len() < MIN_SECRET_BYTES {
        format!("is guessed too soon; it must have at least {MIN_SECRET_BYTES} characters")
    } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        "must be of letters, digits and signs of ASCII, without spaces, to fit into a header".into()
    } else {
        return Ok(());
    };
    Err(Invalid::new("token", problem))
}

fn check_tls(config: &TlsConfig) -> Result<(), Invalid> {
    config.check().map_err(invalid)
}

fn check_quota(config: &QuotaConfig) -> Result<(), Invalid> {
    config.check().map_err(|error| {
        let key = error.key.iter().map(String::as_str);
        Invalid::at(key, error.problem.as_str())
    })
}

fn check_overload(config: &OverloadConfig) -> Result<(), Invalid> {
    config.check().map_err(invalid)
}

fn check_priority(config: &PriorityConfig) -> Result<(), Invalid> {
    Priority::check(&config.critical_plus_callers)
        .map_err(|error| Invalid::new("critical_plus_callers", format!("has {error}")))?;
    let secret = &config.trace_secret;
    if secret.is_set() && secret.expose().len() < MIN_SECRET_BYTES {
        let problem =
            format!("is guessed too soon; it must have at least {MIN_SECRET_BYTES} characters");
        return Err(Invalid::new("trace_secret", problem));
    }
    Ok(())
}

fn check_telemetry(config: &TelemetryConfig) -> Result<(), Invalid> {
    config.check().map_err(|error| match error {
        InitError::LogLevel(why) => Invalid::new("log_level", why.to_string()),
        InitError::SampleRatio(_) => Invalid::new("sample_ratio", "must be from 0 to 1"),
        InitError::OtlpTimeout => Invalid::new("otlp_timeout", "must be above zero"),
        InitError::OtlpEndpoint(why) => Invalid::new("otlp_endpoint", why),
        other => Invalid::new("", other.to_string()),
    })
}

/// Where a process finds its configuration: see `--help`.
pub(crate) fn process_sources(about: &About, load: Load) -> Sources {
    let env = |suffix: &str| std::env::var_os(format!("{}_{suffix}", about.env_name()));
    let mut sources = Sources::new(about.name).env(std::env::vars_os());
    if let Some(dir) = load
        .config_dir
        .or_else(|| env("CONFIG_DIR").map(PathBuf::from))
        .or_else(usual_config_dir)
    {
        sources = sources.dir(dir);
    }
    let profile = load
        .profile
        .or_else(|| env("PROFILE").map(|profile| profile.to_string_lossy().into_owned()));
    if let Some(profile) = profile {
        sources = sources.profile(profile);
    }
    load.set.into_iter().fold(sources, Sources::set)
}

/// Under `cargo run` the crate's own folder, whatever the current one is; else `./config`, if it is
/// there.
fn usual_config_dir() -> Option<PathBuf> {
    let of_crate = std::env::var_os("CARGO_MANIFEST_DIR").map(|dir| Path::new(&dir).join("config"));
    of_crate
        .into_iter()
        .chain([PathBuf::from("config")])
        .find(|dir| dir.is_dir())
}

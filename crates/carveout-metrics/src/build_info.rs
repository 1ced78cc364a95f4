use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// What is running: the labels of `build_info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildInfo {
    /// The name of the service.
    pub service: String,
    /// Its version.
    pub version: String,
    /// The commit that it was built from, or `unknown`.
    pub commit: String,
}

impl BuildInfo {
    pub(crate) fn register(self, registry: &mut Registry) {
        let labels = vec![
            ("service", self.service),
            ("version", self.version),
            ("commit", self.commit),
        ];
        registry.register("build", "What is running, always 1", Info::new(labels));
    }
}

use super::series::Series;
use super::{Call, Side};
use crate::Metrics;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// The label of every method that was not named at construction.
pub const OTHER: &str = "_OTHER";

/// Counts and times the calls of one server, or of one client, to a fixed set of methods. A handle,
/// cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct RpcMetrics(Option<Arc<Methods>>);

#[derive(Debug)]
struct Methods {
    index: HashMap<String, usize>,
    named: Vec<Arc<Series>>,
    other: Arc<Series>,
}

impl RpcMetrics {
    /// Measures nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Measures calls that this process answers, to methods that are each named
    /// `package.Service/Method`.
    ///
    /// What several of these have in common is counted in one place.
    pub fn server<M: AsRef<str>>(metrics: &Metrics, methods: impl IntoIterator<Item = M>) -> Self {
        Self::new(metrics, Side::Server, methods)
    }

    /// Measures calls that this process makes, to methods that are each named
    /// `package.Service/Method`.
    ///
    /// What several of these have in common is counted in one place.
    pub fn client<M: AsRef<str>>(metrics: &Metrics, methods: impl IntoIterator<Item = M>) -> Self {
        Self::new(metrics, Side::Client, methods)
    }

    fn new<M: AsRef<str>>(
        metrics: &Metrics,
        side: Side,
        methods: impl IntoIterator<Item = M>,
    ) -> Self {
        let families = metrics.families(side);
        let named: Vec<_> = methods
            .into_iter()
            .map(|method| families.series(method.as_ref()))
            .collect();
        let index = named
            .iter()
            .enumerate()
            .map(|(index, series)| (series.method.clone(), index));
        Self(Some(Arc::new(Methods {
            index: index.collect(),
            other: families.series(OTHER),
            named,
        })))
    }

    /// The position of the method that a request's path (`/package.Service/Method`) names, in the
    /// order of construction.
    pub fn index_of(&self, path: &str) -> Option<usize> {
        self.0.as_ref()?.index.get(path.strip_prefix('/')?).copied()
    }

    /// The name of the method at `index`, without the slash of the path.
    pub fn method_name(&self, index: usize) -> Option<&str> {
        Some(&self.0.as_ref()?.named.get(index)?.method)
    }

    /// A call has started: it counts as started and as active at once, and ends with the [`Call`].
    ///
    /// Without an index, or with one that names no method, it counts as [`OTHER`].
    pub fn start(&self, index: Option<usize>) -> Call {
        self.start_at(Instant::now(), index)
    }

    /// The same for whoever has just read the clock.
    pub fn start_at(&self, now: Instant, index: Option<usize>) -> Call {
        let series = self.0.as_ref().map(|methods| {
            let named = index.and_then(|index| methods.named.get(index));
            named.unwrap_or(&methods.other).clone()
        });
        Call::start(series, now)
    }
}

use crate::Metrics;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use std::panic;
use std::sync::Once;

/// The counter, and whether the hook is there that counts.
#[derive(Debug)]
pub(crate) struct Panics {
    counter: Counter,
    hooked: Once,
}

impl Default for Panics {
    fn default() -> Self {
        Self {
            counter: Counter::default(),
            hooked: Once::new(),
        }
    }
}

impl Panics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Panics in the process, caught or not";
        registry.register("panics", help, self.counter.clone());
    }
}

/// Counts every panic of the process in `panics_total`, then does what the hook before it did.
///
/// A panic that is caught is counted too: the hook runs first. Calling this again for the same
/// metrics changes nothing.
pub fn install_panic_hook(metrics: &Metrics) {
    let Panics { counter, hooked } = metrics.panics();
    hooked.call_once(|| {
        let counter = counter.clone();
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            counter.inc();
            previous(info);
        }));
    });
}

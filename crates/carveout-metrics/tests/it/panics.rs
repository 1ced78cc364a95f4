use crate::scrape::{metrics, value};
use carveout_metrics::install_panic_hook;
use std::panic::catch_unwind;

/// One test, as there is one panic hook. Panics of other tests would be counted here too: they are
/// failures already.
#[test]
fn a_panic_is_counted_once_and_reported_as_before() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let reported = Arc::new(AtomicUsize::new(0));
    let of_hook = reported.clone();
    std::panic::set_hook(Box::new(move |_| {
        of_hook.fetch_add(1, Ordering::Relaxed);
    }));

    let metrics = metrics();
    let panics = || value(&metrics.encode(None).body, "panics_total");
    assert_eq!(panics(), Some(0.0));
    install_panic_hook(&metrics);
    install_panic_hook(&metrics.clone());
    catch_unwind(|| panic!("caught")).expect_err("it panicked");
    let after = (panics(), reported.load(Ordering::Relaxed));
    // The next failure is to be seen.
    let _ = std::panic::take_hook();
    assert_eq!(after, (Some(1.0), 1));
}

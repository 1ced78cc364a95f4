//! What the log says of a connection.

use std::fmt::Write as _;
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Collect;

impl<S: tracing::Subscriber> Layer<S> for Collect {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut line = String::new();
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                let _ = write!(line, "{field}={value:?} ");
            },
        );
        LINES.lock().unwrap().push(line);
    }
}

/// From here on lines are kept.
pub(crate) fn keep() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let collect = tracing_subscriber::registry().with(Collect);
        tracing::subscriber::set_global_default(collect).unwrap();
    });
}

/// Waits for the line that has `words` in it, and takes it: a later one with the same words, of a caller
/// that got the port of an earlier one say, is another.
pub(crate) async fn line(words: &str) -> String {
    let begun = Instant::now();
    loop {
        {
            let mut lines = LINES.lock().unwrap();
            if let Some(at) = lines.iter().position(|line| line.contains(words)) {
                return lines.remove(at);
            }
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "no line has {words:?}"
        );
        tokio::task::yield_now().await;
    }
}

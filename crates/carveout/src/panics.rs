use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

use crate::stderr;

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Turns a panic of `work` into an error that has its words, and keeps the hooks of this module silent.
///
/// For code that panics where it should fail: tokio's runtimes do, when a thread cannot be started.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    EXPECTED.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(false);
    done.map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        words.unwrap_or("a panic without words").to_owned()
    })
}

/// Before logging is set up, a panic is one line on standard error. The standard library's hook would block
/// there on a full pipe.
pub(crate) fn print_panics(service: &'static str) {
    panic::set_hook(Box::new(move |panic| {
        if EXPECTED.get() {
            return;
        }
        let what = panic.payload_as_str().unwrap_or("a panic without words");
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        stderr::line(format_args!("{service}: panicked at {place}: {what}"));
    }));
}

/// A panic goes to the log as everything else does, under the id of the trace that it happened in.
pub(crate) fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        if EXPECTED.get() {
            return;
        }
        let what = panic.payload_as_str().unwrap_or("a panic without words");
        let place = panic.location().map(ToString::to_string);
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
        tracing::error!(
            place,
            backtrace = backtrace.as_ref().map(tracing::field::display),
            thread = std::thread::current().name(),
            "panicked: {what}"
        );
    }));
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use carveout_telemetry::{ServiceInfo, TelemetryConfig, dispatch};

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_json_line_with_its_words_place_and_thread() {
        let info = ServiceInfo {
            name: "test".into(),
            version: "0".into(),
        };
        let output = Output::default();
        let config = TelemetryConfig::default();
        let (log, telemetry) = dispatch(&config, info, output.clone()).unwrap();
        let before = std::panic::take_hook();
        super::log_panics();
        let panicking = std::thread::Builder::new().name("worker-7".into());
        let panicked = panicking.spawn(move || {
            tracing::dispatcher::with_default(&log, || {
                tracing::info_span!("call").in_scope(|| panic!("boom {}", 7))
            })
        });
        assert!(panicked.unwrap().join().is_err());
        std::panic::set_hook(before);

        telemetry.shutdown(Duration::from_secs(10));
        let text = String::from_utf8(output.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        assert_eq!(line["message"], "panicked: boom 7", "{line}");
        assert_eq!(line["level"], "ERROR");
        assert!(line["place"].as_str().unwrap().contains("panics.rs:"));
        assert_eq!(line["thread"], "worker-7");
    }
}

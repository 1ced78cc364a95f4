use carveout_telemetry::{ServiceInfo, Telemetry, TelemetryConfig, dispatch};
use serde_json::Value;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing::dispatcher::with_default;

pub(crate) const SOON: Duration = Duration::from_secs(10);
pub(crate) const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub(crate) fn service() -> ServiceInfo {
    ServiceInfo {
        name: "orders".to_owned(),
        version: "1.2.0".to_owned(),
    }
}

#[derive(Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("not poisoned").clone()).expect("UTF-8")
    }
}

/// Runs `work` under telemetry of its own, and returns what it logged.
pub(crate) fn logged(config: &TelemetryConfig, work: impl FnOnce(&Telemetry)) -> String {
    let output = Output::default();
    let (dispatch, telemetry) =
        dispatch(config, service(), output.clone()).expect("the configuration is good");
    with_default(&dispatch, || work(&telemetry));
    assert!(telemetry.shutdown(SOON).is_complete());
    output.text()
}

/// The same as JSON, an object for each line.
pub(crate) fn lines(config: &TelemetryConfig, work: impl FnOnce(&Telemetry)) -> Vec<Value> {
    let text = logged(config, work);
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

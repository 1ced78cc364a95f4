use http::StatusCode;
use serde_json::json;

use super::Admin;
use super::page::{Page, json, ok, parameter, text};
use crate::threads;

impl Admin {
    /// On a thread of its own: files can take as long as what they lie on likes, and the port has one
    /// thread.
    pub(super) async fn reload(&self) -> Page {
        let reloader = self.reloader.clone();
        let reloaded = match threads::run("reload", move || reloader.reload()).await {
            Ok(reloaded) => reloaded,
            Err(error) => {
                let said = format!("the reload failed: {error}\n");
                return text(StatusCode::INTERNAL_SERVER_ERROR, said);
            }
        };
        match reloaded {
            Ok(done) => json(
                StatusCode::OK,
                &json!({ "in_force": done.in_force, "after_restart": done.after_restart }),
            ),
            Err(error) => text(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("{error}\nthe last good configuration stays\n"),
            ),
        }
    }

    pub(super) fn log_level(&self) -> Page {
        match &self.reloader.log {
            Some(log) => ok(format!("{}\n", log.current())),
            None => no_log_control(),
        }
    }

    /// The filter and its duration come in the query or, for a filter too long for one, in the
    /// body.
    pub(super) fn set_log_level(&self, query: &str, body: &[u8]) -> Page {
        let Some(log) = &self.reloader.log else {
            return no_log_control();
        };
        let filter = parameter(query, "filter")
            .unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
        let wanted =
            match parameter(query, "for").map(|text| (humantime::parse_duration(&text), text)) {
                None => carveout_telemetry::DEFAULT_OVERRIDE,
                Some((Ok(wanted), _)) => wanted,
                Some((Err(error), given)) => {
                    return text(
                        StatusCode::BAD_REQUEST,
                        format!("for={given}: {error}; write a duration such as 10m\n"),
                    );
                }
            };
        match log.set(&filter, wanted) {
            Ok(()) => ok(format!("{}\n", log.current())),
            Err(error) => text(StatusCode::BAD_REQUEST, format!("{error}\n")),
        }
    }
}

fn no_log_control() -> Page {
    text(
        StatusCode::NOT_IMPLEMENTED,
        "this process set up its logging by itself\n",
    )
}

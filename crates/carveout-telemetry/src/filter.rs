//! Which events and spans there are at all.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;

/// Spans down to this level are part of the trace, whatever is logged: the trace id of a request
/// must not depend on the log level.
pub(crate) const SPAN_LEVEL: Level = Level::INFO;

/// What the rest gets when a filter names targets only.
const REST: LevelFilter = LevelFilter::INFO;

/// A log filter that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// The filter is empty.
    #[error("the log filter is empty: write a level, as in `info`, or `info,orders::db=debug`")]
    Empty,
    /// What should be a level is none.
    #[error(
        "`{0}` names no log level: use off, error, warn, info, debug or trace, or TARGET=LEVEL"
    )]
    Level(String),
    /// A part names a level, but no target.
    #[error("`{0}` lacks the target before the `=`")]
    Target(String),
    /// There are two levels without a target.
    #[error("`{0}` and `{1}` both set the level of everything: keep one, or name a target")]
    Twice(String, String),
}

/// A log filter, and the text that it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    text: String,
    targets: Targets,
}

impl Filter {
    /// `Targets` parses the same grammar, but takes `debgu` for the name of a target that is to log
    /// everything.
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        let mut targets = Targets::new();
        let mut rest: Option<&str> = None;
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        for part in parts {
            match part.split_once('=') {
                Some((target, level)) => {
                    let (target, level) = (target.trim(), level.trim());
                    if target.is_empty() {
                        return Err(FilterError::Target(part.to_owned()));
                    }
                    targets = targets.with_target(target, parse_level(part, level)?);
                }
                None => {
                    targets = targets.with_default(parse_level(part, part)?);
                    if let Some(first) = rest.replace(part) {
                        return Err(FilterError::Twice(first.to_owned(), part.to_owned()));
                    }
                }
            }
        }
        if rest.is_none() {
            if targets.iter().next().is_none() {
                return Err(FilterError::Empty);
            }
            targets = targets.with_default(REST);
        }
        Ok(Self {
            text: text.trim().to_owned(),
            targets,
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// By name only: `LevelFilter` would read `3` as `info`.
fn parse_level(part: &str, level: &str) -> Result<LevelFilter, FilterError> {
    let named = level.bytes().all(|byte| byte.is_ascii_alphabetic()) && !level.is_empty();
    let parsed = level.parse().ok().filter(|_| named);
    parsed.ok_or_else(|| FilterError::Level(part.to_owned()))
}

/// The filter in force. A layer of the subscriber holds one handle, [`crate::LogControl`] the
/// other.
#[derive(Clone)]
pub(crate) struct ActiveFilter(Arc<RwLock<Targets>>);

impl ActiveFilter {
    pub(crate) fn new(filter: &Filter) -> Self {
        Self(Arc::new(RwLock::new(filter.targets.clone())))
    }

    pub(crate) fn set(&self, filter: &Filter) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = filter.targets.clone();
        // Every place in the code that logs remembers whether it is wanted. It has to ask again.
        tracing_core::callsite::rebuild_interest_cache();
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.is_span() {
            return *metadata.level() <= SPAN_LEVEL;
        }
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        targets.would_enable(metadata.target(), metadata.level())
    }
}

impl<S: Subscriber> Layer<S> for ActiveFilter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // The answer holds until the next `set`, so that an event that is not wanted costs one
        // load.
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let events = targets
            .iter()
            .map(|(_, level)| level)
            .max()
            .unwrap_or(LevelFilter::OFF);
        let rest = targets.default_level().unwrap_or(LevelFilter::OFF);
        Some(events.max(rest).max(SPAN_LEVEL.into()))
    }
}

impl fmt::Debug for ActiveFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActiveFilter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;
    use tracing::Level;

    #[track_caller]
    fn wants(filter: &str, target: &str, level: Level) -> bool {
        Filter::parse(filter)
            .expect(filter)
            .targets
            .would_enable(target, &level)
    }

    #[test]
    fn the_most_specific_target_decides() {
        let filter = " warn , orders=info, orders::db = TRACE ";
        assert!(wants(filter, "h2", Level::WARN));
        assert!(!wants(filter, "h2", Level::INFO));
        assert!(wants(filter, "orders::rpc", Level::INFO));
        assert!(wants(filter, "orders::db::pool", Level::TRACE));
        assert!(!wants("off", "orders", Level::ERROR));
    }

    #[test]
    fn targets_alone_leave_the_rest_at_info() {
        assert!(wants("orders::db=debug", "h2", Level::INFO));
        assert!(!wants("orders::db=debug", "h2", Level::DEBUG));
    }

    #[test]
    fn mistakes_are_explained() {
        for (filter, expected) in [
            (
                "",
                "the log filter is empty: write a level, as in `info`, or `info,orders::db=debug`",
            ),
            (
                " , ",
                "the log filter is empty: write a level, as in `info`, or `info,orders::db=debug`",
            ),
            (
                "debgu",
                "`debgu` names no log level: use off, error, warn, info, debug or trace, or TARGET=LEVEL",
            ),
            (
                "3",
                "`3` names no log level: use off, error, warn, info, debug or trace, or TARGET=LEVEL",
            ),
            (
                "orders=",
                "`orders=` names no log level: use off, error, warn, info, debug or trace, or TARGET=LEVEL",
            ),
            ("=debug", "`=debug` lacks the target before the `=`"),
            (
                "info,debug",
                "`info` and `debug` both set the level of everything: keep one, or name a target",
            ),
            (
                "a=b=c",
                "`a=b=c` names no log level: use off, error, warn, info, debug or trace, or TARGET=LEVEL",
            ),
        ] {
            let error = Filter::parse(filter).expect_err(filter);
            assert_eq!(error.to_string(), expected);
        }
    }
}

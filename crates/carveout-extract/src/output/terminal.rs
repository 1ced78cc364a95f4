//! What the terminal can show.

use std::io::IsTerminal;

use super::text::Style;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Even into a file
    Always,
    /// Not at all
    Never,
}

/// What a file or a pipe gets: nothing is cut, so that `grep` finds it.
const UNBOUNDED: usize = 10_000;

/// The style for what goes to the standard output, or to a file if `to_file`.
#[must_use]
pub fn style(color: Color, to_file: bool) -> Style {
    let terminal = !to_file && std::io::stdout().is_terminal();
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    };
    let width = columns().or_else(|| measured().filter(|_| terminal));
    let unknown = if terminal { 80 } else { UNBOUNDED };
    Style {
        color,
        width: width.unwrap_or(unknown),
        all: false,
    }
}

fn is_set(name: &str) -> bool {
    // By no-color.org: set, and not empty.
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

fn measured() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size()?;
    Some(usize::from(width.0))
}

//! What a person sees while a child runs: how long, how much memory, doing what.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// A line on standard error; rewritten on a terminal, and now and then a new one elsewhere.
pub(super) struct Progress {
    what: &'static str,
    began: Instant,
    shown: Option<Instant>,
    terminal: bool,
    drawn: bool,
    peak: u64,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            began: Instant::now(),
            shown: None,
            terminal: stderr().is_terminal(),
            drawn: false,
            peak: 0,
        }
    }

    /// Shows how the process group `group` is getting on, if it is time to.
    pub(super) fn show(&mut self, group: u32, last: Option<&str>) {
        let every = Duration::from_secs(if self.terminal { 1 } else { 10 });
        let since = self.shown.unwrap_or(self.began);
        if since.elapsed() < every {
            return;
        }
        self.shown = Some(Instant::now());
        let mut line = format!("{}: {}", self.what, duration(self.began.elapsed()));
        if let Some(bytes) = resident(group) {
            self.peak = self.peak.max(bytes);
            line.push_str(&format!(", {}", size(bytes)));
        }
        if let Some(last) = last.filter(|last| !super::log::is_noise(last)) {
            let last: String = last.trim().chars().take(70).collect();
            line.push_str(&format!("  {last}"));
        }
        let mut to = stderr().lock();
        // Nobody is told that a progress line could not be written: there is nowhere to tell it.
        let _ = if self.terminal {
            self.drawn = true;
            write!(to, "\r\x1b[2K{line}").and_then(|()| to.flush())
        } else {
            writeln!(to, "{line}")
        };
    }

    /// Takes the line off a terminal.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut to = stderr().lock();
            let _ = write!(to, "\r\x1b[2K").and_then(|()| to.flush());
        }
    }

    /// `1m 3s, at most 4.1 GB`.
    pub(super) fn summary(&self) -> String {
        let time = duration(self.began.elapsed());
        match self.peak {
            0 => time,
            peak => format!("{time}, at most {}", size(peak)),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Seconds are enough.
pub(super) fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..60 => format!("{seconds}s"),
        seconds => format!("{}m {}s", seconds / 60, seconds % 60),
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        more => format!("{:.1} GB", more as f64 / 1e9),
    }
}

/// The memory of all processes of a group, where the system has /proc.
fn resident(group: u32) -> Option<u64> {
    let page = rustix::param::page_size() as u64;
    let mut pages = 0;
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let is_process = entry
            .file_name()
            .as_encoded_bytes()
            .first()
            .is_some_and(u8::is_ascii_digit);
        if is_process {
            // A process may end between the two looks.
            pages += pages_in(&entry.path(), group).unwrap_or_default();
        }
    }
    (pages > 0).then_some(pages * page)
}

/// `stat` is `PID (NAME) STATE PARENT GROUP …`, and a name may have spaces and brackets; `statm` has
/// the resident pages second.
fn pages_in(process: &std::path::Path, group: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    let of: u32 = after.split_whitespace().nth(2)?.parse().ok()?;
    if of != group {
        return None;
    }
    let statm = std::fs::read_to_string(process.join("statm")).ok()?;
    statm.split_whitespace().nth(1)?.parse().ok()
}

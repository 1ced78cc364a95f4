//! A child that has an end: its own, the time-out's, or Ctrl-C's.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::progress::Progress;
use super::signals::Signals;
use crate::error::{Error, Kind, Result};

/// How a child ended, and what it said on the way.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) lines: Vec<String>,
}

impl Ended {
    /// The last lines that say something, for an error.
    pub(super) fn last_lines(&self) -> String {
        const FEW: usize = 15;
        let said: Vec<&str> = self
            .lines
            .iter()
            .map(|line| line.trim_end())
            .filter(|line| !line.is_empty() && !super::log::is_noise(line))
            .collect();
        let from = said.len().saturating_sub(FEW);
        said[from..].join("\n  ")
    }
}

/// Until when a child may run, and what that is called in an error.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) whole: Duration,
    pub(super) until: Instant,
}

impl Limit {
    pub(super) fn from_now(whole: Duration) -> Self {
        let now = Instant::now();
        let forever = Duration::from_secs(60 * 60 * 24 * 365);
        Self {
            whole,
            until: now.checked_add(whole).unwrap_or(now + forever),
        }
    }
}

/// How often the child, the clock and Ctrl-C are looked at.
const TICK: Duration = Duration::from_millis(50);

/// Runs `command` in a process group of its own, so that whatever it started ends with it.
pub(super) fn supervise(
    command: &mut Command,
    limit: Limit,
    signals: &Signals,
    progress: &mut Progress,
) -> Result<Ended> {
    let name = command.get_program().to_owned();
    let name = std::path::Path::new(&name);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .env("RUST_BACKTRACE", "0")
        .process_group(0)
        .spawn()
        .map_err(|error| Error::io("run", name, error))?;
    let lines = child.stderr.take().map(read_lines);
    let mut group = Group(child);
    let mut said = Vec::new();
    let status = loop {
        signals.check()?;
        if Instant::now() >= limit.until {
            let message = format!(
                "{} did not end within {}",
                name.display(),
                super::progress::duration(limit.whole)
            );
            return Err(Error::new(Kind::Io, message)
                .help("give it longer, for example --timeout 2h; nothing was left half-written"));
        }
        progress.show(group.0.id(), said.last().map(String::as_str));
        wait(lines.as_ref(), TICK, &mut said);
        let ended = group.0.try_wait();
        if let Some(status) = ended.map_err(|error| Error::io("wait for", name, error))? {
            break status;
        }
    };
    // What it wrote last is on its way. A grandchild may hold the other end open for ever.
    while wait(lines.as_ref(), TICK * 4, &mut said) {}
    progress.clear();
    Ok(Ended {
        status,
        lines: said,
    })
}

/// The next line, or time that passed; whether there was a line.
fn wait(lines: Option<&Receiver<String>>, time: Duration, said: &mut Vec<String>) -> bool {
    // A broken dependency can print without end.
    const MOST: usize = 20_000;
    match lines.map(|lines| lines.recv_timeout(time)) {
        Some(Ok(line)) => {
            if said.len() >= MOST {
                said.drain(..MOST / 2);
            }
            said.push(line);
            true
        }
        Some(Err(RecvTimeoutError::Timeout)) => false,
        // It closed its end and still runs, or is about to end.
        Some(Err(RecvTimeoutError::Disconnected)) | None => {
            std::thread::park_timeout(time);
            false
        }
    }
}

fn read_lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = sync_channel(1024);
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if send.send(text).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}

/// A child whose whole process group ends with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // Of one that ended by itself, what it left running. There is nothing to do if that fails: the
        // group is gone then.
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

//! Lines on standard error, written with a timeout.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long a line may take. A reader of the pipe that has stopped must not hold the start or the end
/// of the process, nor its answer to a signal.
const WRITE_TIMEOUT: Duration = Duration::from_millis(250);

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Writes `text` and a line break, and returns after [`WRITE_TIMEOUT`] at the latest. What has not been
/// written by then is counted as dropped.
pub(crate) fn line(text: impl Display) {
    let line = format!("{text}\n");
    if !write_within(WRITE_TIMEOUT, &line) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many lines were not written.
pub(crate) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

fn write_within(timeout: Duration, line: &str) -> bool {
    let (written, outcome) = mpsc::channel();
    let owned = line.to_owned();
    let writer = move || {
        let _ = written.send(write(&owned).is_ok());
    };
    // Polling first is not enough: another writer may fill the pipe before the write. A blocked thread is
    // abandoned.
    match thread::Builder::new().name("stderr".into()).spawn(writer) {
        Ok(_) => outcome.recv_timeout(timeout).unwrap_or(false),
        Err(_) => is_ready(timeout) && write(line).is_ok(),
    }
}

/// Through a duplicated descriptor: another thread may be blocked while it holds the lock of
/// `std::io::stderr`.
fn write(line: &str) -> io::Result<()> {
    let stderr = io::stderr().as_fd().try_clone_to_owned()?;
    File::from(stderr).write_all(line.as_bytes())
}

fn is_ready(timeout: Duration) -> bool {
    let stderr = io::stderr();
    let mut descriptors = [PollFd::new(&stderr, PollFlags::OUT)];
    let timeout = Timespec::try_from(timeout).ok();
    poll(&mut descriptors, timeout.as_ref()).is_ok_and(|ready| ready > 0)
}

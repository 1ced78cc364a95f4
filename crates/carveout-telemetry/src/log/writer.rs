use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How much may wait to be written: some ten thousand lines.
const CAPACITY: usize = 8 * 1024 * 1024;

/// How long to leave an output alone that cannot take anything just now.
const PAUSE: Duration = Duration::from_millis(5);

/// Takes lines without waiting, and has a thread write them.
///
/// Whoever reads the output may stop, and a pipe that is full makes its writer wait: with the lock
/// of standard output, every worker would then wait in its next log line, and the service with
/// them. Here a line costs a copy under a lock that is never held during a write. What finds no
/// room is dropped and counted; so is what an output refuses that is closed.
#[derive(Clone)]
pub(crate) struct LogWriter(Arc<Guard>);

/// Ends the thread when the last writer is gone.
struct Guard(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Signalled when there is something to write, and when it has been written.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    writing: bool,
    closed: bool,
    dropped: u64,
    /// How many of those the log itself does not tell of yet.
    untold: u64,
}

impl LogWriter {
    /// `notice` makes the line that tells how many are missing.
    pub(crate) fn spawn(
        output: impl Write + Send + 'static,
        notice: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let of_thread = shared.clone();
        let thread = thread::Builder::new().name("log-writer".to_owned());
        thread.spawn(move || of_thread.run(output, notice))?;
        Ok(Self(Arc::new(Guard(shared))))
    }

    /// Takes one or more whole lines, all or nothing.
    pub(crate) fn write(&self, lines: &str) {
        let shared = &self.0.0;
        let mut state = shared.lock();
        if state.waiting.len() + lines.len() > CAPACITY {
            state.count_dropped(lines.as_bytes());
            return;
        }
        let idle = state.waiting.is_empty() && !state.writing;
        state.waiting.extend_from_slice(lines.as_bytes());
        drop(state);
        if idle {
            shared.changed.notify_all();
        }
    }

    /// Waits until everything has been written that was taken before. False if that took too long.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let shared = &self.0.0;
        let deadline = Instant::now() + timeout;
        let mut state = shared.lock();
        while state.writing || !state.waiting.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = shared.wait(state, left);
        }
        true
    }

    /// How many lines were lost.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.0.lock().dropped
    }
}

impl State {
    fn count_dropped(&mut self, lines: &[u8]) {
        let lines = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.dropped += lines;
        self.untold += lines;
    }
}

impl Shared {
    fn run(&self, mut output: impl Write, notice: impl Fn(u64) -> String) {
        let mut batch = Vec::new();
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                if state.closed {
                    return;
                }
                state = self.wait(state, Duration::MAX);
                continue;
            }
            std::mem::swap(&mut batch, &mut state.waiting);
            // The missing lines came after the ones that had found room.
            let missing = std::mem::take(&mut state.untold);
            state.writing = true;
            drop(state);

            if missing > 0 {
                batch.extend_from_slice(notice(missing).as_bytes());
            }
            let unwritten = write_all(&mut output, &batch);

            state = self.lock();
            state.count_dropped(unwritten);
            batch.clear();
            state.writing = false;
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, timeout: Duration) -> MutexGuard<'a, State> {
        self.changed
            .wait_timeout(state, timeout)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

/// Returns what the output did not take. An output that is closed is no reason to panic: there is
/// nobody to tell.
fn write_all<'a>(output: &mut impl Write, mut bytes: &'a [u8]) -> &'a [u8] {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return bytes,
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Whoever started the service shares its output with it, and may have made it
            // non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => pause(),
            Err(_) => return bytes,
        }
    }
    // Standard output keeps what follows the last line end; here every batch ends with one, and
    // this is for other outputs.
    let _ = output.flush();
    bytes
}

#[expect(
    clippy::disallowed_methods,
    reason = "this thread has nothing else to do"
)]
fn pause() {
    thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, LogWriter};
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    const SOON: Duration = Duration::from_secs(10);

    /// An output that shows every write, and waits for leave before each.
    struct Gate {
        leave: Receiver<io::Result<()>>,
        seen: Sender<String>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.leave.recv().unwrap_or(Ok(()))?;
            let _ = self.seen.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (LogWriter, Sender<io::Result<()>>, Receiver<String>) {
        let (leave, leave_receiver) = channel();
        let (seen_sender, seen) = channel();
        let gate = Gate {
            leave: leave_receiver,
            seen: seen_sender,
        };
        let writer =
            LogWriter::spawn(gate, |missing| format!("{missing} missing\n")).expect("a thread");
        (writer, leave, seen)
    }

    #[test]
    fn a_reader_who_has_stopped_stops_nobody() {
        let (writer, leave, seen) = gated();
        let line = format!("{}\n", "x".repeat(1023));
        // Nobody reads: without a bound this would not end, and without the thread it would wait at
        // the first line.
        for _ in 0..2 * CAPACITY / line.len() {
            writer.write(&line);
        }
        let dropped = writer.dropped();
        assert!(dropped > 0);
        assert!(!writer.flush(Duration::ZERO));

        // The reader goes on: everything that had found room is there, and the rest is told of.
        drop(leave);
        assert!(writer.flush(SOON));
        drop(writer);
        let written: String = seen.iter().collect();
        assert_eq!(
            written.matches(&line).count() as u64 + dropped,
            (2 * CAPACITY / line.len()) as u64
        );
        // More than once, if the writer takes a batch while lines are being dropped.
        let told = written
            .lines()
            .filter_map(|line| line.strip_suffix(" missing")?.parse::<u64>().ok());
        assert_eq!(told.sum::<u64>(), dropped);
    }

    #[test]
    fn a_closed_output_is_counted_and_no_panic() {
        let (writer, leave, seen) = gated();
        writer.write("first\n");
        leave
            .send(Err(io::ErrorKind::BrokenPipe.into()))
            .expect("the writer waits");
        assert!(writer.flush(SOON));
        assert_eq!(writer.dropped(), 1);

        for kind in [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted] {
            leave.send(Err(kind.into())).expect("the writer waits");
        }
        drop(leave);
        writer.write("second\n");
        assert!(writer.flush(SOON));
        assert_eq!(writer.dropped(), 1);
        drop(writer);
        assert_eq!(seen.iter().collect::<String>(), "second\n1 missing\n");
    }
}

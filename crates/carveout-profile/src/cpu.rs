use std::time::{Duration, SystemTime};

use bytes::Bytes;
use pprof::{ProfilerGuard, ProfilerGuardBuilder, Report};

use crate::stacks::{Frame, Sample, Stacks};
use crate::turn::Turn;
use crate::{Format, ProfileError};

/// The longest that a profile may take.
pub const MOST: Duration = Duration::from_secs(300);

/// Samples a second. Not a round number, so that it does not keep step with anything that has one.
const FREQUENCY: i32 = 99;

/// Code in which a thread must not be interrupted to look at its stack: the unwinder may hold the
/// very lock that it was interrupted under.
///
/// These are parts of paths, and a program may lie in any folder and have any name.
const LEFT_ALONE: [&str; 5] = [
    "/libc.so",
    "/libgcc_s.so",
    "/libpthread.so",
    "/ld-musl",
    "linux-vdso.so",
];

/// Samples every thread that is on a CPU, for `duration`.
///
/// The waiting is asynchronous, and reading the symbols is done on a thread for blocking work.
/// Dropping the future stops the profile. Samples that fall into the C library are not counted. More
/// of them than fit into memory that is set aside go to a file in the folder for temporary ones
/// (`TMPDIR`), which has to be writable.
///
/// # Errors
/// When `duration` is nothing or above [`MOST`], when a profile is being taken already, and when the
/// system refuses the timer.
///
/// # Panics
/// Outside a tokio runtime with a timer.
pub async fn cpu(duration: Duration, format: Format) -> Result<Bytes, ProfileError> {
    if duration.is_zero() || duration > MOST {
        return Err(ProfileError::Duration { asked: duration });
    }
    let turn = Turn::take(duration)?;
    let running = blocking(|| begin(turn)).await?;
    tokio::time::sleep(duration).await;
    blocking(move || end(&running.guard, duration)?.write(format)).await
}

/// The profiler at work. It has stopped when the turn is given back, also where nobody waits for
/// either any more: the fields are dropped in their order.
struct Running {
    guard: ProfilerGuard<'static>,
    _turn: Turn,
}

fn begin(turn: Turn) -> Result<Running, ProfileError> {
    // A profiler that cannot write fails, and stays so until the process ends.
    let dir = std::env::temp_dir();
    let probe = dir.join(format!(".carveout-profile-{}", std::process::id()));
    std::fs::write(&probe, b"")
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| {
            let dir = dir.display();
            ProfileError::failed(format_args!("{dir} (TMPDIR) cannot be written: {error}"))
        })?;
    let guard = ProfilerGuardBuilder::default()
        .frequency(FREQUENCY)
        .blocklist(&LEFT_ALONE)
        .build()
        .map_err(ProfileError::failed)?;
    Ok(Running { guard, _turn: turn })
}

fn end(guard: &ProfilerGuard<'_>, duration: Duration) -> Result<Stacks, ProfileError> {
    let report = guard.report().build().map_err(ProfileError::failed)?;
    // What was read of the program's symbols, which may be more than all else that it holds.
    backtrace::clear_symbol_cache();
    Ok(Stacks {
        begun: SystemTime::now() - duration,
        duration,
        period: Duration::from_secs(1) / FREQUENCY as u32,
        samples: samples(&report),
    })
}

fn samples(report: &Report) -> Vec<Sample> {
    let samples = report.data.iter().map(|(frames, count)| Sample {
        thread: frames.thread_name_or_id(),
        // A function that was inlined is a symbol of the frame that it is in.
        frames: interrupted(frames.frames.iter().flatten().map(frame).collect()),
        count: u64::try_from(*count).unwrap_or(0),
    });
    samples.collect()
}

/// Leaves the profiler's own frames out, where they were not inlined into what it leaves out itself.
fn interrupted(mut frames: Vec<Frame>) -> Vec<Frame> {
    /// It has no more than these.
    const OWN: usize = 8;
    let own = |frame: &Frame| {
        frame.function.contains("pprof::backtrace") || frame.function.contains("pprof::profiler")
    };
    match frames.iter().take(OWN).rposition(own) {
        Some(last) => frames.split_off(last + 1),
        None => frames,
    }
}

fn frame(symbol: &pprof::Symbol) -> Frame {
    Frame {
        function: symbol.name(),
        file: symbol.filename().into_owned(),
        line: symbol.lineno(),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProfileError> + Send + 'static,
) -> Result<T, ProfileError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(ProfileError::failed)?
}

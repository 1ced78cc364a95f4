//! Readings from `/proc`, as proc(5) and proc_pid_stat(5) describe it.

use super::Reading;
use std::fs;
use std::str::FromStr;

pub(super) fn read() -> Reading {
    let stat = Stat::read();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Reading {
        cpu_seconds: stat.map(|stat| stat.cpu_ticks / ticks_per_second()),
        resident_bytes: keyed(&status, "VmRSS:").map(|kib: i64| kib * 1024),
        open_fds: open_fds(),
        max_fds: max_fds(),
        threads: keyed(&status, "Threads:"),
    }
}

/// Unix time in seconds: when the machine booted, and how long after that the process started.
pub(super) fn started() -> Option<f64> {
    let machine = fs::read_to_string("/proc/stat").ok()?;
    let boot: f64 = keyed(&machine, "btime")?;
    Some(boot + Stat::read()?.start_ticks / ticks_per_second())
}

struct Stat {
    cpu_ticks: f64,
    start_ticks: f64,
}

impl Stat {
    fn read() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// The second field is the name of the process in brackets, which may itself hold spaces and
    /// brackets: fields are counted from the last bracket. Numbers are those of the manual, the
    /// first after the bracket being 3.
    fn parse(stat: &str) -> Option<Self> {
        let (_, fields) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            start_ticks: field(22)?,
        })
    }
}

/// The value after the key at the start of a line.
fn keyed<T: FromStr>(text: &str, key: &str) -> Option<T> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn open_fds() -> Option<i64> {
    // Reading the directory holds one descriptor itself.
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(entries).ok().map(|count| count - 1)
}

fn max_fds() -> Option<i64> {
    // Absent where the limit is "unlimited", which is not a number.
    keyed(
        &fs::read_to_string("/proc/self/limits").ok()?,
        "Max open files",
    )
}

/// `AT_CLKTCK` of the auxiliary vector: what `sysconf(_SC_CLK_TCK)` answers, without libc.
fn ticks_per_second() -> f64 {
    const AT_CLKTCK: usize = 17;
    // USER_HZ, on every platform that Rust has a standard library for.
    const USUAL: f64 = 100.0;
    const WORD: usize = size_of::<usize>();

    let auxv = fs::read("/proc/self/auxv").unwrap_or_default();
    let mut words = auxv.chunks_exact(WORD).map(|word| {
        let mut bytes = [0; WORD];
        bytes.copy_from_slice(word);
        usize::from_ne_bytes(bytes)
    });
    while let (Some(key), Some(value)) = (words.next(), words.next()) {
        if key == AT_CLKTCK && value > 0 {
            return value as f64;
        }
    }
    USUAL
}

#[cfg(test)]
mod tests {
    use super::{Stat, keyed, read, started, ticks_per_second};
    use std::time::{SystemTime, UNIX_EPOCH};

    #[test]
    fn a_name_full_of_brackets_does_not_shift_the_fields() {
        let stat = "4242 (a) b) (c) S 1 2 3 4 5 6 7 8 9 10 700 30 13 14 15 16 17 18 90000 20 21";
        let stat = Stat::parse(stat).expect("a line of the kernel's");
        assert_eq!(stat.cpu_ticks, 730.0);
        assert_eq!(stat.start_ticks, 90000.0);
        assert!(Stat::parse("").is_none());
        assert!(Stat::parse("1 (short) S 1").is_none());
    }

    #[test]
    fn values_follow_their_key() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files  1024  4096  files\n";
        assert_eq!(keyed(limits, "Max open files"), Some(1024_i64));
        assert_eq!(
            keyed::<i64>(
                "Max open files  unlimited  unlimited  files",
                "Max open files"
            ),
            None
        );
        assert_eq!(keyed::<i64>("", "VmRSS:"), None);
    }

    #[test]
    fn this_process_is_plausible() {
        let reading = read();
        assert!(reading.resident_bytes > Some(100_000), "{reading:?}");
        assert!(reading.open_fds > Some(2), "{reading:?}");
        assert!(reading.max_fds >= reading.open_fds, "{reading:?}");
        assert!(reading.threads > Some(0), "{reading:?}");
        assert!(
            reading.cpu_seconds.is_some_and(|seconds| seconds >= 0.0),
            "{reading:?}"
        );
        assert!((1.0..10_000.0).contains(&ticks_per_second()));

        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs_f64();
        let started = started().expect("/proc");
        // The boot time is in whole seconds.
        assert!(
            started <= now + 1.0 && started > now - 3600.0,
            "started {started}, now {now}"
        );
    }
}

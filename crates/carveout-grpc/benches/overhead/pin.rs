/// What has a processor for itself, so that neither ever waits for the other to leave one.
#[derive(Clone, Copy)]
pub(crate) enum Side {
    Client,
    Server,
}

/// Keeps the current thread, and those that it starts, on the processor of `side`: the first that
/// this process may use, or the last. Where threads cannot be kept anywhere they are not.
pub(crate) fn pin(side: Side) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

        let allowed = sched_getaffinity(None).unwrap_or_default();
        let mut processors = (0..CpuSet::MAX_CPU).filter(|at| allowed.is_set(*at));
        let chosen = match side {
            Side::Client => processors.next(),
            Side::Server => processors.next_back(),
        };
        let mut set = CpuSet::new();
        if let Some(chosen) = chosen {
            set.set(chosen);
            let _ = sched_setaffinity(None, &set);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = side;
}

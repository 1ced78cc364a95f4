/// Descriptors that are not for callers: the admin port, the log, downstream calls, files.
const RESERVED: usize = 64;

/// How many connections can be open without taking the last descriptors of the process: an admin
/// port that cannot accept is silent just when it is needed.
pub(super) fn connections(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(open_files) = open_files(&limits) else {
        return wanted;
    };
    // Half of a limit that is too low for anything else.
    let possible = open_files.saturating_sub(RESERVED).max(open_files / 2);
    if possible < wanted {
        tracing::warn!(
            open_files,
            wanted,
            possible,
            "grpc.max_connections is lowered: the limit of open files is too low for it"
        );
    }
    wanted.min(possible)
}

/// The soft limit; `None` where it is not told, or there is none.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(1024));
        let unlimited =
            "Max open files            unlimited            unlimited            files\n";
        assert_eq!(open_files(unlimited), None);
        assert_eq!(open_files(""), None);
    }
}

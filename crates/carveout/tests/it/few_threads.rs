//! A process that may not start another thread: by its memory, because a limit on processes does not
//! bind root.

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use crate::driver::{example, free_ports};

/// Of each thread's stack, in MiB: so much that nothing else that the process has weighs anything.
const STACK_MIB: u64 = 4096;
/// What everything but the threads may take, the arenas of the C library included.
const REST_MIB: u64 = 2048;
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the smallest service with memory for `threads` threads: its exit code, standard error, and whether it
/// became ready. It is stopped when it is ready.
fn run(threads: u64) -> (Option<i32>, String, bool) {
    let kib = (threads * STACK_MIB + REST_MIB) * 1024;
    let program = example("minimal");
    let mut shell = Command::new("/bin/sh");
    shell
        .arg("-c")
        .arg(format!("ulimit -v {kib}; exec \"$0\" \"$@\""))
        .arg(program.get_program())
        .args(free_ports(&[]))
        .env_clear()
        .env("RUST_MIN_STACK", (STACK_MIB * 1024 * 1024).to_string())
        .env("RUST_BACKTRACE", "1")
        .current_dir(std::env::temp_dir())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = shell.spawn().unwrap();
    let pid = child.id().to_string();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let (told, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let mut ready = false;
        let mut line = String::new();
        while std::io::BufRead::read_line(&mut out, &mut line).unwrap() > 0 {
            if line.contains("\"message\":\"ready\"") {
                ready = true;
                Command::new("kill").arg(&pid).status().unwrap();
            }
            line.clear();
        }
        told.send((child.wait_with_output().unwrap(), ready))
            .unwrap();
    });
    let (output, ready) = ended.recv_timeout(PATIENCE).expect("it ends");
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), errors, ready)
}

#[test]
fn each_missing_thread_is_one_line_that_names_the_step() {
    let mut steps = Vec::new();
    for threads in 0.. {
        let (code, errors, ready) = run(threads);
        if ready {
            break;
        }
        assert_eq!(code, Some(1), "{threads} threads: {errors}");
        assert_eq!(errors.lines().count(), 1, "{threads} threads: {errors}");
        let step = errors.split("start failed at ").nth(1).unwrap_or_default();
        let (step, why) = step.split_once(": ").unwrap_or_default();
        assert!(!why.trim().is_empty(), "{threads} threads: {errors}");
        if steps.last().is_none_or(|last| last != step) {
            steps.push(step.to_owned());
        }
        assert!(threads < 1000, "{steps:?}");
    }
    assert_eq!(
        steps,
        ["signals", "runtime", "telemetry", "lifecycle", "admin"]
    );
}

//! The examples as processes: started, read and signalled.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Cargo builds a package's examples before it runs its tests, beside them; when it is given the
/// name of a test it does not, and this is the one of before.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples")
        .join(name);
    let mut command = Command::new(path);
    // Nothing of whoever runs the test.
    command.env_clear().current_dir(std::env::temp_dir());
    command
}

const FREE_PORTS: [&str; 10] = [
    "--set",
    "grpc.host=127.0.0.1",
    "--set",
    "grpc.port=0",
    "--set",
    "admin.host=127.0.0.1",
    "--set",
    "admin.port=0",
    "--set",
    "lifecycle.lame_duck=0s",
];

/// Those of [`FREE_PORTS`] that `args` does not set itself: a setting that is given twice is
/// refused.
pub(crate) fn free_ports<'a>(args: &'a [&str]) -> impl Iterator<Item = &'static str> + 'a {
    let set = |wanted: &str| {
        args.iter()
            .any(|arg| arg.split('=').next() == wanted.split('=').next())
    };
    FREE_PORTS
        .chunks(2)
        .filter(move |pair| !set(pair[1]))
        .flatten()
        .copied()
}

/// A process that says on standard output when it is ready.
pub(crate) struct Service {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Service {
    /// Starts the smallest service and waits until it is ready.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut service = Self::spawn("minimal", args);
        service.wait_for("\"message\":\"ready\"");
        service
    }

    pub(crate) fn spawn(name: &str, args: &[&str]) -> Self {
        let mut child = example(name)
            .args(free_ports(args))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// Reads the log up to the line that contains `text`; a log that ends before panics.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut log = String::new();
        loop {
            let start = log.len();
            assert_ne!(
                self.out.read_line(&mut log).unwrap(),
                0,
                "the log ended without {text:?}:\n{log}{}",
                self.errors()
            );
            if log[start..].contains(text) {
                return log[start..].to_owned();
            }
        }
    }

    pub(crate) fn errors(&mut self) -> String {
        let mut errors = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        errors
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Only a failing test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

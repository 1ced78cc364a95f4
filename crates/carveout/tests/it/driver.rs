//! The examples as processes: started, read and signalled.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Far more than any process of these tests takes to end.
const PATIENCE: Duration = Duration::from_secs(30);

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
    /// Until its end is waited for.
    out: Option<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts the smallest service and waits until it is ready.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut service = Self::spawn("minimal", args);
        service.wait_for("\"message\":\"ready\"");
        service
    }

    pub(crate) fn spawn(name: &str, args: &[&str]) -> Self {
        Self::of(example(name), args)
    }

    /// The same after a command of the shell's, for one with a limit say.
    pub(crate) fn spawn_after(setup: &str, name: &str, args: &[&str]) -> Self {
        let program = example(name);
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")])
            .arg(program.get_program())
            .env_clear()
            .current_dir(std::env::temp_dir());
        Self::of(shell, args)
    }

    fn of(mut command: Command, args: &[&str]) -> Self {
        let mut child = command
            .args(free_ports(args))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().map(BufReader::new);
        Self { child, out }
    }

    /// Reads the log up to the line that contains `text`; a log that ends before panics.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        self.wait_for_either(&[text])
    }

    fn wait_for_either(&mut self, texts: &[&str]) -> String {
        let mut log = String::new();
        loop {
            let start = log.len();
            assert_ne!(
                self.out.as_mut().unwrap().read_line(&mut log).unwrap(),
                0,
                "the log ended without {texts:?}:\n{log}{}",
                self.errors()
            );
            if texts.iter().any(|text| log[start..].contains(text)) {
                return log[start..].to_owned();
            }
        }
    }

    /// The same for two lines that come in either order.
    pub(crate) fn wait_for_both(&mut self, texts: [&str; 2]) -> [String; 2] {
        let line = self.wait_for_either(&texts);
        let other = usize::from(line.contains(texts[0]));
        let rest = self.wait_for(texts[other]);
        match other {
            0 => [rest, line],
            _ => [line, rest],
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

    /// Waits for its end, and not for ever: a process that does not stop is what these tests are
    /// about.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let mut out = self.out.take().unwrap();
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut out, &mut std::io::sink());
            let _ = ended.send(());
        });
        if end.recv_timeout(PATIENCE).is_err() {
            self.child.kill().unwrap();
            panic!("it has not stopped after {PATIENCE:?}");
        }
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

//! Programs that talk while they run.

use std::io::{Read, Seek};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::tools::{PATIENCE, run_well};

/// A program whose lines are read while it runs. It is killed when this is dropped.
pub(crate) struct Talking {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: String,
    errors: std::fs::File,
}

impl Talking {
    pub(crate) fn start(mut command: Command) -> Self {
        let errors = tempfile::tempfile().unwrap();
        command
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().unwrap());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            said: String::new(),
            errors,
        }
    }

    /// Its next line; `None` at its end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let Ok(line) = timeout(PATIENCE, self.lines.next_line()).await else {
            panic!("it says nothing more:\n{}", self.everything());
        };
        let line = line.unwrap();
        self.said.extend(line.iter().flat_map(|line| [line, "\n"]));
        line
    }

    /// Reads up to the line that contains `text`.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        while let Some(line) = self.line().await {
            if line.contains(text) {
                return line;
            }
        }
        panic!("it ended without {text:?}:\n{}", self.everything());
    }

    /// Reads to its end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        while self.line().await.is_some() {}
        timeout(PATIENCE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("it does not end:\n{}", self.everything()))
            .unwrap()
    }

    /// Sends it a signal, HUP say.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        run_well(Command::new("kill").args(["-s", name, &id])).await;
    }

    /// Asks it to end, as Kubernetes does, and reads to its end.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.signal("TERM").await;
        self.end().await
    }

    /// Ends it at once, as the kernel does when memory is short.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Whether it has not ended yet.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What was read so far, and what it complained of.
    pub(crate) fn everything(&mut self) -> String {
        let mut all = self.said.clone();
        self.errors.rewind().unwrap();
        self.errors.read_to_string(&mut all).unwrap();
        all
    }
}

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Starts a thread. Unlike tokio's `spawn_blocking`, which panics, this fails where there can be no more
/// threads.
pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    match started {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::new(
            error.kind(),
            format!("cannot start the thread {name}: {error}"),
        )),
    }
}

/// Runs blocking work on a new thread. A panic of the work is an error, too.
pub(crate) async fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, outcome) = oneshot::channel();
    start(name, move || drop(done.send(work())))?;
    outcome.await.map_err(|_| io::Error::other("it panicked"))
}

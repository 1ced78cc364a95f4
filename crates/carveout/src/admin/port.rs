use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::Admin;
use super::connections::{Connection, Connections};
use super::exchange::{self, Phase};
use super::spare::{Refill, Spare};
use crate::settings::AdminConfig;
use crate::threads;

const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// How long the port may take to close. Its thread may be in a collector of the service's own metrics,
/// and whatever that does must not hold the end of the process.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The open admin port. It closes when this is dropped.
pub(crate) struct AdminPort {
    addr: SocketAddr,
    /// Dropping the sender ends the thread.
    close: Option<oneshot::Sender<Infallible>>,
    /// Disconnected by the end of the thread.
    closed: mpsc::Receiver<Infallible>,
}

impl Admin {
    /// Binds where `config` says and serves from then on.
    pub(crate) fn open(self, config: &AdminConfig) -> io::Result<AdminPort> {
        let (host, port) = (config.host.as_str(), config.port);
        let listener = TcpListener::bind((host, port)).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {host}:{port}: {error}"),
            )
        })?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        // Here and not in the thread, which may first run when the process has none left.
        let spare = Spare::new();
        let (close, closed) = oneshot::channel();
        let (started, start) = mpsc::channel();
        let (ended, end) = mpsc::channel();
        threads::start("admin", move || {
            let _ended: mpsc::Sender<Infallible> = ended;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            let _ = started.send(Ok(()));
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, spare, Arc::new(self)) => {}
                    _ = closed => {}
                }
            });
            // A profile that is being written is of no use to anybody now.
            runtime.shutdown_background();
        })?;
        start.recv().map_err(io::Error::other)??;
        Ok(AdminPort {
            addr,
            close: Some(close),
            closed: end,
        })
    }
}

impl AdminPort {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for AdminPort {
    fn drop(&mut self) {
        self.close.take();
        // A panic in the admin thread was counted by the hook; there is nobody left to tell.
        let _ = self.closed.recv_timeout(CLOSE_TIMEOUT);
    }
}

async fn accept(listener: TcpListener, spare: Spare, admin: Arc<Admin>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let mut open = Connections::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if !open.make_room() {
                    continue;
                }
                let peer = peer.ip();
                let (phase, seen) = watch::channel(Phase::Asking);
                let served = exchange::serve(stream, peer, admin.clone(), Arc::new(phase));
                let refill = Refill(spare.clone());
                let task = tokio::spawn(async move {
                    // Declared first, so that it is dropped after the connection.
                    let _refill = refill;
                    served.await;
                });
                open.add(Connection {
                    peer,
                    phase: seen,
                    task: task.abort_handle(),
                });
                // Polls the new connection once: a request that has already arrived is answered before later
                // connections can evict it.
                tokio::task::yield_now().await;
            }
            // Most likely the limit of open files.
            Err(_) if spare.let_go() => {}
            // The connection ends, and what it had goes to the spare ones, when its task is next
            // looked at.
            Err(_) if open.close_one() => tokio::task::yield_now().await,
            // At once it would only fail again.
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
}

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::Admin;
use super::spare::{Refill, Spare};
use crate::settings::AdminConfig;

/// A caller that has not sent its request's head by then is let go: nobody may hold an admin
/// connection open for free.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Connections that may be open at once: well below the descriptors that are kept free of callers.
const MOST: usize = 32;

/// The open admin port. It closes when this is dropped.
pub(crate) struct AdminPort {
    addr: SocketAddr,
    /// Dropping the sender ends the thread.
    close: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("admin".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        () = accept(listener, spare, Arc::new(self)) => {}
                        _ = closed => {}
                    }
                });
                // A profile that is being written is of no use to anybody now.
                runtime.shutdown_background();
            })?;
        Ok(AdminPort {
            addr,
            close: Some(close),
            thread: Some(thread),
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
        if let Some(thread) = self.thread.take() {
            // A panic in the admin thread was counted by the hook; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, spare: Spare, admin: Arc<Admin>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let mut open = Open::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if !open.make_room() {
                    continue;
                }
                let asked = Arc::new(AtomicUsize::new(0));
                let counted = asked.clone();
                let admin = admin.clone();
                let service = service_fn(move |request| {
                    let (admin, asking) = (admin.clone(), Asking::begin(&counted));
                    async move {
                        let page = admin.answer(request, peer.ip()).await;
                        drop(asking);
                        Ok::<_, Infallible>(page)
                    }
                });
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new())
                    .header_read_timeout(HEAD_TIMEOUT);
                // An error here is a caller that went away; it has seen that for itself.
                let refill = Refill(spare.clone());
                let served = tokio::spawn(async move {
                    // Declared first, so that it is dropped after the connection.
                    let _refill = refill;
                    drop(http.serve_connection(TokioIo::new(stream), service).await)
                });
                open.0.push_back((served.abort_handle(), asked));
            }
            // Most likely the limit of open files.
            Err(_) if spare.let_go() => {}
            // The connection ends, and what it had goes to the spare ones, when its task is next
            // looked at.
            Err(_) if open.let_go() => tokio::task::yield_now().await,
            // At once it would only fail again.
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
}

/// The connections that are open, the oldest first, each with the number of its requests that are
/// being worked on.
#[derive(Default)]
struct Open(VecDeque<(AbortHandle, Arc<AtomicUsize>)>);

impl Open {
    /// Whether there is room for one more. Where there is none, the oldest that asks for nothing, or
    /// does not read what it has asked for, has to go: whoever asks must not be kept out by those.
    fn make_room(&mut self) -> bool {
        self.0.retain(|(connection, _)| !connection.is_finished());
        self.0.len() < MOST || self.let_go()
    }

    fn let_go(&mut self) -> bool {
        let idle = |(_, asked): &(_, Arc<AtomicUsize>)| asked.load(Ordering::Relaxed) == 0;
        let oldest = self.0.iter().position(idle);
        match oldest.and_then(|oldest| self.0.remove(oldest)) {
            Some((connection, _)) => {
                connection.abort();
                true
            }
            None => false,
        }
    }
}

/// A request that is being worked on, until this is dropped.
struct Asking(Arc<AtomicUsize>);

impl Asking {
    fn begin(asked: &Arc<AtomicUsize>) -> Self {
        asked.fetch_add(1, Ordering::Relaxed);
        Self(asked.clone())
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use tokio::net::TcpStream;
use tower::BoxError;

/// How many there are to the server.
const CONNECTIONS: usize = 8;

/// The connections, which calls take in turn. One that breaks, or that the server tells to go, is
/// replaced at once.
pub(crate) struct Connections {
    addr: SocketAddr,
    slots: Mutex<Vec<Slot>>,
    next: AtomicUsize,
    reconnects: AtomicU64,
}

#[derive(Clone)]
struct Slot {
    /// Nothing while it is being replaced.
    requests: Option<SendRequest<Bytes>>,
    /// How often it has been replaced.
    generation: u64,
}

/// A connection as it was when it was taken.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    at: usize,
    generation: u64,
}

impl Connections {
    pub(crate) async fn open(addr: SocketAddr) -> Result<Arc<Self>, String> {
        let empty = Slot {
            requests: None,
            generation: 0,
        };
        let this = Arc::new(Self {
            addr,
            slots: Mutex::new(vec![empty; CONNECTIONS]),
            next: AtomicUsize::new(0),
            reconnects: AtomicU64::new(0),
        });
        for at in 0..CONNECTIONS {
            let connected = connect(addr).await;
            let connected = connected.map_err(|error| format!("cannot connect: {error}"))?;
            this.fill(at, connected);
        }
        Ok(this)
    }

    /// Nothing where none is open.
    pub(crate) fn take(&self) -> Option<(Place, SendRequest<Bytes>)> {
        let slots = self.slots.lock().expect("no call panics");
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        (first..first + CONNECTIONS).find_map(|at| {
            let at = at % CONNECTIONS;
            let Slot {
                requests,
                generation,
            } = slots[at].clone();
            Some((Place { at, generation }, requests?))
        })
    }

    /// Has a connection replaced, the first time that it is said of it.
    pub(crate) fn broken(self: &Arc<Self>, place: Place) {
        let mut slots = self.slots.lock().expect("no call panics");
        let slot = &mut slots[place.at];
        if slot.generation != place.generation || slot.requests.take().is_none() {
            return;
        }
        slot.generation += 1;
        self.reconnects.fetch_add(1, Ordering::Relaxed);
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                match connect(this.addr).await {
                    Ok(connected) => return this.fill(place.at, connected),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
    }

    pub(crate) fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    fn fill(self: &Arc<Self>, at: usize, (requests, connection): Connected) {
        let mut slots = self.slots.lock().expect("no call panics");
        slots[at].requests = Some(requests);
        let place = Place {
            at,
            generation: slots[at].generation,
        };
        let this = self.clone();
        tokio::spawn(async move {
            let _ = connection.await;
            this.broken(place);
        });
    }
}

type Connected = (SendRequest<Bytes>, Connection<TcpStream>);

async fn connect(addr: SocketAddr) -> Result<Connected, BoxError> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(h2::client::handshake(stream).await?)
}

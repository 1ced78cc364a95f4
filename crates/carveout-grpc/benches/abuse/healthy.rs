use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use carveout_grpc::{Channel, ClientConfig};
use greeter_api::GetItemRequest;
use greeter_api::greeter_service_client::GreeterServiceClient;

const CALLERS: usize = 4;
/// Between two calls of one caller, so that they are a load and not one more attack.
const PAUSE: Duration = Duration::from_millis(2);

/// Callers that do nothing wrong, on a thread of their own: what the attackers do to this process
/// is not the server's fault.
pub(crate) struct Healthy {
    calls: Arc<Mutex<Vec<(bool, Duration)>>>,
    done: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Healthy {
    pub(crate) fn start(addr: SocketAddr) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let done = Arc::new(AtomicBool::new(false));
        let (into, until) = (calls.clone(), done.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let callers: Vec<_> = (0..CALLERS)
                    .map(|_| tokio::spawn(call(addr, into.clone(), until.clone())))
                    .collect();
                for caller in callers {
                    caller.await.expect("a healthy caller");
                }
            });
        });
        Self {
            calls,
            done,
            thread,
        }
    }

    /// Forgets what was up to now.
    pub(crate) fn restart(&self) {
        self.calls.lock().expect("the calls").clear();
    }

    /// The share of calls that were answered, and their 99th percentile.
    pub(crate) fn end(self) -> (f64, Duration) {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().expect("the healthy callers");
        let calls = self.calls.lock().expect("the calls");
        let answered = calls.iter().filter(|(answered, _)| *answered).count();
        let mut took: Vec<_> = calls.iter().map(|(_, took)| *took).collect();
        took.sort();
        let p99 = took.get(took.len() * 99 / 100).copied();
        (
            answered as f64 / calls.len().max(1) as f64,
            p99.unwrap_or_default(),
        )
    }
}

async fn call(addr: SocketAddr, calls: Arc<Mutex<Vec<(bool, Duration)>>>, done: Arc<AtomicBool>) {
    let config = ClientConfig {
        timeout: Duration::from_secs(1),
        ..ClientConfig::to(format!("http://{addr}"))
    };
    let mut client = GreeterServiceClient::new(Channel::new(&config).expect("an address"));
    while !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = client.get_item(GetItemRequest { id: "1".into() }).await;
        calls
            .lock()
            .expect("the calls")
            .push((answer.is_ok(), begun.elapsed()));
        tokio::time::sleep(PAUSE).await;
    }
}

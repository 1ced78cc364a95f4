//! A server at the limit of open files: what it costs, and whether it comes back.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use carveout_grpc::{Channel, ClientConfig, check_health};
use tokio::net::TcpStream;

/// Cargo builds a package's examples before it runs its tests, beside them; when it is given the
/// name of a test it does not, and this is the one of before.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    profile.join("examples/at_the_limit")
}

struct AtTheLimit {
    process: Child,
    addr: SocketAddr,
}

impl AtTheLimit {
    fn start(which: &str) -> Self {
        let mut process = Command::new("/bin/sh")
            .args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""])
            .arg(example())
            .arg(which)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut addr = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut addr).unwrap();
        Self {
            process,
            addr: addr.trim().parse().unwrap(),
        }
    }

    /// The share of a core that it takes while callers wait to be accepted.
    async fn busy(&self) -> f64 {
        let before = self.cpu();
        let time = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(1)).await;
        (self.cpu() - before) / time.elapsed().as_secs_f64()
    }

    /// Seconds of a core, of which the kernel counts hundredths.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // The second field is a name in brackets; times are the 14th and the 15th.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks: f64 = [fields[11], fields[12]]
            .iter()
            .map(|text| text.parse::<f64>().unwrap())
            .sum();
        ticks / 100.0
    }
}

impl Drop for AtTheLimit {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_accept_loop_rests_at_the_limit_and_goes_on_after_it() {
    let mut kit = AtTheLimit::start("kit");
    let control = AtTheLimit::start("tonic");
    let mut waiting = Vec::new();
    for addr in [kit.addr, control.addr] {
        for _ in 0..5 {
            waiting.push(TcpStream::connect(addr).await.unwrap());
        }
    }
    // Side by side, because the machine may have much else to do.
    let (kit_busy, control_busy) = tokio::join!(kit.busy(), control.busy());
    assert!(
        control_busy > 0.05,
        "tonic's own rests by now: {control_busy}"
    );
    assert!(kit_busy < control_busy / 5.0, "{kit_busy} {control_busy}");

    drop(waiting);
    let mut stdin = kit.process.stdin.take().unwrap();
    stdin.write_all(b"let go\n").unwrap();
    let channel = Channel::new(&ClientConfig::to(format!("http://{}", kit.addr))).unwrap();
    assert!(check_health(channel, "").await.unwrap());
}

//! Keeps a CPU and some memory busy, and writes what the profiles say of it.
//!
//! `_RJEM_MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19 cargo run -p carveout-profile
//! --example busy`, and then `go tool pprof -top cpu.pb.gz`, or a browser for `cpu.svg`.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use carveout_profile::{Format, cpu, heap};

static DONE: AtomicBool = AtomicBool::new(false);

#[inline(never)]
fn keep_a_cpu_busy() -> u64 {
    let mut sum = 0u64;
    while !DONE.load(Ordering::Relaxed) {
        for number in 0..1000u64 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
    sum
}

#[inline(never)]
fn keep_memory() -> Vec<Vec<u8>> {
    (0..64).map(|_| vec![1; 1 << 20]).collect()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let write = |name: &str, profile: &[u8]| std::fs::write(format!("{dir}/{name}"), profile);
    let memory = black_box(keep_memory());
    let busy = std::thread::spawn(keep_a_cpu_busy);
    write(
        "cpu.pb.gz",
        &cpu(Duration::from_secs(1), Format::Pprof).await?,
    )?;
    write("cpu.svg", &cpu(Duration::from_secs(1), Format::Svg).await?)?;
    DONE.store(true, Ordering::Relaxed);
    let _ = busy.join();
    match heap(Format::Pprof).await {
        Ok(profile) => write("heap.pb.gz", &profile)?,
        Err(error) => println!("no heap profile: {error}"),
    }
    drop(memory);
    Ok(())
}

//! Health in a service that has its own `main`: `cargo run -p carveout-health --example health`.

use carveout_health::{Dependency, Health, Phase};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let health = Health::new();
    health.watch_dependency(Dependency::critical("database"), || async {
        Ok::<(), std::io::Error>(())
    });
    health.watch_dependency(Dependency::optional("cache"), || async {
        Err("connection refused")
    });
    health.enter(Phase::Serving);

    let mut ready = health.subscribe();
    if ready.wait_for(|ready| ready.is_ready()).await.is_ok() {
        println!("{:#?}", health.report());
    }
}

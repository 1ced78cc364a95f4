//! Makes the calls that the suite asks for, and tells how they ended.

use std::sync::Arc;

use carveout_interop::contract::ClientCompatRequest;
use carveout_interop::{conformance, delimited};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

const CALLS_AT_ONCE: usize = 32;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut input = tokio::io::stdin();
    let output = Arc::new(Mutex::new(tokio::io::stdout()));
    let places = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let mut calls = JoinSet::new();
    while let Some(request) = delimited::read::<ClientCompatRequest>(&mut input).await? {
        let place = places.clone().acquire_owned().await?;
        let output = output.clone();
        calls.spawn(async move {
            let response = conformance::call(request).await;
            drop(place);
            delimited::write(&mut *output.lock().await, &response).await
        });
    }
    while let Some(call) = calls.join_next().await {
        call??;
    }
    Ok(())
}

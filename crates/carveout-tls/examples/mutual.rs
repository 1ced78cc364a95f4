//! Two programs in one that believe each other: a server and its caller, with certificates made on
//! the spot.
//!
//! `cargo run -p carveout-tls --example mutual`

use std::error::Error as StdError;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use carveout_grpc::{
    Channel, ClientConfig, Routes, Secure, ServerConfig, SlowCalls, Stack, StackOptions, TlsConfig,
};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use carveout_tls::Tls;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let dir = tempfile::tempdir()?;
    let tls = certificates(dir.path())?;
    let metrics = Metrics::new(BuildInfo {
        service: "mutual".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: "unknown".into(),
    });
    let secure: Arc<dyn Secure> = Tls::load(&tls, &metrics)?.into();

    let config = ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        ..ServerConfig::default()
    };
    let health = Health::new();
    let options = StackOptions {
        service: "mutual".into(),
        health: health.clone(),
        metrics,
        slow: SlowCalls::default(),
        overload: carveout_grpc::OverloadConfig::default(),
    };
    let stack = Stack::new(Routes::new(), &config, options)?.secured_by(secure.clone());
    let listener = carveout_grpc::bind(&config).await?;
    let target = format!("https://localhost:{}", listener.local_addr()?.port());
    health.enter(Phase::Serving);

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        carveout_grpc::serve(listener, stack, &config, Duration::from_secs(5), stopped).await
    });
    let channel = Channel::secured(&ClientConfig::to(target), secure)?;
    let serves = carveout_grpc::check_health(channel, "").await?;
    println!("over mutual TLS: serving = {serves}");
    drop(stop);
    println!("drained: {:?}", server.await?);
    Ok(())
}

/// A CA, and a certificate of its that is good for either side.
fn certificates(dir: &Path) -> Result<TlsConfig, Box<dyn StdError>> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let own = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &issuer)?;

    let write = |name: &str, pem: &str| {
        let path = dir.join(name);
        fs::write(&path, pem).map(|()| path.to_string_lossy().into_owned())
    };
    Ok(TlsConfig {
        enabled: true,
        certificate_file: write("tls.crt", &own.pem())?,
        key_file: write("tls.key", &key.serialize_pem())?,
        ca_file: write("ca.crt", &authority_pem)?,
        ..TlsConfig::default()
    })
}

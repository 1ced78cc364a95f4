//! Compressed requests and answers, and how both sides agree on them.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use carveout_grpc::{Compression, ServerConfig};
use greeter_api::WatchItemsResponse;
use tonic::Code;

use crate::raw_call::{Answer, GET_ITEM, WATCH_ITEMS, framed, post, request};
use crate::support::{CALLER, Handlers, Server, counted, faults};

const LIMIT: usize = 64 * 1024;

fn compressed(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let level = flate2::Compression::default();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => zstd::encode_all(bytes, 0).unwrap(),
    }
}

fn inflated(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    let mut inflated = Vec::new();
    match encoding {
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut inflated),
        _ => zstd::Decoder::new(bytes)
            .unwrap()
            .read_to_end(&mut inflated),
    }
    .unwrap();
    inflated
}

/// A server whose handlers note the length of the last id, and stream items with names of these
/// lengths.
async fn server(compression: Compression, names: &'static [usize]) -> (Server, Arc<AtomicUsize>) {
    let length = Arc::new(AtomicUsize::new(0));
    let seen = length.clone();
    let handlers = Handlers::default()
        .read(move |request| {
            seen.store(request.get_ref().id.len(), Ordering::SeqCst);
            std::future::ready(Ok(()))
        })
        .watch(move || {
            let item = |length: &usize| {
                let item = greeter_api::Item {
                    title: "x".repeat(*length),
                    ..greeter_api::Item::default()
                };
                Ok(WatchItemsResponse { item: Some(item) })
            };
            Ok(tokio_stream::iter(names.iter().map(item)))
        });
    let config = ServerConfig {
        compression,
        max_request_bytes: LIMIT,
        ..ServerConfig::default()
    };
    let budget = Duration::from_secs(5);
    (Server::configured(handlers, budget, config).await, length)
}

async fn read(server: &Server, headers: &[(&'static str, &str)], body: Vec<u8>) -> Answer {
    post(server, &format!("/{GET_ITEM}"), headers, body).await
}

#[tokio::test]
async fn requests_are_inflated_where_that_is_allowed() {
    for encoding in ["gzip", "zstd"] {
        for mode in [Compression::Accept, Compression::On] {
            let (server, length) = server(mode, &[]).await;
            let headers = [("grpc-encoding", encoding)];
            let small = compressed(encoding, &request(&"x".repeat(50_000)));
            assert!(small.len() < 5_000);
            let answer = read(&server, &headers, framed(1, &small)).await;
            assert_eq!(answer.code(), Code::Ok, "{}", answer.status);
            assert_eq!(length.load(Ordering::SeqCst), 50_000);
            assert_eq!(answer.headers["grpc-accept-encoding"], "identity,gzip,zstd");
            // The flag is each message's own.
            let plain = read(&server, &headers, framed(0, &request("four"))).await;
            assert_eq!(plain.code(), Code::Ok);
            assert_eq!(length.load(Ordering::SeqCst), 4);
            // An empty message has nothing to inflate.
            let empty = read(&server, &headers, framed(1, &[])).await;
            assert_eq!(empty.code(), Code::Ok);
            assert_eq!(length.load(Ordering::SeqCst), 0);
        }
        let (server, _) = server(Compression::Off, &[]).await;
        let headers = [("grpc-encoding", encoding)];
        let answer = read(&server, &headers, framed(1, &compressed(encoding, b""))).await;
        assert_eq!(answer.code(), Code::Unimplemented);
        assert_eq!(answer.reason(), "UNSUPPORTED_ENCODING");
        assert_eq!(answer.headers["grpc-accept-encoding"], "identity");
    }
}

#[tokio::test]
async fn other_encodings_are_unimplemented_and_say_what_there_is() {
    let (server, _) = server(Compression::Accept, &[]).await;
    for encoding in ["deflate", "snappy", "GZIP", "gzip,zstd", "identity,gzip"] {
        let answer = read(&server, &[("grpc-encoding", encoding)], framed(0, &[])).await;
        assert_eq!(answer.code(), Code::Unimplemented, "{encoding}");
        assert_eq!(answer.headers["grpc-accept-encoding"], "identity,gzip,zstd");
    }
    let identity = [("grpc-encoding", "identity")];
    let answer = read(&server, &identity, framed(0, &request("1"))).await;
    assert_eq!(answer.code(), Code::Ok);
    let answer = read(&server, &identity, framed(1, &request("1"))).await;
    assert_eq!(answer.code(), Code::Internal);
    assert_eq!(faults(&server, GET_ITEM), 0.0);
}

#[tokio::test]
async fn the_limit_is_for_what_comes_out() {
    let (server, _) = server(Compression::Accept, &[]).await;
    for encoding in ["gzip", "zstd"] {
        let headers = [("grpc-encoding", encoding)];
        // As much as is allowed, and one byte more: an id's head has four.
        let most = request(&"x".repeat(LIMIT - 4));
        assert_eq!(most.len(), LIMIT);
        let answer = read(&server, &headers, framed(1, &compressed(encoding, &most))).await;
        assert_eq!(answer.code(), Code::Ok, "{}", answer.status);
        let over = request(&"x".repeat(LIMIT - 3));
        let bomb = vec![0; 1 << 28];
        for large in [over, bomb] {
            let body = framed(1, &compressed(encoding, &large));
            let answer = read(&server, &headers, body).await;
            assert_eq!(answer.code(), Code::ResourceExhausted, "{encoding}");
            assert_eq!(answer.reason(), "MESSAGE_TOO_LARGE");
        }
        // What does not compress at all is larger than the limit, compressed.
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(LIMIT - 4)
            .collect();
        // Bytes that the contract has no field for: tag 15, of any length.
        let noise = [&[0x7a, 0xfc, 0xff, 0x03], &noise[..]].concat();
        assert_eq!(noise.len(), LIMIT);
        let body = compressed(encoding, &noise);
        assert!(body.len() > LIMIT, "{encoding} {}", body.len());
        let answer = read(&server, &headers, framed(1, &body)).await;
        assert_eq!(answer.code(), Code::Ok, "{encoding} {}", answer.status);
        // The announced length alone is enough to be refused.
        let mut announced = vec![1];
        announced.extend((2 * LIMIT as u32).to_be_bytes());
        let answer = read(&server, &headers, announced).await;
        assert_eq!(answer.code(), Code::ResourceExhausted);
    }
}

#[tokio::test]
async fn what_cannot_be_inflated_is_internal_and_the_callers_fault() {
    let (server, _) = server(Compression::Accept, &[]).await;
    let mut calls = 0.0;
    for encoding in ["gzip", "zstd"] {
        let headers = [("grpc-encoding", encoding)];
        let whole = compressed(encoding, &request("1"));
        let broken = [
            ("cut", framed(1, &whole[..whole.len() - 1])),
            ("not compressed", framed(1, &request("1"))),
            ("half a message", framed(1, &whole)[..9].to_vec()),
            ("no message", vec![]),
            ("two messages", framed(1, &whole).repeat(2)),
            ("an unknown flag", framed(3, &whole)),
        ];
        for (what, body) in broken {
            calls += 1.0;
            let answer = read(&server, &headers, body).await;
            assert_eq!(answer.code(), Code::Internal, "{what}: {}", answer.status);
            assert_eq!(
                counted(&server, GET_ITEM, "INTERNAL", CALLER),
                calls,
                "{what}"
            );
        }
    }
    assert_eq!(faults(&server, GET_ITEM), 0.0);
}

/// The flags of an answer's messages and their lengths, inflated.
fn messages(encoding: &str, mut bytes: &[u8]) -> Vec<(u8, usize)> {
    let mut messages = Vec::new();
    while let [flag, a, b, c, d, rest @ ..] = bytes {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (message, rest) = rest.split_at(length);
        let length = match flag {
            0 => length,
            _ => inflated(encoding, message).len(),
        };
        messages.push((*flag, length));
        bytes = rest;
    }
    messages
}

#[tokio::test]
async fn answers_are_compressed_for_whoever_accepts_it() {
    const NAMES: &[usize] = &[10, 100_000, 20];
    let modes = [
        (Compression::Off, None),
        (Compression::Accept, None),
        (Compression::On, Some(())),
    ];
    for (mode, on) in modes {
        let (server, _) = server(mode, NAMES).await;
        for (accept, expected) in [
            ("identity", None),
            ("deflate", None),
            ("gzip", Some("gzip")),
            ("identity,deflate,gzip", Some("gzip")),
            ("gzip, zstd", Some("zstd")),
        ] {
            let expected = on.and(expected);
            let headers = [("grpc-accept-encoding", accept)];
            let path = format!("/{WATCH_ITEMS}");
            let answer = post(&server, &path, &headers, framed(0, &[])).await;
            assert_eq!(answer.code(), Code::Ok, "{}", answer.status);
            let encoding = answer.headers.get("grpc-encoding");
            assert_eq!(encoding.map(|name| name.to_str().unwrap()), expected);
            let size = answer.messages.len();
            let messages = messages(expected.unwrap_or_default(), &answer.messages);
            let flags: Vec<_> = messages.iter().map(|(flag, _)| *flag).collect();
            // Only what is large is worth it.
            let large = u8::from(expected.is_some());
            assert_eq!(flags, [0, large, 0], "{mode:?} {accept}");
            assert!(messages[1].1 > 100_000);
            assert_eq!(size < 10_000, expected.is_some(), "{size}");
        }
    }
}

#[tokio::test]
async fn an_error_is_not_compressed() {
    let (server, _) = server(Compression::On, &[]).await;
    let headers = [("grpc-accept-encoding", "gzip")];
    let answer = post(
        &server,
        "/acme.greeter.v1.GreeterService/No",
        &headers,
        vec![],
    )
    .await;
    assert_eq!(answer.code(), Code::Unimplemented);
    assert!(!answer.headers.contains_key("grpc-encoding"));
    assert!(answer.messages.is_empty());
}

//! Whatever a peer sends, the client neither panics nor hangs, and takes nothing for success that does
//! not say so.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use prost::Message;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::metadata::MetadataValue;

use super::calls::{KINDS, call, name};
use super::peer::{self, After, Field, data, headers, message, reset};
use crate::frames::{END_STREAM, frame};

/// For each kind of call. `PROPTEST_CASES` takes more.
const CASES: u32 = 300;

type OwnedField = (Vec<u8>, Vec<u8>);

/// What a peer answers a call with.
#[derive(Clone, Debug)]
struct Script {
    head: Option<Vec<OwnedField>>,
    body: Vec<Vec<u8>>,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    Trailers(Vec<OwnedField>),
    /// END_STREAM on the last frame that is sent anyway.
    Flag,
    Reset(u32),
    /// Bytes that need not be frames.
    Noise(Vec<u8>),
    Nothing,
}

impl Script {
    fn frames(&self, stream: u32) -> Vec<u8> {
        let mut frames = Vec::new();
        if let Some(head) = &self.head {
            let is_last = self.body.is_empty() && matches!(self.end, End::Flag);
            frames.extend(fields(stream, if is_last { END_STREAM } else { 0 }, head));
        }
        for (number, chunk) in self.body.iter().enumerate() {
            let is_last = number + 1 == self.body.len() && matches!(self.end, End::Flag);
            frames.extend(data(stream, if is_last { END_STREAM } else { 0 }, chunk));
        }
        match &self.end {
            End::Trailers(trailers) => frames.extend(fields(stream, END_STREAM, trailers)),
            End::Reset(code) => frames.extend(reset(stream, *code)),
            End::Noise(noise) => frames.extend(noise),
            End::Flag | End::Nothing => {}
        }
        frames
    }

    /// Whether the call may end with OK: what ends the stream says so, and nothing else.
    fn says_ok(&self) -> bool {
        let last = match (&self.end, &self.head) {
            (End::Trailers(trailers), _) => trailers,
            (End::Flag, Some(head)) if self.body.is_empty() => head,
            // It may be a whole answer.
            (End::Noise(_), _) => return true,
            _ => return false,
        };
        let mut statuses = last
            .iter()
            .filter(|(name, _)| name == b"grpc-status")
            .map(|(_, value)| !value.is_empty() && value.iter().all(|digit| *digit == b'0'));
        statuses.clone().count() > 0 && statuses.all(|ok| ok)
    }
}

fn fields(stream: u32, flags: u8, fields: &[OwnedField]) -> Vec<u8> {
    let fields: Vec<Field<'_>> = fields
        .iter()
        .map(|(name, value)| (&name[..], &value[..]))
        .collect();
    headers(stream, flags, &fields)
}

fn noise(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..max)
}

/// What HTTP/2 lets pass as a value.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![
        Just(b'\t'),
        b' '..=b'~',
        0x80..=0xFFu8,
        Just(b'%'),
        Just(b','),
        Just(b'=')
    ];
    prop_oneof![
        3 => vec(bytes, 0..40),
        3 => (-2i64..20).prop_map(|number| number.to_string().into_bytes()),
        2 => Just(b"0".to_vec()),
        2 => noise(40).prop_map(|bytes| encoded(&bytes)),
        2 => details(),
        1 => noise(40),
    ]
}

/// google.rpc.Status, with details of the standard types, whose fields may hold anything.
fn details() -> impl Strategy<Value = Vec<u8>> {
    let types = select(vec![
        "RetryInfo",
        "ErrorInfo",
        "BadRequest",
        "QuotaFailure",
        "DebugInfo",
        "Help",
    ]);
    let retry = (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| {
        let retry_delay = Some(prost_types::Duration { seconds, nanos });
        tonic_types::pb::RetryInfo { retry_delay }.encode_to_vec()
    });
    let detail =
        (types, prop_oneof![retry, noise(20)]).prop_map(|(name, value)| prost_types::Any {
            type_url: format!("type.googleapis.com/google.rpc.{name}"),
            value,
        });
    (-1i32..18, vec(detail, 0..3)).prop_map(|(code, details)| {
        let status = tonic_types::pb::Status {
            code,
            message: String::new(),
            details,
        };
        encoded(&status.encode_to_vec())
    })
}

fn encoded(bytes: &[u8]) -> Vec<u8> {
    MetadataValue::from_bytes(bytes).as_encoded_bytes().to_vec()
}

fn field() -> impl Strategy<Value = OwnedField> {
    let known = select(vec![
        "grpc-status",
        "grpc-status",
        "grpc-message",
        "grpc-status-details-bin",
        "grpc-encoding",
        "grpc-accept-encoding",
        "grpc-retry-pushback-ms",
        "content-type",
        "content-length",
        "trace-bin",
        "-bin",
        "x",
    ]);
    let name = prop_oneof![
        12 => known.prop_map(|name| name.as_bytes().to_vec()),
        2 => "[a-z0-9_.-]{1,12}(-bin)?".prop_map(String::into_bytes),
        1 => noise(12),
    ];
    (name, value())
}

fn head() -> impl Strategy<Value = Vec<OwnedField>> {
    let status = prop_oneof![6 => Just(200), 3 => 100..999u16];
    let content_type = prop_oneof![
        6 => Just(Some("application/grpc")),
        1 => Just(Some("text/html")),
        1 => Just(None),
    ];
    (status, content_type, vec(field(), 0..5)).prop_map(|(status, content_type, mut fields)| {
        fields.insert(0, (b":status".to_vec(), status.to_string().into_bytes()));
        if let Some(content_type) = content_type {
            fields.push((b"content-type".to_vec(), content_type.as_bytes().to_vec()));
        }
        fields
    })
}

fn script() -> impl Strategy<Value = Script> {
    let chunk = prop_oneof![
        4 => Just(message(0, b"")),
        1 => (any::<u8>(), noise(20)).prop_map(|(flag, bytes)| message(flag, &bytes)),
        1 => noise(20),
    ];
    let trailers = (any::<bool>(), vec(field(), 0..5)).prop_map(|(ok, mut fields)| {
        if ok {
            fields.push((b"grpc-status".to_vec(), b"0".to_vec()));
        }
        fields
    });
    let odd_frame = (any::<u8>(), any::<u8>(), 0..4u32, noise(30))
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload));
    let end = prop_oneof![
        8 => trailers.prop_map(End::Trailers),
        2 => Just(End::Flag),
        1 => (0..16u32).prop_map(End::Reset),
        1 => noise(40).prop_map(End::Noise),
        1 => odd_frame.prop_map(End::Noise),
        1 => Just(End::Nothing),
    ];
    (
        proptest::option::weighted(0.95, head()),
        vec(chunk, 0..3),
        end,
    )
        .prop_map(|(head, body, end)| Script { head, body, end })
}

#[tokio::test]
async fn nothing_that_a_peer_sends_panics_the_client_or_passes_for_success() {
    let config = Config {
        cases: CASES,
        ..Config::default()
    };
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    // The same cases each time.
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(Default::default()),
    );
    let script = script();
    let mut ended_well = 0;
    for _ in 0..cases {
        let script = script.new_tree(&mut runner).unwrap().current();
        let frames = {
            let script = script.clone();
            Arc::new(move |stream| script.frames(stream))
        };
        let addr = peer::start(frames, After::Closes).await;
        let mut calls = JoinSet::new();
        for kind in KINDS {
            calls.spawn(async move { (kind, call(addr, kind).await) });
        }
        while let Some(outcome) = calls.join_next().await {
            let (kind, outcome) = outcome.unwrap_or_else(|panic| panic!("{panic}: {script:?}"));
            if outcome.status.code() == Code::Ok {
                assert!(script.says_ok(), "{kind:?}: {outcome:?}: {script:?}");
                ended_well += 1;
            }
            assert!(
                !outcome.counted.is_empty(),
                "{kind:?}: {outcome:?}: {script:?}"
            );
            assert!(!name(outcome.status.code()).is_empty());
        }
    }
    // Otherwise nearly everything would be refused early.
    assert!(ended_well > cases / 20, "{ended_well} of {cases}");
}

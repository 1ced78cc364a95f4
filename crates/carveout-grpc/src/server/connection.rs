use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::server::conn::http2;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::activity::Activity;
use super::config::ServerConfig;
use super::connections::End;
use super::control_frames::ControlFrames;
use super::placement::Placement;
use super::preface::{self, PREFACE, Prefaced};
use super::stack::{PerRequest, Stack};
use super::timer::ConnectionTimer;
use super::transport::{Transport, TransportHandle};
use crate::draining::DrainSignal;
use crate::secure::{Identity, Secured, Stream};

/// The longest that a connection which has said nothing yet may hold a stop up: what it has sent may
/// still be on its way.
const STOP_PREFACE_TIMEOUT: Duration = Duration::from_millis(200);

/// How long a client may take to acknowledge a GOAWAY, and an answer past its deadline to leave.
///
/// hyper waits for the acknowledgement, because a call that crosses the GOAWAY must be answered too. A
/// client that is gone, or does not run, never sends it.
const GOAWAY_GRACE: Duration = Duration::from_secs(1);

/// How often a connection is looked after at least.
const TICK: Duration = Duration::from_secs(10);

/// How far the stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stop {
    No,
    /// GOAWAY is sent, and calls under way may end.
    Drain,
    /// The drain's budget is used up.
    Cut,
}

/// What a connection is allowed, in the order in which it may come to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    preface_timeout: Duration,
    idle_timeout: Duration,
    max_age: Duration,
    age_grace: Duration,
    /// How long a call may go on past its deadline.
    overdue: Duration,
    max_concurrent_streams: u32,
    drain_budget: Duration,
}

impl Limits {
    pub(super) fn of(config: &ServerConfig, drain_budget: Duration) -> Self {
        Self {
            preface_timeout: config.preface_timeout,
            idle_timeout: config.idle_timeout,
            max_age: config.max_connection_age,
            age_grace: config.max_connection_age_grace,
            overdue: config.keepalive_timeout,
            max_concurrent_streams: config.max_concurrent_streams,
            drain_budget,
        }
    }

    /// Connections that were opened together, after a deployment say, must not end together.
    fn jittered_age(&self) -> Duration {
        let random = RandomState::new().build_hasher().finish();
        let share = f64::from((random % 2001) as u32) / 10_000.0;
        self.max_age.mul_f64(0.9 + share)
    }

    /// How often to look after the connection.
    fn tick(&self) -> Duration {
        let shortest = self.idle_timeout.min(self.overdue) / 2;
        shortest.clamp(Duration::from_millis(10), TICK)
    }
}

/// Serves one connection until it ends, and says why it did.
pub(super) async fn serve(
    mut http: http2::Builder<Placement>,
    stream: TcpStream,
    stack: Stack,
    limits: Limits,
    mut stop: watch::Receiver<Stop>,
) -> End {
    let begun = Instant::now();
    let opened = {
        let stop_patience = async {
            reached(&mut stop, Stop::Drain).await;
            tokio::time::sleep(STOP_PREFACE_TIMEOUT).await;
        };
        tokio::select! {
            opened = tokio::time::timeout(limits.preface_timeout, open(stream, &stack)) => opened,
            () = stop_patience => return End::Stop,
        }
    };
    let (prefaced, identity) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(end)) => return end,
        Err(_) => return End::Preface,
    };

    let control_frames = ControlFrames::new(limits.max_concurrent_streams);
    let (transport, handle) = Transport::new(prefaced, PREFACE.len(), control_frames);
    let (activity, drain) = (Arc::new(Activity::new()), DrainSignal::default());
    let calls = PerRequest::new(stack, activity.clone(), drain.clone(), identity);
    let timer = ConnectionTimer::new();
    http.timer(timer.clone());
    let connection = timer.follow(http.serve_connection(TokioIo::new(transport), calls));
    tokio::pin!(connection);
    let old = tokio::time::sleep_until(begun + limits.jittered_age());
    let reason = tokio::select! {
        // First, so that hyper has seen the preface before it is told to say goodbye.
        biased;
        ended = connection.as_mut() => return ended_by_caller(ended, &handle),
        () = reached(&mut stop, Stop::Drain) => End::Stop,
        () = old => End::Age,
        end = neglected(&activity, limits) => end,
    };
    if reason == End::Overdue {
        return reason;
    }

    connection.as_mut().project().connection.graceful_shutdown();
    // hyper has said goodbye before a call ends for it, or its caller would come back right here.
    if let Some(ended) = connection.as_mut().now_or_never() {
        return ended.map_or_else(|error| ended_by_caller(Err(error), &handle), |()| reason);
    }
    let patience_ends = async {
        if reason != End::Stop {
            send_elsewhere(&drain, limits.age_grace);
            tokio::select! {
                () = tokio::time::sleep(limits.age_grace) => return,
                () = reached(&mut stop, Stop::Drain) => {}
            }
        }
        send_elsewhere(&drain, limits.drain_budget);
        // The loop keeps the budget, for all connections.
        reached(&mut stop, Stop::Cut).await;
    };
    let released = async {
        tokio::time::sleep(GOAWAY_GRACE).await;
        // Without an acknowledgement the client may open new streams: they are refused from here on.
        activity.refuse();
        activity.released(GOAWAY_GRACE).await;
    };
    let end = tokio::select! {
        ended = connection.as_mut() => return match ended {
            Ok(()) => reason,
            Err(error) => ended_by_caller(Err(error), &handle),
        },
        () = patience_ends => {
            let cut = activity.is_held(Instant::now(), GOAWAY_GRACE);
            handle.close();
            // Once, for the last GOAWAY: there is no more time.
            let _ = connection.as_mut().now_or_never();
            return if cut { End::Cut } else { reason };
        }
        () = overdue(&activity, limits) => End::Overdue,
        () = released => reason,
    };
    handle.close();
    tokio::select! {
        _ = connection => {}
        () = reached(&mut stop, Stop::Cut) => {}
    }
    end
}

/// Tells calls that the connection will be closed after `patience`, unless that is beyond the clock.
fn send_elsewhere(drain: &DrainSignal, patience: Duration) {
    if let Some(closed_at) = Instant::now().checked_add(patience) {
        drain.raise(closed_at);
    }
}

/// Whatever comes before the first request: the handshake, if there is one, and HTTP/2's preface.
async fn open(
    stream: TcpStream,
    stack: &Stack,
) -> Result<(Prefaced<Stream>, Option<Identity>), End> {
    let peer = stream.peer_addr().ok();
    let secured = match stack.secure() {
        Some(secure) => secure.accept(stream).await,
        None => Ok(Secured {
            stream: Box::new(stream),
            identity: None,
        }),
    };
    let secured = secured.map_err(|error| {
        stack.connections().handshake_failed(peer, &error);
        End::Handshake
    })?;
    match preface::read(secured.stream).await {
        Ok(Some(prefaced)) => Ok((prefaced, secured.identity)),
        _ => Err(End::Preface),
    }
}

/// Waits until the stop has come so far. A sender that is gone means the same as one that says so.
async fn reached(stop: &mut watch::Receiver<Stop>, step: Stop) {
    // What `wait_for` returns is a guard, and must not live across an await.
    drop(stop.wait_for(|stop| *stop >= step).await);
}

/// Waits until there has been no call for too long, or one that cannot end.
async fn neglected(activity: &Activity, limits: Limits) -> End {
    loop {
        tokio::time::sleep(limits.tick()).await;
        let now = Instant::now();
        if activity.is_overdue(now, limits.overdue) {
            return End::Overdue;
        }
        if activity.idle(now) >= limits.idle_timeout {
            return End::Idle;
        }
    }
}

async fn overdue(activity: &Activity, limits: Limits) {
    while !activity.is_overdue(Instant::now(), limits.overdue) {
        tokio::time::sleep(limits.tick()).await;
    }
}

fn ended_by_caller(ended: Result<(), hyper::Error>, transport: &TransportHandle) -> End {
    match ended {
        _ if transport.is_flooded() => End::Flood,
        Ok(()) => End::Caller,
        Err(error) => {
            // A caller that goes away without a word is everyday life.
            tracing::debug!(%error, "connection ended");
            End::Error
        }
    }
}

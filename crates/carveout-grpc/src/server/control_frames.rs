use std::time::Duration;

use tokio::time::Instant;

use super::frame_header::{FrameHeader, kind};

/// Control frames that a connection may send at once, apart from those of its streams.
const BURST: u64 = 1_000;

/// Control frames at once for each stream that may be open: a client that cancels all of its calls
/// sends RST_STREAM for each, and may have sent WINDOW_UPDATE for each just before.
const BURST_PER_STREAM: u64 = 4;

/// Control frames for each HEADERS and each DATA with a payload, of either side. Clients that estimate
/// the bandwidth-delay product (grpc-go, grpc-java, grpc-core, hyper) send one PING at a time while they receive
/// DATA; windows are updated at most twice a frame.
const PER_FRAME_OF_A_CALL: u64 = 10;

/// Control frames a second on a connection without calls. Keepalive is one PING every ten seconds, and
/// at its most frequent one a second.
const PER_SECOND: u64 = 100;

/// How many control frames a connection may still send: a token bucket.
///
/// PING and SETTINGS have to be answered, and every other frame that is part of no call costs the
/// server as much as it costs nothing to send. h2 limits what belongs to calls (resets,
/// CONTINUATION, DATA without a payload) and none of these.
#[derive(Debug)]
pub(super) struct ControlFrames {
    left: u64,
    capacity: u64,
    refilled: Instant,
}

impl ControlFrames {
    pub(super) fn new(max_concurrent_streams: u32) -> Self {
        let capacity = BURST + BURST_PER_STREAM * u64::from(max_concurrent_streams);
        Self {
            left: capacity,
            capacity,
            refilled: Instant::now(),
        }
    }

    /// The server has sent a frame.
    pub(super) fn sent(&mut self, frame: FrameHeader) {
        if is_of_a_call(frame) {
            self.add(PER_FRAME_OF_A_CALL);
        }
    }

    /// The client has sent a frame; whether it may.
    pub(super) fn received(&mut self, frame: FrameHeader) -> bool {
        if is_of_a_call(frame) {
            self.add(PER_FRAME_OF_A_CALL);
            return true;
        }
        if frame.kind == kind::CONTINUATION {
            return true;
        }
        if self.left == 0 {
            // The clock is read when it makes a difference, which is hardly ever.
            self.refill(Instant::now());
        }
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }

    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.refilled);
        let tokens = (passed.as_secs_f64() * PER_SECOND as f64) as u64;
        self.add(tokens);
        // What is less than a token is kept.
        self.refilled += Duration::from_secs_f64(tokens as f64 / PER_SECOND as f64);
    }

    fn add(&mut self, tokens: u64) {
        self.left = self.left.saturating_add(tokens).min(self.capacity);
    }
}

/// Whether a frame moves a call forward: an empty DATA does not.
fn is_of_a_call(frame: FrameHeader) -> bool {
    match frame.kind {
        kind::HEADERS => true,
        kind::DATA => frame.length > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn frame(kind: u8, length: usize) -> FrameHeader {
        FrameHeader {
            length,
            kind,
            stream: 0,
        }
    }

    fn ping() -> FrameHeader {
        frame(kind::PING, 8)
    }

    /// How many more PINGs are allowed.
    fn allowed(frames: &mut ControlFrames) -> u64 {
        (0..).take_while(|_| frames.received(ping())).count() as u64
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_ends_at_the_burst_and_time_allows_more() {
        let mut frames = ControlFrames::new(10);
        assert_eq!(allowed(&mut frames), 1_040);
        tokio::time::advance(SECOND / 200).await;
        assert_eq!(allowed(&mut frames), 0);
        tokio::time::advance(SECOND / 200).await;
        assert_eq!(allowed(&mut frames), 1, "half a token was lost");
        tokio::time::advance(SECOND).await;
        assert_eq!(allowed(&mut frames), 100);
        tokio::time::advance(1000 * SECOND).await;
        assert_eq!(allowed(&mut frames), 1_040, "nothing is saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn calls_allow_more_and_empty_data_does_not() {
        let mut frames = ControlFrames::new(10);
        allowed(&mut frames);
        assert!(frames.received(frame(kind::HEADERS, 50)));
        frames.sent(frame(kind::DATA, 5));
        assert_eq!(allowed(&mut frames), 20);
        frames.sent(frame(kind::DATA, 0));
        frames.sent(frame(kind::PING, 8));
        assert!(!frames.received(frame(kind::DATA, 0)));
    }

    /// The most that clients are known to send, for an hour: none of it is ever refused.
    #[tokio::test(start_paused = true)]
    async fn no_honest_client_comes_near() {
        let mut frames = ControlFrames::new(1024);
        // Keepalive every second, which most servers forbid.
        for _ in 0..3600 {
            tokio::time::advance(SECOND).await;
            assert!(frames.received(ping()));
        }
        // A stream of tiny messages on loopback: after each a PING to estimate the bandwidth-delay
        // product, its acknowledgement of ours, and an update of both windows.
        for _ in 0..100_000 {
            frames.sent(frame(kind::DATA, 7));
            for kind in [kind::PING, kind::PING, 0x8, 0x8] {
                assert!(frames.received(frame(kind, 8)));
            }
        }
        // All calls are cancelled at once, just after their windows were updated.
        for _ in 0..1024 * 2 {
            assert!(frames.received(frame(0x3, 4)));
        }
        assert!(frames.left > frames.capacity / 2, "{}", frames.left);
    }
}

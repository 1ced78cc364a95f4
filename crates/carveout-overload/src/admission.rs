use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::arrival::{Arrival, Decision, Refusal};
use crate::clock::{Clock, nanos};
use crate::config::OverloadConfig;
use crate::gate::{Full, Gate};
use crate::level::Criticality;
use crate::limit::{Limit, Now};
use crate::method::Method;
use crate::mode::GuardMode;
use crate::permit::{Permit, Waiting};
use crate::queue::{Next, Queue, Queued};
use crate::snapshot::{Counters, Snapshot};
use crate::spread::Spread;
use crate::sync::oneshot;
use crate::threshold::{Overload, Threshold};
use crate::window::Window;

/// How often the limit and the threshold are looked at, in nanoseconds, and how many calls must have
/// ended by then.
const WINDOW: u64 = 100_000_000;
const WINDOW_CALLS: u64 = 20;
/// Who waits no longer than this hardly waits, in nanoseconds: CoDel's target (RFC 8289).
const SHORT: u64 = 5_000_000;
/// What a call weighs in the average time, as a power of two: 1/64.
const AVERAGE: u32 = 6;

/// Who gets in. Clones share everything; give each connection a clone of its own.
#[derive(Debug)]
pub struct Admission(Arc<Handle>);

impl Clone for Admission {
    fn clone(&self) -> Self {
        Self(Handle::to(&self.0.0))
    }
}

/// A count of references of its own for each clone, so that the calls of two connections do not
/// count on one cache line.
#[derive(Debug)]
pub(crate) struct Handle(Arc<Shared>);

impl Handle {
    fn to(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(shared)))
    }
}

impl std::ops::Deref for Handle {
    type Target = Arc<Shared>;

    fn deref(&self) -> &Arc<Shared> {
        &self.0
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    clock: Clock,
    mode: AtomicU8,
    times: Times,
    gate: Gate,
    queue: Queue,
    threshold: Threshold,
    window: Window,
    methods: Box<[Method]>,
    /// What a call takes on the average, in nanoseconds.
    took: AtomicU64,
    /// How much that differs, where calls hold a worker.
    spread: Spread,
    most_under_way: AtomicUsize,
    /// Whether nobody stood in anybody's way in the last window.
    calm: AtomicBool,
    counters: Counters,
    control: Mutex<Control>,
}

/// Those of the configuration that a reload may change, in nanoseconds.
#[derive(Debug, Default)]
struct Times {
    max_queue_wait: AtomicU64,
    overloaded_queue_wait: AtomicU64,
    overloaded_after: AtomicU64,
}

#[derive(Debug)]
struct Control {
    limit: Limit,
    overload: Option<Overload>,
}

impl Admission {
    /// For a service of so many methods, whose handlers run on so many workers.
    pub fn new(config: OverloadConfig, methods: usize, workers: usize) -> Self {
        Self::with_clock(config, methods, workers, Clock::system())
    }

    /// The same by a clock of the caller's: for simulations.
    pub fn with_clock(
        config: OverloadConfig,
        methods: usize,
        workers: usize,
        clock: Clock,
    ) -> Self {
        let least = if config.min_limit == 0 {
            workers.max(1)
        } else {
            config.min_limit
        };
        let initial = config.initial_limit.max(least);
        let shared = Shared {
            clock,
            mode: AtomicU8::default(),
            times: Times::default(),
            gate: Gate::new(initial, workers),
            queue: Queue::default(),
            threshold: Threshold::default(),
            window: Window::new(),
            methods: (0..methods.max(1)).map(|_| Method::default()).collect(),
            took: AtomicU64::new(0),
            spread: Spread::default(),
            most_under_way: AtomicUsize::new(0),
            calm: AtomicBool::new(true),
            counters: Counters::default(),
            control: Mutex::new(Control {
                limit: Limit::new(initial, least, nanos(config.tolerance)),
                overload: None,
            }),
        };
        let admission = Self(Handle::to(&Arc::new(shared)));
        admission.configure(&config);
        admission
    }

    /// Puts the mode and the times of `config` into force. Limits need a new admission.
    pub fn configure(&self, config: &OverloadConfig) {
        let times = &self.0.times;
        let set = |time: &AtomicU64, duration| time.store(nanos(duration), Relaxed);
        set(&times.max_queue_wait, config.max_queue_wait);
        set(&times.overloaded_queue_wait, config.overloaded_queue_wait);
        set(&times.overloaded_after, config.overloaded_after);
        self.0.mode.store(config.mode as u8, Relaxed);
    }

    /// Decides about a call that has arrived `now`.
    ///
    /// Costs a few atomic operations and no lock for a call that is let in at once or refused.
    pub fn arrive(&self, now: Instant, call: &Arrival) -> Decision {
        let shared = &self.0;
        let mode = shared.mode();
        if mode == GuardMode::Off {
            return Decision::Admitted(Permit::new(None, call.method, 0, 0, false));
        }
        let at = shared.clock.since_origin(now);
        let holds_worker = !call.holds_worker.is_zero();
        shared.window.arrived(call.level);
        shared.look(at);
        if mode == GuardMode::Dark {
            let would_wait = shared.gate.enter(holds_worker);
            let mut permit = self.permit(at, call, holds_worker);
            permit.would_be = shared.would_be(at, call, would_wait);
            return Decision::Admitted(permit);
        }
        // Those in the queue wait for workers, if there is room for a call that needs none.
        // Whoever is below the threshold, too: nobody is served by a place that stays empty.
        let first = shared.queue.is_empty() || !holds_worker;
        if first {
            match shared.gate.try_enter(holds_worker) {
                Ok(()) => return Decision::Admitted(self.permit(at, call, holds_worker)),
                Err(Full::Limit) => shared.window.limited(),
                Err(Full::Workers) => {}
            }
        }
        let ahead = shared.queue.ahead_of(call.level.class());
        if let Some(refusal) = shared.refusal(at, call, ahead) {
            return Decision::Refused(refusal);
        }
        Decision::Queued(self.queue(at, now, call))
    }

    fn queue(&self, at: u64, now: Instant, call: &Arrival) -> Waiting {
        let shared = &self.0;
        shared.window.queued();
        shared.counters.queued.fetch_add(1, Relaxed);
        let (tell, told) = oneshot::channel();
        shared.queue.push(Queued {
            told: tell,
            class: call.level.class(),
            since: at,
            deadline: shared.deadline(call),
            method: call.method,
            holds_worker: !call.holds_worker.is_zero(),
        });
        // The last one may have left between the look at the gate and the step into the queue.
        shared.let_in(at);
        let allowed = shared.allowed_wait(at, call.level.class(), call.method);
        let left = shared.deadline(call).saturating_sub(at);
        Waiting {
            of: Arc::clone(&self.0),
            told,
            since: now,
            expires: now + Duration::from_nanos(allowed.min(left)),
        }
    }

    fn permit(&self, at: u64, call: &Arrival, unbegun: bool) -> Permit {
        let deadline = self.0.deadline(call);
        Permit::new(
            Some(Arc::clone(&self.0)),
            call.method,
            at,
            deadline,
            unbegun,
        )
    }

    /// What it does at present.
    pub fn mode(&self) -> GuardMode {
        self.0.mode()
    }

    /// Everything that is known at this moment.
    pub fn snapshot(&self) -> Snapshot {
        let shared = &self.0;
        let at = shared.clock.since_origin(shared.clock.now());
        let ahead = shared.queue.ahead_of(Criticality::Critical);
        Snapshot {
            mode: shared.mode(),
            limit: shared.gate.limit(),
            under_way: shared.gate.under_way(),
            queued: shared.queue.len(),
            queue_standing_for: Duration::from_nanos(shared.queue.standing_for(at)),
            wait: Duration::from_nanos(
                shared
                    .between_turns(Duration::ZERO)
                    .saturating_mul(ahead as u64),
            ),
            threshold: shared.threshold.level(),
            took: Duration::from_nanos(shared.took.load(Relaxed)),
            methods: shared
                .methods
                .iter()
                .map(|method| [method.usual(), method.alone()].map(Duration::from_nanos))
                .collect(),
            counts: shared.counters.read(shared.window.arrived_ever()),
        }
    }
}

impl Shared {
    fn mode(&self) -> GuardMode {
        match self.mode.load(Relaxed) {
            mode if mode == GuardMode::Off as u8 => GuardMode::Off,
            mode if mode == GuardMode::Dark as u8 => GuardMode::Dark,
            _ => GuardMode::Enforce,
        }
    }

    /// In nanoseconds; none is the end of time.
    fn deadline(&self, call: &Arrival) -> u64 {
        call.deadline
            .map_or(u64::MAX, |deadline| self.clock.since_origin(deadline))
    }

    /// Why a call is refused that would have `ahead` others before it.
    fn refusal(&self, at: u64, call: &Arrival, ahead: usize) -> Option<Refusal> {
        let between = self.between_turns(call.holds_worker);
        let wait = between.saturating_mul(ahead as u64);
        let class = call.level.class();
        // Less critical calls leave room in the queue for those that may still come.
        let share = match class {
            Criticality::Sheddable => 2,
            Criticality::SheddablePlus => 3,
            Criticality::Critical | Criticality::CriticalPlus => 4,
        };
        if self.threshold.refuses(call.level) {
            // No sign of overload: or the threshold would keep itself up.
            self.counters.below_threshold.fetch_add(1, Relaxed);
            self.window.below_threshold();
        } else if wait > self.allowed_wait(at, class, call.method) / 4 * share {
            self.counters.queue_full.fetch_add(1, Relaxed);
            self.window.overloaded();
        } else {
            return self.doom(at, call, wait);
        }
        Some(Refusal::Overloaded {
            wait: Duration::from_nanos(wait),
            lasting: self.threshold.is_lasting(),
        })
    }

    /// Whether the call cannot be answered in time.
    fn doom(&self, at: u64, call: &Arrival, wait: u64) -> Option<Refusal> {
        let takes = self.method(call.method).usual();
        let left = self.clock.since_origin(call.deadline?).saturating_sub(at);
        (wait.saturating_add(takes) > left).then(|| {
            self.counters.doomed.fetch_add(1, Relaxed);
            if takes > left {
                self.window.doomed();
            } else {
                self.window.overloaded();
            }
            let takes = wait.saturating_add(takes);
            Refusal::Doomed {
                takes: Duration::from_nanos(takes),
                left: Duration::from_nanos(left),
            }
        })
    }

    /// Counts what would have been done with a call that is in already.
    fn would_be(&self, at: u64, call: &Arrival, would_wait: (usize, usize)) -> Option<Refusal> {
        let (over, late) = would_wait;
        if over > 0 {
            self.window.limited();
        }
        let ahead = over.max(late).checked_sub(1)?;
        let refusal = self.refusal(at, call, ahead);
        if refusal.is_none() {
            self.counters.queued.fetch_add(1, Relaxed);
        }
        refusal
    }

    /// How long it is from the turn of one call that waits to that of the next, in nanoseconds.
    fn between_turns(&self, holds_worker: Duration) -> u64 {
        // They wait for workers ...
        let for_workers = nanos(holds_worker) / self.gate.workers() as u64;
        let (under_way, limit) = (self.gate.under_way(), self.gate.limit());
        if !holds_worker.is_zero() && under_way < limit {
            return for_workers;
        }
        // ... or for calls to end: Little's law.
        let for_ends = self.took.load(Relaxed) / under_way.clamp(1, limit.max(1)) as u64;
        for_ends.max(for_workers)
    }

    /// Whether there are more calls as critical as `class` than can be served.
    fn is_overloaded(&self, at: u64, class: Criticality) -> bool {
        if self.threshold.is_overloaded() {
            return !self.threshold.fits(class);
        }
        self.queue.standing_for(at) > self.times.overloaded_after.load(Relaxed)
    }

    /// How long a call may wait, in nanoseconds.
    fn allowed_wait(&self, at: u64, class: Criticality, method: usize) -> u64 {
        if self.is_overloaded(at, class) {
            self.times.overloaded_queue_wait.load(Relaxed)
        } else {
            let wait = self.times.max_queue_wait.load(Relaxed);
            wait.max(self.method(method).usual())
        }
    }

    fn method(&self, method: usize) -> &Method {
        &self.methods[method.min(self.methods.len() - 1)]
    }

    /// Lets in whose turn it is, for as long as there is room.
    fn let_in(self: &Arc<Self>, at: u64) {
        if self.queue.is_empty() {
            return;
        }
        let is_late = |call: &Queued| {
            at.saturating_sub(call.since) > self.allowed_wait(at, call.class, call.method)
        };
        for late in self.queue.late(is_late) {
            let refusal = self.too_late(Duration::from_nanos(at.saturating_sub(late.since)));
            // Whoever is gone already was counted when it went.
            if late.told.send(Err(refusal)).is_ok() {
                self.count_late();
            }
        }
        let ask = |call: &Queued| {
            let takes = self.method(call.method).usual();
            if call.told.is_closed() || at.saturating_add(takes) > call.deadline {
                return Next::Drop;
            }
            match self.gate.try_enter(call.holds_worker) {
                Ok(()) => Next::Enter,
                Err(Full::Limit) => {
                    self.window.limited();
                    Next::Stay
                }
                Err(Full::Workers) => Next::Stay,
            }
        };
        let newest = |class| self.is_overloaded(at, class);
        while let Some((call, next)) = self.queue.next(newest, ask) {
            let told = match next {
                Next::Enter => {
                    let queued = at.saturating_sub(call.since);
                    if queued < SHORT {
                        self.queue.moved(at);
                    }
                    let of = Some(Handle::to(self));
                    let mut permit =
                        Permit::new(of, call.method, at, call.deadline, call.holds_worker);
                    permit.queued = queued;
                    Ok(permit)
                }
                // It has left by itself.
                _ if call.told.is_closed() => continue,
                _ => {
                    self.counters.doomed_late.fetch_add(1, Relaxed);
                    self.window.overloaded();
                    Err(Refusal::Doomed {
                        takes: Duration::from_nanos(self.method(call.method).usual()),
                        left: Duration::from_nanos(call.deadline.saturating_sub(at)),
                    })
                }
            };
            // A permit that nobody takes any more comes back here and is dropped.
            drop(call.told.send(told));
        }
    }

    pub(crate) fn refused_late(&self, wait: Duration) -> Refusal {
        self.count_late();
        self.too_late(wait)
    }

    fn count_late(&self) {
        self.window.overloaded();
        self.counters.waited_too_long.fetch_add(1, Relaxed);
    }

    fn too_late(&self, wait: Duration) -> Refusal {
        Refusal::Overloaded {
            wait,
            lasting: self.threshold.is_lasting(),
        }
    }

    pub(crate) fn begun(self: &Arc<Self>) -> u64 {
        self.gate.begin();
        let at = self.clock.since_origin(self.clock.now());
        if !self.queue.is_empty() {
            self.let_in(at);
        }
        at
    }

    pub(crate) fn finished(self: &Arc<Self>, permit: &Permit, now: Instant) {
        let at = self.clock.since_origin(now);
        self.answered(permit, at);
        if permit.begun != 0 {
            self.spread.add(at.saturating_sub(permit.begun));
        }
        self.leave(permit, at);
    }

    pub(crate) fn stream_begins(&self, permit: &Permit, now: Instant) {
        self.gate.stream_begins();
        self.answered(permit, self.clock.since_origin(now));
    }

    fn answered(&self, permit: &Permit, at: u64) {
        let took = at.saturating_sub(permit.since).max(1);
        let method = self.method(permit.method);
        self.window.ended(took, method.excess(took));
        if method.is_due(at) {
            method.took(took, self.calm.load(Relaxed) && self.queue.is_empty());
            self.average(took);
        }
    }

    fn average(&self, took: u64) {
        let average = self.took.load(Relaxed);
        let average = if average == 0 {
            took
        } else {
            average - (average >> AVERAGE) + (took >> AVERAGE)
        };
        self.took.store(average, Relaxed);
    }

    pub(crate) fn gone(self: &Arc<Self>, permit: &Permit) {
        let at = self.clock.since_origin(self.clock.now());
        let took = at.saturating_sub(permit.since);
        // Its caller gives up then too, and may be a little sooner. One that leaves no time for an
        // answer says nothing of the service.
        let all_it_had = permit.deadline.saturating_sub(permit.since) / 10 * 9;
        let alone = self.method(permit.method).alone();
        if permit.streams {
            self.gate.stream_ends();
        } else if alone > 0 && took >= all_it_had.max(alone) {
            self.window.lost(took);
        } else {
            self.window.gone();
        }
        self.leave(permit, at);
    }

    fn leave(self: &Arc<Self>, permit: &Permit, at: u64) {
        if permit.unbegun {
            self.gate.begin();
        }
        self.gate.leave();
        if !self.queue.is_empty() {
            self.let_in(at);
        }
    }

    /// Looks at what has happened, if it is time to.
    fn look(self: &Arc<Self>, at: u64) {
        let under_way = self.gate.under_way();
        if under_way > self.most_under_way.load(Relaxed) {
            self.most_under_way.fetch_max(under_way, Relaxed);
        }
        let Some(sums) = self.window.close(at, WINDOW, WINDOW_CALLS) else {
            return;
        };
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.most_under_way.swap(under_way, Relaxed);
        let workers = self.gate.workers();
        let places = self.spread.places(workers);
        self.gate.set_places(places);
        let now = Now {
            limit: self.gate.limit(),
            under_way,
            most_under_way: most,
            at_hand: workers + places,
            streams: self.gate.streams(),
        };
        let verdict = control.limit.step(now, &sums);
        self.gate.set_limit(verdict.limit);
        self.calm.store(verdict.calm, Relaxed);
        if verdict.slower {
            for method in &self.methods {
                method.slower();
            }
        }
        self.threshold.step(&mut control.overload, &sums);
        drop(control);
        self.let_in(at);
    }
}

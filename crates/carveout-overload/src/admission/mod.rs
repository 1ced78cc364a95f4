mod control;
mod ends;
mod refusal;
mod turns;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::arrival::{Arrival, Decision};
use crate::average::Average;
use crate::clock::{Clock, nanos};
use crate::config::OverloadConfig;
use crate::gate::Gate;
use crate::in_flight::{InFlight, Ticket};
use crate::level::Criticality;
use crate::limit::Limit;
use crate::method::Method;
use crate::mode::GuardMode;
use crate::permit::{Called, Permit, Waiting};
use crate::queue::{Queue, Queued};
use crate::snapshot::{Counters, Snapshot};
use crate::spread::Spread;
use crate::sync::oneshot;
use crate::threshold::{Overload, Threshold};
use crate::window::Window;

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
#[repr(align(128))]
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
    in_flight: InFlight,
    /// When generations were last advanced, in nanoseconds.
    looked: AtomicU64,
    /// When the fair share was last computed, in nanoseconds, and the share in permits.
    shared: AtomicU64,
    share: AtomicUsize,
    methods: Box<[Method]>,
    /// What a call takes on the average, in nanoseconds.
    took: Average<6>,
    /// How much that differs, where calls hold a worker.
    spread: Spread,
    most_taken: AtomicUsize,
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
    stalled_after: AtomicU64,
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
            in_flight: InFlight::new(methods.max(1)),
            looked: AtomicU64::new(0),
            shared: AtomicU64::new(0),
            share: AtomicUsize::new(1),
            methods: (0..methods.max(1)).map(|_| Method::default()).collect(),
            took: Average::default(),
            spread: Spread::default(),
            most_taken: AtomicUsize::new(0),
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
        set(&times.stalled_after, config.stalled_after);
        self.0.mode.store(config.mode as u8, Relaxed);
    }

    /// Decides about a call that has arrived `now`.
    ///
    /// Costs a few atomic operations and no lock for a call that is let in at once or refused.
    pub fn arrive(&self, now: Instant, call: &Arrival) -> Decision {
        let shared = &self.0;
        let called = shared.called(call);
        let mode = shared.mode();
        if mode == GuardMode::Off {
            return Decision::Admitted(Permit::new(None, called, 0, None));
        }
        let at = shared.clock.since_origin(now);
        shared.window.arrived(call.level);
        shared.look(at);
        if mode == GuardMode::Dark {
            let entered = shared.gate.enter(called.holds_worker);
            let place = shared.in_flight.enter(called.method);
            shared.saw(entered.taken);
            let mut permit = self.permit(at, called, (place, entered.taken));
            permit.would_be = shared.would_be(at, call, entered);
            return Decision::Admitted(permit);
        }
        // Those in the queue wait for workers, if there is room for a call that needs none.
        // Whoever is below the threshold, too: nobody is served by a place that stays empty.
        let first = shared.queue.is_empty() || !called.holds_worker;
        if first && let Ok(entered) = shared.try_enter(at, called.method, called.holds_worker) {
            return Decision::Admitted(self.permit(at, called, entered));
        }
        let ahead = shared.queue.ahead_of(call.level.class());
        if let Some(refusal) = shared.refusal(at, call, ahead) {
            return Decision::Refused(refusal);
        }
        Decision::Queued(self.queue(at, now, call, called))
    }

    fn queue(&self, at: u64, now: Instant, call: &Arrival, called: Called) -> Waiting {
        let shared = &self.0;
        shared.window.queued();
        shared.counters.queued.fetch_add(1, Relaxed);
        let (tell, told) = oneshot::channel();
        shared.queue.push(Queued {
            told: tell,
            class: call.level.class(),
            since: at,
            call: called,
        });
        // The last one may have left between the look at the gate and the step into the queue.
        shared.let_in(at);
        let allowed = shared.allowed_wait(at, call.level.class(), call.method);
        let left = called.deadline.saturating_sub(at);
        Waiting {
            of: Arc::clone(&self.0),
            told,
            since: now,
            expires: now + Duration::from_nanos(allowed.min(left)),
        }
    }

    fn permit(&self, at: u64, call: Called, entered: (Ticket, usize)) -> Permit {
        Permit::new(Some(Arc::clone(&self.0)), call, at, Some(entered))
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
            streams: shared.gate.streams(),
            waiting: shared.gate.waiting(),
            queued: shared.queue.len(),
            queue_standing_for: Duration::from_nanos(shared.queue.standing_for(at)),
            wait: Duration::from_nanos(
                shared
                    .between_turns(Duration::ZERO)
                    .saturating_mul(ahead as u64),
            ),
            threshold: shared.threshold.level(),
            took: Duration::from_nanos(shared.took.get()),
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

    fn called(&self, call: &Arrival) -> Called {
        let deadline = call.deadline;
        Called {
            method: call.method.min(self.methods.len() - 1),
            deadline: deadline.map_or(u64::MAX, |deadline| self.clock.since_origin(deadline)),
            holds_worker: !call.holds_worker.is_zero(),
        }
    }

    fn method(&self, method: usize) -> &Method {
        &self.methods[method.min(self.methods.len() - 1)]
    }
}

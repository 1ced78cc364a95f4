use std::time::Duration;

use crate::arrival::Decision;
use crate::service::{Service, admitted, call, holding, is_in, settled, sheddable, spawn};

/// A model, by what it shows.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// How often a thread may be interrupted in one order. Two are enough for nearly every mistake
    /// (Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007); more is what there is time
    /// for.
    pub(crate) interruptions: usize,
    pub(crate) run: fn(),
}

const fn model(name: &'static str, interruptions: usize, run: fn()) -> Model {
    Model {
        name,
        interruptions,
        run,
    }
}

pub(crate) const ALL: &[Model] = &[
    model("who leaves and who comes see each other", 3, comes),
    model("of two that come one is in and one is next", 2, two_come),
    model("two leave and two lines move", 2, two_leave),
    model("who is refused keeps nobody out", 3, refused),
    model("who finds no worker keeps nobody out", 5, no_worker),
    model("a permit for nobody comes back", 5, goes_away),
    model("who gives up leaves nothing behind", 5, gives_up),
    model("who begins lets the next one in", 3, begins),
    model("a stream that begins lets the next one in", 3, streams),
    model("who is cancelled unbegun lets the next one in", 3, unbegun),
    model("a greater limit lets in who comes then", 3, greater_limit),
    model("a place that is kept is nobody's loss", 3, kept),
    model("a place that is kept is for one of two", 3, kept_for_one),
];

fn comes() {
    let service = Service::new(1, 1);
    let permit = service.admitted();
    let leaver = spawn(move || drop(permit));
    let decision = service.arrive(&call());
    leaver.join().expect("the leaver");
    drop(is_in(decision));
    service.is_as_new();
}

fn two_come() {
    let service = Service::new(1, 1);
    let permit = service.admitted();
    let leaver = spawn(move || drop(permit));
    let there = service.clone();
    let other = spawn(move || there.arrive(&call()));
    let one = settled(service.arrive(&call()));
    leaver.join().expect("the leaver");
    let other = other.join().expect("the other");
    match one {
        Ok(permit) => {
            drop(permit);
            drop(is_in(other));
        }
        Err(waiting) => match settled(other) {
            Ok(permit) => {
                drop(permit);
                drop(is_in(Decision::Queued(waiting)));
            }
            Err(other) => {
                drop(is_in(Decision::Queued(waiting)));
                drop(is_in(Decision::Queued(other)));
            }
        },
    }
    service.is_as_new();
}

fn refused() {
    let service = Service::new(1, 1);
    let permit = service.admitted();
    let waiting = service.queued(&call());
    let leaver = spawn(move || drop(permit));
    // In, if it comes when nobody is; it must not have been in the way of the one that waits.
    match service.arrive(&service.hurried()) {
        Decision::Admitted(permit) => drop(permit),
        Decision::Refused(_) => {}
        Decision::Queued(_) => panic!("it has no time to wait"),
    }
    leaver.join().expect("the leaver");
    drop(is_in(Decision::Queued(waiting)));
    service.is_as_new();
}

fn no_worker() {
    // The one worker has a call already, and there is room for one that needs none.
    let service = Service::new(2, 1);
    let held = admitted(service.arrive(&holding()));
    let there = service.clone();
    let hurried = spawn(move || {
        let mut call = there.hurried();
        call.holds_worker = holding().holds_worker;
        let decision = there.arrive(&call);
        assert!(
            matches!(decision, Decision::Refused(_)),
            "there is a worker"
        );
    });
    let decision = service.arrive(&call());
    hurried.join().expect("the hurried one");
    drop(is_in(decision));
    drop(held);
    service.is_as_new();
}

fn goes_away() {
    let service = Service::new(1, 1);
    let permit = service.admitted();
    let first = service.queued(&call());
    let second = service.queued(&call());
    let leaver = spawn(move || drop(permit));
    // It may have been told by then, or be told at this moment.
    drop(first);
    leaver.join().expect("the leaver");
    drop(is_in(Decision::Queued(second)));
    service.is_as_new();
}

fn gives_up() {
    let service = Service::new(1, 1);
    let permit = service.admitted();
    let first = service.queued(&call());
    let second = service.queued(&call());
    let leaver = spawn(move || drop(permit));
    let told = first.give_up(service.now);
    leaver.join().expect("the leaver");
    match told {
        Ok(permit) => {
            let Err(second) = settled(Decision::Queued(second)) else {
                panic!("two are in");
            };
            drop(permit);
            drop(is_in(Decision::Queued(second)));
        }
        Err(_) => drop(is_in(Decision::Queued(second))),
    }
    service.is_as_new();
}

fn streams() {
    let service = Service::new(1, 1);
    let mut permit = service.admitted();
    let now = service.now;
    let sender = spawn(move || {
        permit.streams(now);
        permit
    });
    let decision = service.arrive(&call());
    let stream = sender.join().expect("the sender");
    // While it is being sent.
    drop(is_in(decision));
    drop(stream);
    service.is_as_new();
}

fn begins() {
    let service = Service::new(3, 1);
    let mut permit = admitted(service.arrive(&holding()));
    let worker = spawn(move || {
        permit.begin();
        permit
    });
    let decision = service.arrive(&holding());
    let permit = worker.join().expect("the worker");
    let second = is_in(decision);
    drop(permit);
    drop(second);
    service.is_as_new();
}

fn unbegun() {
    let service = Service::new(3, 1);
    let permit = admitted(service.arrive(&holding()));
    let leaver = spawn(move || drop(permit));
    let decision = service.arrive(&holding());
    leaver.join().expect("the leaver");
    drop(is_in(decision));
    service.is_as_new();
}

fn greater_limit() {
    let service = Service::new(2, 1);
    let permits = [service.admitted(), service.admitted()];
    // That somebody has to wait is why the limit is twice as great once the window has ended.
    drop(service.queued(&call()));
    let there = service.clone();
    let later = spawn(move || {
        let later = there.now + Duration::from_secs(2);
        there.admission.arrive(later, &call())
    });
    let decision = service.arrive(&call());
    let later = later.join().expect("the later one");
    assert_eq!(service.admission.snapshot().limit, 4);
    drop([decision, later].map(is_in));
    drop(permits);
    service.is_as_new();
}

fn two_leave() {
    let service = Service::new(2, 1);
    let permits = [service.admitted(), service.admitted()];
    let [one, other] = permits.map(|permit| spawn(move || drop(permit)));
    let decisions = [call(), sheddable()].map(|call| service.arrive(&call));
    one.join().expect("the one");
    other.join().expect("the other");
    let permits = decisions.map(is_in);
    drop(permits);
    service.is_as_new();
}

fn kept() {
    // Far enough from the limit for whoever leaves to keep its place.
    let service = Service::new(4, 1);
    let permit = service.admitted();
    let leaver = spawn(move || drop(permit));
    let decisions = [(); 4].map(|()| service.arrive(&call()));
    leaver.join().expect("the leaver");
    drop(decisions.map(is_in));
    service.is_as_new();
}

fn kept_for_one() {
    let service = Service::new(4, 4);
    // One place is kept of the call that it began with, and there is no other.
    let held = [(); 3].map(|()| admitted(service.arrive(&holding())));
    let there = service.clone();
    let other = spawn(move || there.arrive(&holding()));
    let one = settled(service.arrive(&call()));
    let other = settled(other.join().expect("the other"));
    let (permit, waiting) = match (one, other) {
        (Ok(permit), Err(waiting)) | (Err(waiting), Ok(permit)) => (permit, waiting),
        both => panic!("one is in and one waits: {both:?}"),
    };
    drop(permit);
    drop(is_in(Decision::Queued(waiting)));
    drop(held);
    service.is_as_new();
}

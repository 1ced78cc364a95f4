use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use carveout_overload::Blocking;
use tokio::task::JoinHandle;

use crate::served::eventually;

/// Work that runs until it is told to end, and counts itself.
fn held(ran: &Arc<AtomicUsize>) -> (impl FnOnce() + Send + 'static, mpsc::Sender<()>) {
    let (end, ended) = mpsc::channel::<()>();
    let ran = ran.clone();
    let work = move || {
        ran.fetch_add(1, SeqCst);
        // Until the sender is gone.
        let _ = ended.recv();
    };
    (work, end)
}

fn start(blocking: &Blocking, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let blocking = blocking.clone();
    tokio::spawn(async move { blocking.run(work).await })
}

#[tokio::test]
async fn no_more_run_at_once_than_there_are_places() {
    let blocking = Blocking::new(2);
    let ran = Arc::new(AtomicUsize::new(0));
    let (works, ends): (Vec<_>, Vec<_>) = (0..5).map(|_| held(&ran)).unzip();
    let calls: Vec<_> = works.into_iter().map(|it| start(&blocking, it)).collect();
    eventually("two run and three wait", || {
        ran.load(SeqCst) == 2 && blocking.waiting() == 3
    })
    .await;
    assert_eq!(blocking.running(), 2);
    drop(ends);
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(ran.load(SeqCst), 5);
    assert_eq!((blocking.running(), blocking.waiting()), (0, 0));
}

#[tokio::test]
async fn a_call_that_is_given_up_while_it_waits_never_runs() {
    let blocking = Blocking::new(1);
    let ran = Arc::new(AtomicUsize::new(0));
    let (first, end) = held(&ran);
    let first = start(&blocking, first);
    eventually("one runs", || ran.load(SeqCst) == 1).await;
    let (given_up, _end) = held(&ran);
    let given_up = start(&blocking, given_up);
    eventually("one waits", || blocking.waiting() == 1).await;
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    assert_eq!(blocking.waiting(), 0);
    drop(end);
    first.await.unwrap();
    assert_eq!(blocking.run(|| 7).await, 7);
    assert_eq!(ran.load(SeqCst), 1);
}

#[tokio::test]
async fn work_that_nobody_waits_for_any_more_keeps_its_place() {
    let blocking = Blocking::new(1);
    let ran = Arc::new(AtomicUsize::new(0));
    let (work, end) = held(&ran);
    let call = start(&blocking, work);
    eventually("one runs", || ran.load(SeqCst) == 1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(blocking.running(), 1);
    drop(end);
    assert_eq!(blocking.run(|| 7).await, 7);
}

#[tokio::test]
async fn a_panic_is_the_callers_and_gives_the_place_back() {
    let blocking = Blocking::new(1);
    let panic = start(&blocking, || panic!("broken")).await.unwrap_err();
    let panic = panic.into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"broken"));
    eventually("none runs", || blocking.running() == 0).await;
    assert_eq!(blocking.run(|| 7).await, 7);
}

//! The crate's `sync`, with loom in it: each use of these is a place where another thread may come
//! in between.

use std::future::Future;
use std::sync::atomic::Ordering;

pub(crate) use loom::sync::{Mutex, MutexGuard};

/// One that is a thread's own, for all threads are one to the system, and another.
pub(crate) const SHARDS: usize = 2;

/// An atomic number all of whose accesses are sequentially consistent, as the gate's and the queue's
/// are. loom takes such a load for one that acquires, and would show it values that are gone. One
/// that changes a number by nothing reads the last value there, which is what the order promises.
macro_rules! atomic {
    ($name:ident, $number:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name(loom::sync::atomic::$name);

        impl $name {
            pub(crate) fn new(number: $number) -> Self {
                Self(loom::sync::atomic::$name::new(number))
            }

            pub(crate) fn load(&self, order: Ordering) -> $number {
                self.fetch_add(0, order)
            }

            pub(crate) fn store(&self, number: $number, order: Ordering) {
                assert_eq!(order, Ordering::SeqCst);
                self.0.swap(number, order);
            }

            pub(crate) fn swap(&self, number: $number, order: Ordering) -> $number {
                assert_eq!(order, Ordering::SeqCst);
                self.0.swap(number, order)
            }

            pub(crate) fn fetch_add(&self, number: $number, order: Ordering) -> $number {
                assert_eq!(order, Ordering::SeqCst);
                self.0.fetch_add(number, order)
            }

            pub(crate) fn compare_exchange_weak(
                &self,
                from: $number,
                to: $number,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$number, $number> {
                assert_eq!([success, failure], [Ordering::SeqCst; 2]);
                self.0.compare_exchange_weak(from, to, success, failure)
            }

            pub(crate) fn compare_exchange(
                &self,
                from: $number,
                to: $number,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$number, $number> {
                assert_eq!([success, failure], [Ordering::SeqCst; 2]);
                self.0.compare_exchange(from, to, success, failure)
            }

            pub(crate) fn fetch_sub(&self, number: $number, order: Ordering) -> $number {
                assert_eq!(order, Ordering::SeqCst);
                self.0.fetch_sub(number, order)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(0)
            }
        }
    };
}

atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);

/// tokio's own, which has models of its own: what is looked at here is in which order its two ends
/// are used. So each use is one step, and loom knows that it matters which of two comes first.
pub(crate) mod oneshot {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::Ordering::SeqCst;
    use std::task::{Context, Poll};

    use tokio::sync::oneshot;

    use super::{AtomicUsize, Future};

    #[derive(Debug)]
    pub(crate) struct Sender<T> {
        end: Option<oneshot::Sender<T>>,
        uses: Arc<AtomicUsize>,
    }

    #[derive(Debug)]
    pub(crate) struct Receiver<T> {
        end: oneshot::Receiver<T>,
        uses: Arc<AtomicUsize>,
    }

    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, end) = oneshot::channel();
        let uses = Arc::default();
        let sender = Sender {
            end: Some(sender),
            uses: Arc::clone(&uses),
        };
        (sender, Receiver { end, uses })
    }

    impl<T> Sender<T> {
        pub(crate) fn send(mut self, value: T) -> Result<(), T> {
            self.uses.fetch_add(1, SeqCst);
            self.end.take().expect("is sent once").send(value)
        }

        pub(crate) fn is_closed(&self) -> bool {
            self.uses.fetch_add(1, SeqCst);
            self.end.as_ref().expect("is not sent").is_closed()
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            if self.end.is_some() {
                self.uses.fetch_add(1, SeqCst);
            }
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn close(&mut self) {
            self.uses.fetch_add(1, SeqCst);
            self.end.close();
        }

        pub(crate) fn try_recv(&mut self) -> Result<T, oneshot::error::TryRecvError> {
            self.uses.fetch_add(1, SeqCst);
            self.end.try_recv()
        }
    }

    impl<T> Future for Receiver<T> {
        type Output = Result<T, oneshot::error::RecvError>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            self.uses.fetch_add(1, SeqCst);
            Pin::new(&mut self.end).poll(cx)
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            self.uses.fetch_add(1, SeqCst);
        }
    }
}

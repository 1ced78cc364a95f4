//! The life of a process, from its start to its end.
//!
//! ```text
//! Starting ──ready──► Serving ──signal──► LameDuck ──► Draining ──► Flushing ──► ended
//!     │                  └── the server ended by itself ───────────────▲           ▲
//!     └── a step failed, or a signal ───────────────────────────────────┘           │
//!                                 the signal after a signal, wherever it finds it ──┘
//! ```

use std::future::Future;

/// What there is to do in each state. Dropping the future of one abandons it.
pub(crate) trait Process {
    type Error;

    /// Takes every step up to ready.
    fn start(&mut self) -> impl Future<Output = Result<(), Self::Error>>;
    /// Serves; this ends only when the server has ended by itself.
    fn serve(&mut self) -> impl Future<Output = Self::Error>;
    /// Takes readiness back and goes on serving until every balancer has noticed.
    fn lame_duck(&mut self) -> impl Future<Output = ()>;
    /// Sends every caller away and waits for their calls; the number of connections it had to cut.
    fn drain(&mut self) -> impl Future<Output = usize>;
    /// Sends what telemetry still has.
    fn flush(&mut self) -> impl Future<Output = ()>;
}

#[derive(Debug)]
pub(crate) enum State<E> {
    Starting,
    Serving,
    LameDuck,
    Draining,
    Flushing(End<E>),
    Ended(End<E>),
}

/// How a life ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End<E> {
    /// It was told to stop, and had to cut so many connections.
    Stopped { cut: usize },
    /// It was told twice, which means: now.
    Insisted,
    /// A step of the start failed, or the server ended by itself.
    Failed(E),
}

pub(crate) enum Event<E> {
    Done,
    Drained { cut: usize },
    Failed(E),
    Signal,
}

impl<E> State<E> {
    fn after(self, event: Event<E>) -> Self {
        match (self, event) {
            (State::Starting, Event::Done) => State::Serving,
            // Nobody has been served yet, so there is nothing to drain.
            (State::Starting, Event::Signal) => State::Flushing(End::Stopped { cut: 0 }),
            (State::Starting | State::Serving, Event::Failed(why)) => {
                State::Flushing(End::Failed(why))
            }
            (State::Serving, Event::Signal) => State::LameDuck,
            (State::LameDuck, Event::Done) => State::Draining,
            (State::Draining, Event::Drained { cut }) => State::Flushing(End::Stopped { cut }),
            (State::Flushing(end), Event::Done) => State::Ended(end),
            // What went wrong is worth more than that somebody was in a hurry.
            (State::Flushing(End::Failed(why)), Event::Signal) => State::Ended(End::Failed(why)),
            (State::LameDuck | State::Draining | State::Flushing(_), Event::Signal) => {
                State::Ended(End::Insisted)
            }
            // No other event belongs to a state.
            (state, _) => state,
        }
    }
}

/// Lives `process` from `state` on. `signal` is asked for the next signal in every state.
pub(crate) async fn live<P: Process>(
    process: &mut P,
    mut state: State<P::Error>,
    mut signal: impl AsyncFnMut(),
) -> End<P::Error> {
    loop {
        if let State::Ended(end) = state {
            return end;
        }
        let event = tokio::select! {
            // A signal counts from the moment at which it came.
            biased;
            () = signal() => Event::Signal,
            event = act(process, &state) => event,
        };
        state = state.after(event);
    }
}

async fn act<P: Process>(process: &mut P, state: &State<P::Error>) -> Event<P::Error> {
    match state {
        State::Starting => match process.start().await {
            Ok(()) => Event::Done,
            Err(why) => Event::Failed(why),
        },
        State::Serving => Event::Failed(process.serve().await),
        State::LameDuck => {
            process.lame_duck().await;
            Event::Done
        }
        State::Draining => Event::Drained {
            cut: process.drain().await,
        },
        State::Flushing(_) | State::Ended(_) => {
            process.flush().await;
            Event::Done
        }
    }
}

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::exchange::Phase;

/// Connections that may be open at once: well below the descriptors that are kept free of callers.
pub(super) const MAX_CONNECTIONS: usize = 32;

pub(super) struct Connection {
    pub(super) peer: IpAddr,
    pub(super) phase: watch::Receiver<Phase>,
    pub(super) task: AbortHandle,
}

/// The connections that are open, the oldest first.
#[derive(Default)]
pub(super) struct Connections(VecDeque<Connection>);

impl Connections {
    pub(super) fn add(&mut self, connection: Connection) {
        self.0.push_back(connection);
    }

    /// Makes room for one more connection by evicting another. A probe must be answered regardless of the
    /// number of idle or slow clients.
    pub(super) fn make_room(&mut self) -> bool {
        self.0.retain(|it| !it.task.is_finished());
        self.0.len() < MAX_CONNECTIONS || self.close_one()
    }

    /// Closes the oldest connection that nothing is being done for, of the peer that has most of those.
    pub(super) fn close_one(&mut self) -> bool {
        let waits = |it: &Connection| *it.phase.borrow() != Phase::Working;
        let of_peer = |peer: IpAddr| {
            let waiting = self.0.iter().filter(|it| it.peer == peer && waits(it));
            waiting.count()
        };
        // Of equals, `max_by_key` takes the last: the order is reversed for the oldest.
        let places = self.0.iter().enumerate().rev().filter(|(_, it)| waits(it));
        let oldest = places.max_by_key(|(_, it)| of_peer(it.peer));
        match oldest
            .map(|(place, _)| place)
            .and_then(|it| self.0.remove(it))
        {
            Some(connection) => {
                connection.task.abort();
                true
            }
            None => false,
        }
    }
}

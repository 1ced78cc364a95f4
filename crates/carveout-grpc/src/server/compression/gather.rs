use bytes::{Bytes, BytesMut};

use crate::server::framing::Head;

/// Collects the bytes of a body until its messages are whole.
///
/// Nothing is reserved by the announced length: there is never more here than has come.
#[derive(Debug, Default)]
pub(in crate::server) struct Gather(BytesMut);

impl Gather {
    pub(in crate::server) fn push(&mut self, data: &[u8]) {
        self.0.extend_from_slice(data);
    }

    /// The head of the next message, if all of it is here.
    pub(in crate::server) fn head(&self) -> Option<Head> {
        self.0.first_chunk().map(Head::parse)
    }

    /// The next message with its head, if all of it is here.
    pub(in crate::server) fn message(&mut self) -> Option<(Head, Bytes)> {
        let head = self.head()?;
        let size = Head::SIZE + head.length;
        (self.0.len() >= size).then(|| (head, self.0.split_to(size).freeze()))
    }

    pub(in crate::server) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is here, whole or not.
    pub(in crate::server) fn take(&mut self) -> Bytes {
        self.0.split().freeze()
    }
}

/// What precedes each message on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Whether the message is compressed: 1, or 0; everything else breaks the protocol.
    pub(super) flag: u8,
    /// Bytes that follow.
    pub(super) length: usize,
}

impl Head {
    pub(super) const SIZE: usize = 5;

    pub(super) fn parse(&[flag, a, b, c, d]: &[u8; Self::SIZE]) -> Self {
        Self {
            flag,
            length: u32::from_be_bytes([a, b, c, d]) as usize,
        }
    }
}

/// Follows the messages in a body, however its bytes are split, without keeping any of them but for a
/// part of a head.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// A head of which only the first `head_bytes` have come.
    head: [u8; Head::SIZE],
    head_bytes: usize,
    /// Bytes of the current message that have not come yet.
    left: usize,
}

impl Framing {
    /// Shows `check` each head that is complete with `data`, and where in `data` the bytes before
    /// that message end. Stops at the first error.
    pub(super) fn follow<E>(
        &mut self,
        data: &[u8],
        mut check: impl FnMut(Head, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        // Where the next head begins, be it beyond this data.
        let mut at = self.left;
        if self.head_bytes > 0 {
            let missing = Head::SIZE - self.head_bytes;
            self.keep(&data[..missing.min(data.len())]);
            if self.head_bytes < Head::SIZE {
                return Ok(());
            }
            self.head_bytes = 0;
            let head = Head::parse(&self.head);
            check(head, 0)?;
            at = missing + head.length;
        }
        while let Some(head) = data.get(at..).and_then(<[u8]>::first_chunk) {
            let head = Head::parse(head);
            check(head, at)?;
            at += Head::SIZE + head.length;
        }
        self.left = at.saturating_sub(data.len());
        if at < data.len() {
            self.keep(&data[at..]);
        }
        Ok(())
    }

    /// Whether everything so far is whole messages.
    pub(super) fn is_between_messages(&self) -> bool {
        self.head_bytes == 0 && self.left == 0
    }

    /// Keeps the next part of a head.
    fn keep(&mut self, part: &[u8]) {
        let end = self.head_bytes + part.len();
        self.head[self.head_bytes..end].copy_from_slice(part);
        self.head_bytes = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend((length as u32).to_be_bytes());
        bytes.extend(vec![7; length]);
        bytes
    }

    #[test]
    fn heads_are_found_however_the_bytes_are_split() {
        let stream = [message(3), message(0), message(10), message(11)].concat();
        for piece in 1..=stream.len() {
            let mut framing = Framing::default();
            let (mut lengths, mut passed) = (Vec::new(), 0);
            for data in stream.chunks(piece) {
                let found: Result<(), ()> = framing.follow(data, |head, before| {
                    lengths.push(head.length);
                    // The bytes before end with a whole message, or within this one's head.
                    let at = stream.len() - (11 + Head::SIZE);
                    if head.length == 11 {
                        assert!(
                            (at..at + Head::SIZE).contains(&(passed + before)),
                            "{piece}"
                        );
                    }
                    Ok(())
                });
                found.unwrap();
                passed += data.len();
                let ends = [8, 13, 28, stream.len()];
                assert_eq!(
                    framing.is_between_messages(),
                    ends.contains(&passed),
                    "{passed} of {piece}"
                );
            }
            assert_eq!(lengths, [3, 0, 10, 11], "{piece}");
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        let stream = [message(3), message(11), message(12)].concat();
        let mut framing = Framing::default();
        let refused = framing.follow(&stream, |head, before| match head.length {
            ..=10 => Ok(()),
            length => Err((length, before)),
        });
        assert_eq!(refused, Err((11, 8)));
    }
}

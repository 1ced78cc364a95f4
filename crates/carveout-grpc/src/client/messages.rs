use http::HeaderValue;
use tonic::{Code, Status};

/// A compressed flag and the length of what follows.
type Prefix = [u8; 5];

/// What the messages of an answer may be.
pub(crate) struct Allowed {
    /// In bytes, as a message is on the wire.
    pub(crate) max_message_size: usize,
    /// How compressed messages are encoded.
    pub(crate) encoding: Encoding,
    /// Whether the method answers with exactly one message.
    pub(crate) single: bool,
}

/// The encoding that the head of an answer announces.
pub(crate) enum Encoding {
    Identity,
    /// One that the generated client has asked for.
    Accepted,
    Unsupported(HeaderValue),
}

/// Checks the length-prefixed messages of an answer as their bytes arrive: nothing is buffered, and a
/// message that breaks the protocol is found before any of it is read.
pub(crate) struct Messages {
    allowed: Allowed,
    /// A prefix of which the first `prefix_bytes` have arrived.
    prefix: Prefix,
    prefix_bytes: usize,
    /// Bytes left of the current message.
    left: usize,
    begun: u64,
}

/// Where a message breaks the protocol, and what the call ends with for it.
#[derive(Debug)]
pub(crate) struct Violation {
    /// How much of the data comes before that message.
    pub(crate) before: usize,
    pub(crate) status: Status,
}

impl Messages {
    pub(crate) fn new(allowed: Allowed) -> Self {
        Self {
            allowed,
            prefix: Prefix::default(),
            prefix_bytes: 0,
            left: 0,
            begun: 0,
        }
    }

    /// Checks the next bytes.
    pub(crate) fn check(&mut self, data: &[u8]) -> Result<(), Violation> {
        let mut at = 0;
        while at < data.len() {
            if self.left > 0 {
                let step = self.left.min(data.len() - at);
                self.left -= step;
                at += step;
                continue;
            }
            let before = at;
            let step = (self.prefix.len() - self.prefix_bytes).min(data.len() - at);
            let end = self.prefix_bytes + step;
            self.prefix[self.prefix_bytes..end].copy_from_slice(&data[at..at + step]);
            self.prefix_bytes = end;
            at += step;
            if self.prefix_bytes == self.prefix.len() {
                self.prefix_bytes = 0;
                self.left = self
                    .begin()
                    .map_err(|status| Violation { before, status })?;
            }
        }
        Ok(())
    }

    /// What an answer that ends here with OK ends with in truth.
    pub(crate) fn end(&self) -> Result<(), Status> {
        if self.left > 0 || self.prefix_bytes > 0 {
            return Err(Status::internal(
                "the answer ended in the middle of a message",
            ));
        }
        if self.allowed.single && self.begun == 0 {
            return Err(none());
        }
        Ok(())
    }

    /// Whether not even the beginning of a message has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.begun == 0 && self.prefix_bytes == 0
    }

    /// A prefix is whole: the length of its message.
    fn begin(&mut self) -> Result<usize, Status> {
        let [flag, length @ ..] = self.prefix;
        match (flag, &self.allowed.encoding) {
            (0, _) | (1, Encoding::Accepted) => {}
            (1, Encoding::Identity) => {
                return Err(Status::internal(
                    "a message of the answer is flagged as compressed, and no grpc-encoding says how",
                ));
            }
            (1, Encoding::Unsupported(encoding)) => {
                return Err(Status::internal(format!(
                    "a message of the answer is compressed with {encoding:?}, which was not in the \
                     request's grpc-accept-encoding"
                )));
            }
            (flag, _) => {
                return Err(Status::internal(format!(
                    "a message of the answer has the compressed flag {flag}: only 0 and 1 are valid"
                )));
            }
        }
        if self.allowed.single && self.begun > 0 {
            return Err(Status::unimplemented(
                "the answer has several messages, and the method's contract has one",
            ));
        }
        let (length, max) = (
            u32::from_be_bytes(length) as usize,
            self.allowed.max_message_size,
        );
        if length > max {
            return Err(Status::new(
                Code::ResourceExhausted,
                format!(
                    "a message of the answer has {length} bytes, and the client's max_message_size is {max}"
                ),
            ));
        }
        self.begun += 1;
        Ok(length)
    }
}

/// An answer without a message, of a method that answers with one.
pub(crate) fn none() -> Status {
    Status::unimplemented("the answer has no message, and the method's contract has one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(flag: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![flag];
        bytes.extend((length as u32).to_be_bytes());
        bytes.extend(vec![7; length]);
        bytes
    }

    fn messages(single: bool) -> Messages {
        Messages::new(Allowed {
            max_message_size: 10,
            encoding: Encoding::Identity,
            single,
        })
    }

    #[test]
    fn a_violation_is_found_however_the_bytes_are_cut() {
        let valid = [message(0, 3), message(0, 0), message(0, 10)].concat();
        for (bad, code) in [
            (message(0, 11), Code::ResourceExhausted),
            (message(1, 1), Code::Internal),
            (message(60, 1), Code::Internal),
        ] {
            let stream = [&valid[..], &bad].concat();
            for piece in 1..=stream.len() {
                let (mut messages, mut passed) = (messages(false), 0);
                let found = stream.chunks(piece).find_map(|data| {
                    let found = messages.check(data).err();
                    passed += found.as_ref().map_or(data.len(), |found| found.before);
                    found
                });
                assert_eq!(found.unwrap().status.code(), code, "{piece}");
                // What is passed on ends with the last valid message, or inside of the bad one's prefix.
                assert!((valid.len()..valid.len() + 5).contains(&passed), "{piece}");
            }
        }
    }

    #[test]
    fn an_answer_ends_where_a_message_does() {
        let stream = [message(0, 3), message(0, 0), message(0, 10)].concat();
        let ends = [0, 8, 13, 28];
        for end in 0..=stream.len() {
            let mut messages = messages(false);
            messages.check(&stream[..end]).unwrap();
            assert_eq!(messages.end().is_ok(), ends.contains(&end), "{end}");
        }
    }

    #[test]
    fn a_single_message_is_neither_none_nor_two() {
        let mut messages = messages(true);
        let code = |result: Result<(), Status>| result.map_err(|status| status.code());
        assert_eq!(code(messages.end()), Err(Code::Unimplemented));
        messages.check(&message(0, 3)).unwrap();
        assert_eq!(code(messages.end()), Ok(()));
        let violation = messages.check(&message(0, 3)).unwrap_err();
        assert_eq!(violation.status.code(), Code::Unimplemented);
    }
}

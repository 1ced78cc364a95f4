use bytes::Bytes;

use super::codec::compress;
use super::{Encoding, Gather};
use crate::server::framing::Head;

/// Messages below this size, in bytes, are sent as they are: they fit into one packet anyway, and
/// the compressed form of so little is hardly any smaller.
const MIN_SIZE: usize = 1024;

/// Compresses the messages of one answer.
#[derive(Debug)]
pub(super) struct Compressor {
    encoding: Encoding,
    gather: Gather,
}

impl Compressor {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            gather: Gather::default(),
        }
    }

    /// The messages that are whole with `data`, compressed; none if there is no such message yet.
    pub(super) fn push(&mut self, data: &[u8]) -> Option<Bytes> {
        self.gather.push(data);
        let first = self.one()?;
        let Some(second) = self.one() else {
            return Some(first);
        };
        let mut all = [first, second].concat();
        while let Some(next) = self.one() {
            all.extend_from_slice(&next);
        }
        Some(all.into())
    }

    /// What is left of a message that is not whole.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        (!self.gather.is_empty()).then(|| self.gather.take())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gather.is_empty()
    }

    fn one(&mut self) -> Option<Bytes> {
        let (head, message) = self.gather.message()?;
        if head.flag != 0 || head.length < MIN_SIZE {
            return Some(message);
        }
        let mut out = Vec::with_capacity(Head::SIZE + head.length / 2);
        out.extend([0; Head::SIZE]);
        let compressed = compress(self.encoding, &message[Head::SIZE..], &mut out);
        let length = out.len() - Head::SIZE;
        // What does not become smaller goes as it is: the flag is each message's own.
        if compressed.is_err() || length >= head.length {
            return Some(message);
        }
        out[0] = 1;
        out[1..Head::SIZE].copy_from_slice(&(length as u32).to_be_bytes());
        Some(out.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::inflate;
    use super::*;

    fn message(content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(content);
        bytes
    }

    #[test]
    fn each_message_is_compressed_if_that_makes_it_smaller_however_its_bytes_are_split() {
        let large = b"one of many ".repeat(1000);
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(4096)
            .collect();
        let contents = [&large[..], b"", b"small", &noise, &large];
        let stream = contents.map(message).concat();
        for piece in [1, 7, 4096, stream.len()] {
            let mut compressor = Compressor::new(Encoding::Zstd);
            let mut sent = Gather::default();
            for data in stream.chunks(piece) {
                if let Some(out) = compressor.push(data) {
                    sent.push(&out);
                }
            }
            assert!(compressor.is_empty());
            for (content, flag) in contents.iter().zip([1, 0, 0, 0, 1]) {
                let (head, message) = sent.message().unwrap();
                assert_eq!(head.flag, flag);
                let mut inflated = message[Head::SIZE..].to_vec();
                if flag == 1 {
                    inflated.clear();
                    let data = &message[Head::SIZE..];
                    inflate(Encoding::Zstd, data, content.len(), &mut inflated).unwrap();
                }
                assert_eq!(inflated, *content);
            }
        }
    }
}

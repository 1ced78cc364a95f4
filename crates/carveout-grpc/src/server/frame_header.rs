/// The frame types of [RFC 9113, section 6](https://www.rfc-editor.org/rfc/rfc9113#section-6) that are
/// told apart here.
pub(super) mod kind {
    pub(crate) const DATA: u8 = 0x0;
    pub(crate) const HEADERS: u8 = 0x1;
    pub(crate) const PING: u8 = 0x6;
    pub(crate) const GOAWAY: u8 = 0x7;
    pub(crate) const CONTINUATION: u8 = 0x9;
}

/// Bytes of a frame header: three of length, the type, the flags, four of stream identifier.
pub(super) const LENGTH: usize = 9;

/// One frame, as its header describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// Bytes of payload.
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) stream: u32,
}

impl FrameHeader {
    fn parse(bytes: &[u8; LENGTH]) -> Self {
        let [l0, l1, l2, kind, _flags, s0, s1, s2, s3] = *bytes;
        Self {
            length: u32::from_be_bytes([0, l0, l1, l2]) as usize,
            kind,
            // The highest bit is reserved and must be ignored.
            stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]),
        }
    }
}

/// Finds the frame headers in one direction of a connection, whose bytes come in pieces of any size.
#[derive(Debug)]
pub(super) struct FrameParser {
    /// What has come of the next header.
    header: [u8; LENGTH],
    have: usize,
    /// Bytes that are left of the current payload.
    payload: usize,
}

impl FrameParser {
    /// A direction that begins with `skip` bytes which are no frame, the preface say.
    pub(super) fn after(skip: usize) -> Self {
        Self {
            header: [0; LENGTH],
            have: 0,
            payload: skip,
        }
    }

    /// Bytes that are left of the frame which has begun; 0 between two frames.
    pub(super) fn left(&self) -> usize {
        match self.have {
            0 => self.payload,
            // The length is not known yet: to the end of the header at least.
            have => LENGTH - have,
        }
    }

    /// Calls `found` for each header that is complete with `bytes`.
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut found: impl FnMut(FrameHeader)) {
        loop {
            let skipped = self.payload.min(bytes.len());
            self.payload -= skipped;
            bytes = &bytes[skipped..];
            let missing = LENGTH - self.have;
            if bytes.len() < missing {
                self.header[self.have..self.have + bytes.len()].copy_from_slice(bytes);
                self.have += bytes.len();
                return;
            }
            let (rest, after) = bytes.split_at(missing);
            self.header[self.have..].copy_from_slice(rest);
            self.have = 0;
            let header = FrameHeader::parse(&self.header);
            self.payload = header.length;
            found(header);
            bytes = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn encoded(frames: &[(u8, u32, usize)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, stream, length) in frames {
            bytes.extend(&(*length as u32).to_be_bytes()[1..]);
            bytes.extend([*kind, 0xff]);
            bytes.extend((stream | 0x8000_0000).to_be_bytes());
            // What looks like headers again.
            bytes.extend(vec![*kind; *length]);
        }
        bytes
    }

    proptest! {
        #[test]
        fn every_header_is_found_however_the_bytes_come(
            frames in vec((0..12_u8, 0..0x7fff_ffff_u32, 0..40_usize), 0..20),
            skip in 0..30_usize,
            pieces in vec(1..25_usize, 1..40),
        ) {
            let bytes = [vec![1; skip], encoded(&frames)].concat();
            let (mut parser, mut found) = (FrameParser::after(skip), Vec::new());
            let (mut rest, mut pieces) = (&bytes[..], pieces.into_iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(pieces.next().unwrap_or(1).min(rest.len()));
                parser.feed(piece, |header| found.push((header.kind, header.stream, header.length)));
                rest = after;
            }
            prop_assert_eq!(found, frames);
            prop_assert_eq!(parser.left(), 0);
        }
    }

    #[test]
    fn a_frame_that_has_begun_has_bytes_left() {
        let bytes = encoded(&[(kind::PING, 0, 8)]);
        let left: Vec<_> = (0..=bytes.len())
            .map(|sent| {
                let mut parser = FrameParser::after(0);
                parser.feed(&bytes[..sent], |_| {});
                parser.left()
            })
            .collect();
        let expected: Vec<_> = [0, 8, 7, 6, 5, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0].into();
        assert_eq!(left, expected);
    }
}

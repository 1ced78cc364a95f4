use std::io::{self, Read, Write};

use super::Encoding;

/// Most of what deflate gains comes with the cheapest levels.
const GZIP_LEVEL: u32 = 1;
const ZSTD_LEVEL: i32 = 1;

/// The largest window that a zstd frame may ask for, as a power of two: the 8 MiB that
/// [RFC 8878](https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1.2) has every decoder support. A
/// frame can name 128 MiB in a few bytes.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Why a message cannot be inflated.
#[derive(Debug)]
pub(in crate::server) enum InflateError {
    /// There is more in it than is allowed.
    TooLarge,
    Corrupt(io::Error),
}

/// Appends what is compressed in `data`, at most `limit` bytes, to `out`. It stops at the limit,
/// whatever else there is.
pub(in crate::server) fn inflate(
    encoding: Encoding,
    data: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), InflateError> {
    // An empty message has nothing to compress, and some clients set the flag all the same.
    if data.is_empty() {
        return Ok(());
    }
    let more_than_limit = limit as u64 + 1;
    let inflated = match encoding {
        // A gzip file may have several members, one after the other.
        Encoding::Gzip => flate2::bufread::MultiGzDecoder::new(data)
            .take(more_than_limit)
            .read_to_end(out),
        Encoding::Zstd => {
            zstd_decoder(data).and_then(|decoder| decoder.take(more_than_limit).read_to_end(out))
        }
    };
    match inflated {
        Ok(length) if length > limit => Err(InflateError::TooLarge),
        Ok(_) => Ok(()),
        Err(error) => Err(InflateError::Corrupt(error)),
    }
}

fn zstd_decoder(data: &[u8]) -> io::Result<zstd::stream::read::Decoder<'static, &[u8]>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(data)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(decoder)
}

/// Appends `data`, compressed, to `out`.
pub(super) fn compress(encoding: Encoding, data: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    match encoding {
        Encoding::Gzip => {
            let level = flate2::Compression::new(GZIP_LEVEL);
            let mut encoder = flate2::write::GzEncoder::new(out, level);
            encoder.write_all(data)?;
            encoder.finish()?;
        }
        Encoding::Zstd => out.extend(zstd::bulk::compress(data, ZSTD_LEVEL)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    fn compressed(encoding: Encoding, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        compress(encoding, data, &mut out).unwrap();
        out
    }

    fn inflated(encoding: Encoding, data: &[u8]) -> Result<Vec<u8>, InflateError> {
        let mut out = Vec::new();
        inflate(encoding, data, LIMIT, &mut out).map(|()| out)
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let text = b"one of many ".repeat(1000);
        for encoding in Encoding::ALL {
            let small = compressed(encoding, &text);
            assert!(small.len() < text.len() / 10, "{encoding:?}");
            assert_eq!(inflated(encoding, &small).unwrap(), text);
            assert_eq!(inflated(encoding, &[]).unwrap(), b"");
            // Concatenated, as both formats allow.
            let twice = [small.clone(), small].concat();
            assert_eq!(inflated(encoding, &twice).unwrap(), text.repeat(2));
        }
    }

    #[test]
    fn a_bomb_costs_no_more_than_the_limit() {
        for encoding in Encoding::ALL {
            let bomb = compressed(encoding, &vec![0; 64 * LIMIT]);
            let mut out = Vec::new();
            let end = inflate(encoding, &bomb, LIMIT, &mut out);
            assert!(matches!(end, Err(InflateError::TooLarge)), "{end:?}");
            assert!(out.capacity() <= 2 * LIMIT + 64, "{}", out.capacity());
            // The limit itself is allowed.
            let most = compressed(encoding, &vec![0; LIMIT]);
            assert_eq!(inflated(encoding, &most).unwrap().len(), LIMIT);
        }
    }

    #[test]
    fn every_cut_and_every_other_format_is_an_error() {
        let text = b"one of many ".repeat(10);
        for encoding in Encoding::ALL {
            let whole = compressed(encoding, &text);
            for end in 1..whole.len() {
                let cut = inflated(encoding, &whole[..end]);
                assert!(
                    matches!(cut, Err(InflateError::Corrupt(_))),
                    "{encoding:?} {end}"
                );
            }
            for other in [&b"not compressed"[..], &[0; 32], &[whole, vec![7]].concat()] {
                let other = inflated(encoding, other);
                assert!(
                    matches!(other, Err(InflateError::Corrupt(_))),
                    "{encoding:?}"
                );
            }
        }
    }

    #[test]
    fn a_window_above_what_every_decoder_has_is_refused() {
        // A frame's magic number, a descriptor without a content size, and a window of 128 MiB.
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00];
        let end = inflated(Encoding::Zstd, &frame);
        assert!(matches!(end, Err(InflateError::Corrupt(_))), "{end:?}");
    }
}

use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Key of the hash that orders traces within a criticality, so that an outside caller cannot choose a
/// trace id that is shed last. Services that share a key shed the same traces.
///
/// The hash is SipHash-2-4 (<https://www.aumasson.jp/siphash/siphash.pdf>), which is the same in every
/// build and version.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceKey([u64; 2]);

impl TraceKey {
    /// A key that no other process has.
    pub fn random() -> Self {
        Self([(); 2].map(|()| RandomState::new().hash_one(0)))
    }

    /// The key of all who have this secret.
    pub fn from_secret(secret: &[u8]) -> Self {
        // Two halves that a shorter secret does not make equal.
        Self([0, 1].map(|half| siphash([half, 0], secret)))
    }

    pub(crate) fn hash(&self, trace: &[u8]) -> u64 {
        siphash(self.0, trace)
    }
}

/// Never prints the key.
impl fmt::Debug for TraceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceKey").finish_non_exhaustive()
    }
}

fn siphash([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut state = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    // The last word has the length in its last byte, modulo 256.
    last[7] = bytes.len() as u8;
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        state[3] ^= word;
        rounds::<2>(&mut state);
        state[0] ^= word;
    }
    state[2] ^= 0xff;
    rounds::<4>(&mut state);
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

fn rounds<const COUNT: usize>([v0, v1, v2, v3]: &mut [u64; 4]) {
    for _ in 0..COUNT {
        *v0 = v0.wrapping_add(*v1);
        *v2 = v2.wrapping_add(*v3);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v1);
        *v0 = v0.wrapping_add(*v3);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_siphash_by_the_vectors_of_its_authors() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let bytes: Vec<u8> = (0..63).collect();
        for (length, expected) in [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (63, 0x958a_324c_eb06_4572),
        ] {
            assert_eq!(siphash(key, &bytes[..length]), expected, "{length}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_one_of_the_standard_library(key: [u64; 2], bytes: Vec<u8>) {
            #[expect(deprecated, reason = "the newer one does not say which hash it is")]
            let mut other = std::hash::SipHasher::new_with_keys(key[0], key[1]);
            std::hash::Hasher::write(&mut other, &bytes);
            prop_assert_eq!(siphash(key, &bytes), std::hash::Hasher::finish(&other));
        }
    }

    #[test]
    fn a_secret_is_one_key_and_no_secret_is_another_each_time() {
        let key = |secret: &str| TraceKey::from_secret(secret.as_bytes());
        assert_eq!(key("of all services"), key("of all services"));
        assert_ne!(key("of all services"), key("of all servicer"));
        assert_ne!(TraceKey::random(), TraceKey::random());
        let [one, other] = TraceKey::from_secret(b"").0;
        assert_ne!(one, other);
        assert_eq!(format!("{:?}", key("secret")), "TraceKey { .. }");
    }

    #[test]
    fn levels_by_one_key_are_independent_of_those_by_another() {
        // Of 128 places, as a level has them. A trace that is last with one key is anywhere with another.
        let (one, other) = (
            TraceKey::from_secret(b"one"),
            TraceKey::from_secret(b"other"),
        );
        let mut places = [0_u32; 128];
        let traces = (0..1_u64 << 17).map(|it| format!("{it:032x}"));
        for trace in traces.filter(|it| one.hash(it.as_bytes()) % 128 == 127) {
            places[(other.hash(trace.as_bytes()) % 128) as usize] += 1;
        }
        // About 1024 traces, 8 a place.
        assert!(places.iter().all(|it| (1..=24).contains(it)), "{places:?}");
    }
}

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::ProfileError;

/// When the profile that is being taken is done.
static UNTIL: Mutex<Option<Instant>> = Mutex::new(None);

/// The right to profile: the timer and its signal are one for the whole process. It is given back
/// when this is dropped, whether or not there was a profile.
pub(crate) struct Turn;

impl Turn {
    pub(crate) fn take(duration: Duration) -> Result<Self, ProfileError> {
        let mut until = UNTIL.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match *until {
            Some(until) => Err(ProfileError::Busy {
                left: until.saturating_duration_since(now),
            }),
            None => {
                *until = Some(now + duration);
                Ok(Self)
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *UNTIL.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time_and_the_next_is_told_how_long_it_takes() {
        let turn = Turn::take(Duration::from_secs(60)).unwrap();
        let refused = Turn::take(Duration::from_secs(1)).err().unwrap();
        assert!(
            matches!(refused, ProfileError::Busy { left } if left > Duration::from_secs(50)),
            "{refused}"
        );
        drop(turn);
        Turn::take(Duration::from_secs(1)).unwrap();
    }
}

use bytes::Bytes;
use jemalloc_pprof::PROF_CTL;
use tikv_jemallocator::Jemalloc;

use crate::{Format, ProfileError};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// What the environment of the process has to say, for [`heap`] to have an answer. jemalloc reads it
/// before `main`, so it cannot be switched on later.
pub const HEAP_SETTING: &str = "_RJEM_MALLOC_CONF=prof:true,prof_active:true,lg_prof_sample:19";

/// Tells which code has allocated the memory that is in use.
///
/// jemalloc writes its answer to a file in the folder for temporary ones (`TMPDIR`), which has to
/// be writable.
///
/// # Errors
/// When the process was started without [`HEAP_SETTING`], and when jemalloc cannot write.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn heap(format: Format) -> Result<Bytes, ProfileError> {
    let control = PROF_CTL.as_ref().ok_or(ProfileError::HeapOff)?;
    let mut control = control.clone().lock_owned().await;
    if !control.activated() {
        return Err(ProfileError::HeapOff);
    }
    let profile = tokio::task::spawn_blocking(move || match format {
        Format::Pprof => control.dump_pprof(),
        Format::Svg => control.dump_flamegraph(),
    });
    match profile.await {
        Ok(Ok(profile)) => Ok(profile.into()),
        Ok(Err(error)) => Err(ProfileError::failed(format_args!("{error:#}"))),
        Err(panic) => Err(ProfileError::failed(panic)),
    }
}

//! Profiles, where the service was built with them.

#[cfg(feature = "profile")]
pub(super) use with::{cpu, heap};
#[cfg(not(feature = "profile"))]
pub(super) use without::{cpu, heap};

#[cfg(feature = "profile")]
mod with {
    use std::time::Duration;

    use bytes::Bytes;
    use carveout_profile::{Format, ProfileError};
    use http::{HeaderValue, StatusCode, header};

    use crate::admin::page::{Page, page, parameter, text};

    /// What Go's pages of the same names take when nothing is said.
    const USUAL_SECONDS: u64 = 30;

    pub(in crate::admin) async fn cpu(query: &str) -> Page {
        let seconds = match parameter(query, "seconds").map(|text| (text.parse(), text)) {
            None => USUAL_SECONDS,
            Some((Ok(seconds), _)) => seconds,
            Some((Err(_), given)) => {
                let why = format!("seconds={given}: write a whole number of seconds\n");
                return text(StatusCode::BAD_REQUEST, why);
            }
        };
        match format(query) {
            Ok(format) => {
                let profile = carveout_profile::cpu(Duration::from_secs(seconds), format).await;
                answer(profile, format, "profile.pb.gz")
            }
            Err(why) => text(StatusCode::BAD_REQUEST, why),
        }
    }

    pub(in crate::admin) async fn heap(query: &str) -> Page {
        match format(query) {
            Ok(format) => answer(carveout_profile::heap(format).await, format, "heap.pb.gz"),
            Err(why) => text(StatusCode::BAD_REQUEST, why),
        }
    }

    fn format(query: &str) -> Result<Format, String> {
        match parameter(query, "format").as_deref() {
            None | Some("pprof") => Ok(Format::Pprof),
            Some("svg") => Ok(Format::Svg),
            Some(other) => Err(format!("format={other}: there is pprof and svg\n")),
        }
    }

    fn answer(profile: Result<Bytes, ProfileError>, format: Format, file: &str) -> Page {
        let profile = match profile {
            Ok(profile) => profile,
            Err(error) => return text(status(&error), format!("{error}\n")),
        };
        match format {
            Format::Svg => page(StatusCode::OK, "image/svg+xml", profile),
            Format::Pprof => {
                let mut page = page(StatusCode::OK, "application/octet-stream", profile);
                let disposition = format!("attachment; filename=\"{file}\"");
                if let Ok(disposition) = HeaderValue::from_str(&disposition) {
                    let headers = page.headers_mut();
                    headers.insert(header::CONTENT_DISPOSITION, disposition);
                }
                page
            }
        }
    }

    fn status(error: &ProfileError) -> StatusCode {
        match error {
            ProfileError::Duration { .. } => StatusCode::BAD_REQUEST,
            ProfileError::Busy { .. } => StatusCode::CONFLICT,
            ProfileError::HeapOff => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[cfg(not(feature = "profile"))]
mod without {
    use http::StatusCode;

    use crate::admin::page::{Page, text};

    pub(in crate::admin) async fn cpu(_: &str) -> Page {
        not_built()
    }

    pub(in crate::admin) async fn heap(_: &str) -> Page {
        not_built()
    }

    fn not_built() -> Page {
        text(
            StatusCode::NOT_IMPLEMENTED,
            "this binary was built without profiles: build it with --features production, as its \
             image is, or with the feature profile of carveout\n",
        )
    }
}

/// Who a service is, as its own crate knows it.
///
/// ```
/// const ABOUT: carveout::About = carveout::About {
///     name: env!("CARGO_PKG_NAME"),
///     version: env!("CARGO_PKG_VERSION"),
///     commit: option_env!("GIT_COMMIT"),
/// };
/// # assert_eq!(ABOUT.name, "carveout");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The service's name; the prefix of its environment variables and the domain of its errors are
    /// derived from it.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The commit that it was built from, when the build knew it.
    pub commit: Option<&'static str>,
}

impl About {
    /// The commit, or `unknown`.
    pub fn commit(&self) -> &'static str {
        self.commit.unwrap_or("unknown")
    }

    /// `ORDER_HISTORY` for `order-history`: what its environment variables begin with.
    pub fn env_name(&self) -> String {
        self.name.replace('-', "_").to_uppercase()
    }
}

use std::path::{Path, PathBuf};

use carveout::{About, ServiceConfig, Settings, Sources};

/// The crate under test keeps its configuration in `config/`, beside its manifest.
fn config_dir() -> Option<PathBuf> {
    let dir = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR")?).join("config");
    dir.is_dir().then_some(dir)
}

/// The files and nothing of the environment: a test must not depend on whoever runs it.
pub(crate) fn sources(about: &About) -> Sources {
    let sources = Sources::new(about.name);
    match config_dir() {
        Some(dir) => sources.dir(dir),
        None => sources,
    }
}

/// Loads `default.toml` alone and then with each profile that lies beside it; panics with every
/// mistake that is found.
pub fn assert_config_is_valid<C: ServiceConfig>(about: About) {
    let dir = config_dir().unwrap_or_else(|| panic!("there is no config/ beside the manifest"));
    for profile in profiles(&dir) {
        let sources = profile
            .iter()
            .fold(sources(&about), |sources, profile| sources.profile(profile));
        if let Err(error) = Settings::<C>::load(sources) {
            panic!(
                "profile {}:\n{error}",
                profile.as_deref().unwrap_or("default")
            );
        }
    }
}

/// The profiles in a folder of configuration; `None` is `default.toml` alone.
pub(crate) fn profiles(dir: &Path) -> Vec<Option<String>> {
    let entries =
        std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let profiles = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".toml")
            .filter(|profile| *profile != "default")
            .map(str::to_owned)
    });
    profiles.map(Some).chain([None]).collect()
}

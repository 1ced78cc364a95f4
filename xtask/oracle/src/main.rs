//! Renders a template with cargo-generate itself: what xtask's tests hold its own rendering to.
//!
//! `oracle TEMPLATE NAME PLACE [KEY=VALUE]…` makes the folder `PLACE/NAME`. It asks nothing.

use std::error::Error;
use std::path::PathBuf;

use cargo_generate::{GenerateArgs, TemplatePath, Vcs, generate};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &str| args.next().ok_or_else(|| format!("{what} is missing"));
    let (template, name, place) = (next("TEMPLATE")?, next("NAME")?, next("PLACE")?);
    let place = PathBuf::from(place);
    // Instead of the settings of whoever runs this.
    let config = place.join("config.toml");
    std::fs::write(&config, "")?;
    generate(GenerateArgs {
        template_path: TemplatePath {
            path: Some(template),
            ..TemplatePath::default()
        },
        name: Some(name),
        destination: Some(place),
        define: args.collect(),
        config: Some(config),
        silent: true,
        no_workspace: true,
        vcs: Some(Vcs::None),
        ..GenerateArgs::default()
    })?;
    Ok(())
}

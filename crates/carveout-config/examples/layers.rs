//! A service with a `main` of its own that uses nothing of the kit but its configuration.
//!
//! ```text
//! cargo run -p carveout-config --example layers
//! cargo run -p carveout-config --example layers -- mailer.batch=500
//! cargo run -p carveout-config --example layers -- mailer.bach=500
//! POSTMAN__MAILER__RETRY_AFTER=soon cargo run -p carveout-config --example layers
//! POSTMAN__MAILER__PASSWORD=hunter2 cargo run -p carveout-config --example layers
//! ```

use std::process::ExitCode;
use std::time::Duration;

use carveout_config::{Invalid, Loader, Secret, Sources};
use serde::{Deserialize, Serialize};

/// What the mailer can be told, beside the code of the mailer.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Mailer {
    host: String,
    password: Secret,
    batch: u32,
    #[serde(with = "carveout_config::duration")]
    retry_after: Duration,
}

impl Default for Mailer {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            password: Secret::default(),
            batch: 100,
            retry_after: Duration::from_secs(5),
        }
    }
}

fn validate(mailer: &Mailer) -> Result<(), Invalid> {
    match mailer.batch {
        0 => Err(
            Invalid::new("batch", "must not be 0, or no mail is ever sent").fix("use 1 or more"),
        ),
        _ => Ok(()),
    }
}

fn main() -> ExitCode {
    let sources = Sources::new("postman").env(std::env::vars_os());
    let sources = std::env::args().skip(1).fold(sources, Sources::set);

    let mut loader = Loader::read(sources);
    let mailer = loader.section_checked("mailer", validate);
    match loader.finish() {
        Ok(config) => {
            println!("{}", config.print());
            println!(
                "The mailer sends {} at a time through {}.",
                mailer.get().batch,
                mailer.get().host
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

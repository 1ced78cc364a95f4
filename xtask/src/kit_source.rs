//! Where a service takes the kit's crates from: this workspace, git, a folder, or a registry.

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};

/// A source and what belongs to it, as the template's answers have them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct KitSource {
    /// `workspace`, `git`, `path` or `registry`.
    pub(crate) source: String,
    /// The URL for git, the absolute folder for path, else empty.
    pub(crate) location: String,
    /// The commit or tag for git, else empty.
    pub(crate) revision: String,
}

/// What was asked for, if anything was.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    pub(crate) source: Option<&'a str>,
    pub(crate) location: Option<&'a str>,
    pub(crate) revision: Option<&'a str>,
}

impl KitSource {
    fn new(source: &str, location: impl Into<String>, revision: impl Into<String>) -> Self {
        Self {
            source: source.to_owned(),
            location: location.into(),
            revision: revision.into(),
        }
    }

    /// Checks what was asked for. `kit` is the checkout that this program was built from, `here` the
    /// folder that a relative path starts from.
    ///
    /// Without a source, it is the workspace if the kit is in it, else the commit of `kit` if that
    /// has been pushed, else the folder of `kit`.
    pub(crate) fn resolve(
        asked: &Asked<'_>,
        has_kit: bool,
        kit: &Path,
        here: &Path,
    ) -> Result<Self> {
        let location = asked.location.unwrap_or_default();
        let revision = asked.revision.unwrap_or_default();
        let Some(source) = asked.source else {
            let given = [("location", location), ("revision", revision)];
            if let Some((what, value)) = given.into_iter().find(|(_, value)| !value.is_empty()) {
                let message = format!("the kit's {what} {value:?} is given without its source");
                return Err(Error::usage(message).help("add --kit-source git or --kit-source path"));
            }
            return match has_kit {
                true => Ok(Self::new("workspace", "", "")),
                false => Self::of_checkout(kit),
            };
        };
        if source != "git" && !revision.is_empty() {
            let message =
                format!("the kit's source {source} has no revision, {revision:?} was given");
            return Err(Error::usage(message).help("only git has revisions: --kit-source git"));
        }
        match source {
            "git" => {
                check_text("location", location)?;
                if !location.contains("://") {
                    let message = format!(
                        "the kit's location {location:?} is not the URL of a git repository"
                    );
                    return Err(Error::usage(message)
                        .help("give --kit-location https://… or ssh://git@…, as cargo takes it"));
                }
                // The templates are those of this checkout, so its commit is the one that fits.
                let revision = match revision {
                    "" => git(kit, &["rev-parse", "HEAD"]).ok_or_else(|| {
                        let message =
                            "the commit of the kit is not known: it is not a git checkout";
                        Error::usage(message).help("give --kit-revision COMMIT")
                    })?,
                    revision => revision.to_owned(),
                };
                check_text("revision", &revision)?;
                Ok(Self::new("git", location, revision))
            }
            "path" => {
                check_text("location", location)?;
                let folder = here.join(location);
                let found = folder.canonicalize().ok();
                let found =
                    found.filter(|folder| folder.join("crates/carveout/Cargo.toml").is_file());
                let found = found.as_deref().and_then(Path::to_str).map(str::to_owned);
                let found = found.ok_or_else(|| {
                    let message = format!("{} is not a checkout of the kit", folder.display());
                    Error::usage(message).help("give the folder that has crates/carveout in it")
                })?;
                check_text("location", &found)?;
                Ok(Self::new("path", found, ""))
            }
            "workspace" if !has_kit => {
                let message = "the kit is not in this workspace";
                Err(Error::usage(message).help("give --kit-source git, or path"))
            }
            // Any other source is refused by the template's own choices.
            other if location.is_empty() => Ok(Self::new(other, "", "")),
            other => {
                let message =
                    format!("the kit's source {other} has no location, {location:?} was given");
                Err(Error::usage(message)
                    .help("leave --kit-location out, or give --kit-source git or path"))
            }
        }
    }

    fn of_checkout(kit: &Path) -> Result<Self> {
        match pushed(kit) {
            Some((url, commit)) => Ok(Self::new("git", url, commit)),
            None => {
                let folder = kit.display().to_string();
                check_text("location", &folder)?;
                Ok(Self::new("path", folder, ""))
            }
        }
    }

    /// What a person has to know of a source that was not asked for.
    pub(crate) fn warning(&self) -> Option<String> {
        (self.source == "path").then(|| {
            format!(
                "the kit is taken from the folder {}, so the service builds on this machine alone; \
                 --kit-source git --kit-location URL takes it from a repository",
                self.location
            )
        })
    }
}

/// The URL and the commit of a checkout whose commit a remote repository has.
fn pushed(kit: &Path) -> Option<(String, String)> {
    let commit = git(kit, &["rev-parse", "HEAD"])?;
    git(kit, &["branch", "--remotes", "--contains", &commit])?;
    let url = git(kit, &["remote", "get-url", "origin"])?;
    let url = match url.split_once("://") {
        Some(("https" | "http" | "ssh", _)) => url,
        Some(_) => return None,
        // `git@host:path`, which cargo does not take.
        None => {
            let (host, path) = url.split_once(':')?;
            host.contains('@').then(|| format!("ssh://{host}/{path}"))?
        }
    };
    check_text("location", &url)
        .is_ok()
        .then_some((url, commit))
}

/// What git prints, if it succeeds and prints anything.
fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").current_dir(folder).args(args).output();
    let output = output.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// It is written into manifests, between quotes.
fn check_text(what: &str, text: &str) -> Result<()> {
    let refused = |c: char| c.is_control() || matches!(c, '"' | '\\' | '{' | '}');
    if text.trim() != text || text.is_empty() || text.contains(refused) {
        let message = format!(
            "the kit's {what} {text:?} must not be empty, and must have no space around it, quote, backslash or brace in it"
        );
        return Err(Error::usage(message).help(format!("give --kit-{what}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checkout whose commit is on a branch of its remote repository, if `pushed`.
    fn checkout(url: &str, pushed: bool) -> (tempfile::TempDir, String) {
        let kit = tempfile::tempdir().unwrap();
        let run = |args: &[&str]| {
            let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
            let args = [&identity[..], args].concat();
            let output = Command::new("git")
                .current_dir(kit.path())
                .args(&args)
                .output()
                .unwrap();
            assert!(output.status.success(), "{args:?}");
        };
        run(&["init", "--quiet"]);
        run(&["commit", "--quiet", "--allow-empty", "--message=kit"]);
        run(&["remote", "add", "origin", url]);
        if pushed {
            run(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        }
        let commit = git(kit.path(), &["rev-parse", "HEAD"]).unwrap();
        (kit, commit)
    }

    fn resolve(asked: &Asked<'_>, has_kit: bool, kit: &Path) -> Result<KitSource> {
        KitSource::resolve(asked, has_kit, kit, kit)
    }

    #[test]
    fn outside_of_the_kit_a_commit_that_others_can_fetch_is_the_default() {
        for (url, wanted) in [
            ("https://example.com/kit.git", "https://example.com/kit.git"),
            (
                "git@example.com:team/kit.git",
                "ssh://git@example.com/team/kit.git",
            ),
        ] {
            let (kit, commit) = checkout(url, true);
            let source = resolve(&Asked::default(), false, kit.path()).unwrap();
            assert_eq!(source, KitSource::new("git", wanted, commit));
            assert_eq!(source.warning(), None);
        }
        for (url, pushed) in [("https://example.com/kit.git", false), ("/srv/kit", true)] {
            let (kit, _) = checkout(url, pushed);
            let source = resolve(&Asked::default(), false, kit.path()).unwrap();
            assert_eq!(source.source, "path", "{url}");
            assert!(source.warning().unwrap().contains("this machine alone"));
        }
        let (kit, _) = checkout("https://example.com/kit.git", true);
        let source = resolve(&Asked::default(), true, kit.path()).unwrap();
        assert_eq!(source, KitSource::new("workspace", "", ""));
    }

    #[test]
    fn a_location_that_does_not_fit_its_source_is_refused() {
        let (kit, commit) = checkout("https://example.com/kit.git", true);
        let missing = kit.path().join("missing");
        let missing = missing.to_str().unwrap();
        for (source, location, revision) in [
            (None, Some("../kit"), None),
            (None, None, Some("0a1b")),
            (Some("path"), None, None),
            (Some("path"), Some(""), None),
            (Some("path"), Some(missing), None),
            (Some("path"), Some("."), None),
            (Some("path"), Some("."), Some("0a1b")),
            (Some("git"), None, None),
            (Some("git"), Some(""), None),
            (Some("git"), Some("../kit"), None),
            (Some("git"), Some("https://example.com/\"kit"), None),
            (Some("git"), Some("https://example.com/kit"), Some("a\nb")),
            (Some("workspace"), None, None),
            (Some("registry"), Some("https://example.com"), None),
        ] {
            let asked = Asked {
                source,
                location,
                revision,
            };
            let error = resolve(&asked, false, kit.path()).unwrap_err();
            assert!(error.help.is_some(), "{}", error.message);
        }
        let asked = Asked {
            source: Some("git"),
            location: Some("https://example.com/kit"),
            revision: None,
        };
        let source = resolve(&asked, false, kit.path()).unwrap();
        assert_eq!(
            source,
            KitSource::new("git", "https://example.com/kit", commit)
        );
    }

    #[test]
    fn a_relative_folder_becomes_absolute() {
        let (kit, _) = checkout("/srv/kit", false);
        let folder = kit.path().join("crates/carveout");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("Cargo.toml"), "").unwrap();
        let here = kit.path().join("crates");
        let asked = Asked {
            source: Some("path"),
            location: Some("../"),
            revision: None,
        };
        let source = KitSource::resolve(&asked, false, kit.path(), &here).unwrap();
        let absolute = kit.path().canonicalize().unwrap();
        assert_eq!(source.location, absolute.to_str().unwrap());
    }
}

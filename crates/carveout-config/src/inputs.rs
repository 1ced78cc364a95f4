//! Everything that was read, before any section is known.

use crate::assignment::{self, Assignment, Environment};
use crate::files;
use crate::layer::Layer;
use crate::mistake::Draft;
use crate::origin::Origin;
use crate::sources::Sources;

/// Everything that was read, before any section is known.
pub(crate) struct Inputs {
    pub(crate) prefix: String,
    pub(crate) files: Vec<Layer>,
    pub(crate) environment: Environment,
    pub(crate) sets: Vec<Assignment>,
    /// What was wrong without knowing any section.
    pub(crate) drafts: Vec<Draft>,
}

impl Inputs {
    /// Whether a mistake is only an echo of bad syntax further up in the same file.
    pub(crate) fn is_echo(&self, draft: &Draft) -> bool {
        let Origin::File { rank, line, .. } = draft.origin else {
            return false;
        };
        let same = |layer: &&Layer| matches!(layer.whole, Origin::File { rank: other, .. } if other == rank);
        let broken_from = self
            .files
            .iter()
            .find(same)
            .and_then(|layer| layer.broken_from);
        broken_from.is_some_and(|broken| line.is_none_or(|line| line >= broken))
    }

    pub(crate) fn read(sources: &Sources) -> Self {
        let mut drafts = Vec::new();
        Self {
            prefix: sources.prefix.clone(),
            files: files::read(
                sources.dir.as_deref(),
                sources.profile.as_deref(),
                &sources.prefix,
                &mut drafts,
            ),
            environment: assignment::from_env(&sources.prefix, &sources.vars, &mut drafts),
            sets: assignment::from_sets(&sources.sets, &mut drafts),
            drafts,
        }
    }
}

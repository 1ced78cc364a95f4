use serde_json::json;

use super::{say, shelves, workspace};
use crate::cli::Format;
use crate::error::Result;
use crate::template::{Template, names};

/// Works outside a workspace too: the kit's own templates are there wherever one stands.
pub(super) fn run(format: Format) -> Result<()> {
    let shelves = shelves(workspace().ok().as_ref());
    let templates = names(&shelves)
        .into_iter()
        .map(|name| Ok((Template::load(&name, &shelves)?, name)))
        .collect::<Result<Vec<_>>>()?;
    if format == Format::Json {
        let list: Vec<_> = templates.iter().map(|(template, name)| json!({ "name": name, "about": template.about(), "features": template.features() })).collect();
        say(&json!(list).to_string());
        return Ok(());
    }
    for (template, name) in &templates {
        say(&format!(
            "{name:12} {}",
            template.about().unwrap_or_default()
        ));
        for feature in template
            .placeholders
            .iter()
            .filter(|placeholder| placeholder.is_feature())
        {
            let choice = format!("{} {}", feature.flag(), feature.name);
            say(&format!("  {choice:20} {}", feature.prompt));
        }
    }
    Ok(())
}

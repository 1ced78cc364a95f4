use serde_json::{Value, json};

use super::{BASELINE, IDS, Id, Outcome, STALE, id};
use crate::model::FileId;
use crate::ratchet::Key;

/// SARIF 2.1.0, for code scanning. One result a key: its places are evidence of one finding.
///
/// Lines only and no columns: the model counts bytes, and SARIF UTF-16 units or code points.
pub(crate) fn sarif(outcome: &Outcome<'_>) -> String {
    let new = outcome.verdict.new.iter().map(|new| {
        let mut places = new.uses.places.iter();
        let at = |place: &(FileId, u32)| location(outcome.path(place.0), place.1);
        let first: Vec<Value> = places.next().map(at).into_iter().collect();
        let related: Vec<Value> = places.map(at).collect();
        let mut value = result(id(new), new.key, &outcome.sentence(new), first);
        value["relatedLocations"] = related.into();
        value
    });
    let stale = outcome.verdict.stale.iter().map(|stale| {
        let place = vec![location(BASELINE, stale.line)];
        result(STALE, stale.key, &outcome.stale_sentence(stale), place)
    });
    let results: Vec<Value> = new.chain(stale).collect();
    let rules: Vec<Value> = IDS
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "name": rule.name,
                "shortDescription": { "text": rule.about },
                "help": { "text": rule.help },
                "defaultConfiguration": { "level": "error" },
            })
        })
        .collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": "carveout-extract",
            "version": env!("CARGO_PKG_VERSION"),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules,
        } },
        "originalUriBaseIds": { "SRCROOT": {
            "description": { "text": "The workspace that was checked." }
        } },
        "results": results,
    });
    if let Some(note) = outcome.approximate() {
        run["properties"] = json!({ "approximate": true, "note": note });
    }
    let value = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    format!("{value:#}\n")
}

fn result(rule: Id, key: &Key, message: &str, locations: Vec<Value>) -> Value {
    let index = IDS.iter().position(|known| *known == rule);
    json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": "error",
        "message": { "text": format!("{message}. {}", rule.help) },
        "locations": locations,
        // What code scanning knows a finding again by: the ratchet's key, so that a moved line is
        // no new alert.
        "partialFingerprints": {
            "boundaryKey/v1": format!("{} {} {}", key.from, key.to, key.kind),
        },
    })
}

fn location(path: &str, line: u32) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(path), "uriBaseId": "SRCROOT" },
        "region": { "startLine": line },
    } })
}

/// A relative reference of RFC 3986: what is not unreserved is written in percent.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

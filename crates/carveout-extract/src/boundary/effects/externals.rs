//! What functions of other packages do. One that is not known writes.

use super::packages::{DATABASES, HARMLESS, REACHING};
use crate::model::Item;
use crate::report::Effect;

/// What a call of a function of another package is.
pub(super) enum Call {
    /// Nothing that anybody would notice.
    Harmless,
    /// A database's own interface: its statement says what it does.
    Database,
    /// Something, and what it is.
    Does(Effect, &'static str),
    /// Nobody knows.
    Unknown,
}

/// Of the standard library and of tokio: what is not harmless.
const STD_READS: &[&str] = &[
    "read",
    "read_to_string",
    "read_dir",
    "read_link",
    "metadata",
    "symlink_metadata",
    "exists",
    "try_exists",
    "canonicalize",
    "open",
    "options",
    "is_file",
    "is_dir",
    "path",
    "file_name",
    "file_type",
    "len",
    "modified",
    "created",
    "accessed",
    "permissions",
    "next_entry",
    "mode",
    "readonly",
];

/// What calling `item`, of another package, does.
pub(super) fn call(item: &Item) -> Call {
    let package = item.package.as_str();
    if DATABASES.contains(&package) {
        return Call::Database;
    }
    if item.implements.as_deref().is_some_and(is_conversion) {
        return Call::Harmless;
    }
    if matches!(
        package,
        "std"
            | "tokio"
            | "tokio-util"
            | "async-std"
            | "core"
            | "alloc"
            | "async-fs"
            | "fs-err"
            | "tempfile"
            | "walkdir"
    ) {
        return standard(package, &item.path, &item.name);
    }
    if HARMLESS.contains(&package) {
        return Call::Harmless;
    }
    for (packages, names, what) in REACHING {
        if packages.contains(&package) {
            return match names.iter().any(|pattern| fits(pattern, &item.name)) {
                true => Call::Does(Effect::Write, what),
                false => Call::Harmless,
            };
        }
    }
    Call::Unknown
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

fn standard(package: &str, path: &str, name: &str) -> Call {
    let has = |part: &str| path.split("::").any(|one| one == part);
    let files = has("fs") || matches!(package, "async-fs" | "fs-err" | "tempfile" | "walkdir");
    if files {
        // Opening says nothing of writing; what is then written does.
        return match STD_READS.contains(&name) || package == "walkdir" {
            true => Call::Does(Effect::Read, "reads files"),
            false => Call::Does(Effect::Write, "changes files"),
        };
    }
    if has("process") {
        return match name {
            "spawn" | "status" | "output" | "exec" => Call::Does(Effect::Write, "runs a process"),
            "exit" | "abort" => Call::Does(Effect::Write, "ends the process"),
            "kill" | "start_kill" => Call::Does(Effect::Write, "ends a process"),
            _ => Call::Harmless,
        };
    }
    if has("net") && !path.contains("addr") && !path.contains("Addr") {
        return Call::Does(Effect::Write, "talks to the network");
    }
    if has("env") && matches!(name, "set_var" | "remove_var" | "set_current_dir") {
        return Call::Does(Effect::Write, "changes the environment");
    }
    if has("atomic")
        && !matches!(
            name,
            "load" | "new" | "default" | "into_inner" | "fmt" | "get_mut"
        )
    {
        return Call::Does(Effect::Write, "changes shared state");
    }
    let locks = has("Mutex")
        && matches!(name, "lock" | "try_lock" | "lock_owned" | "blocking_lock")
        || has("RwLock")
            && matches!(
                name,
                "write" | "try_write" | "write_owned" | "blocking_write"
            );
    if locks {
        return Call::Does(Effect::Write, "locks shared state, and may change it");
    }
    let cells = has("cell")
        && matches!(
            name,
            "set"
                | "replace"
                | "swap"
                | "take"
                | "borrow_mut"
                | "try_borrow_mut"
                | "with_borrow_mut"
        );
    if cells {
        return Call::Does(Effect::Write, "changes shared state");
    }
    if (has("mpsc") || has("broadcast") || has("watch"))
        && (name.contains("send") || name == "reserve")
    {
        return Call::Does(Effect::Write, "sends on a channel");
    }
    let output = has("io")
        && (path.contains("Write")
            || name.starts_with("write")
            || matches!(name, "copy" | "flush" | "shutdown"));
    if output && !path.contains("fmt") {
        return Call::Does(
            Effect::Write,
            "writes to what may be a file or a connection",
        );
    }
    Call::Harmless
}

/// Traits whose implementations make values of values.
pub(super) fn is_conversion(name: &str) -> bool {
    let name = name.split('<').next().unwrap_or(name);
    let name = name.rsplit("::").next().unwrap_or(name);
    matches!(
        name,
        "From"
            | "Into"
            | "TryFrom"
            | "TryInto"
            | "AsRef"
            | "AsMut"
            | "Borrow"
            | "Clone"
            | "Copy"
            | "Default"
            | "Debug"
            | "Display"
            | "PartialEq"
            | "Eq"
            | "PartialOrd"
            | "Ord"
            | "Hash"
            | "Deref"
            | "DerefMut"
            | "FromStr"
            | "ToString"
            | "ToOwned"
            | "Iterator"
            | "IntoIterator"
            | "DoubleEndedIterator"
            | "ExactSizeIterator"
            | "Extend"
            | "FromIterator"
            | "Index"
            | "IndexMut"
            | "Add"
            | "Sub"
            | "Mul"
            | "Div"
            | "Neg"
            | "Not"
            | "Serialize"
            | "Deserialize"
            | "Error"
    )
}

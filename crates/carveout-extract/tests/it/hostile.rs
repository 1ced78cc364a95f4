//! An index that somebody broke, by accident or on purpose: every one ends in a model or in a clear
//! error, soon, and without a file outside of its workspace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use carveout_extract::error::Kind;
use carveout_extract::model::Model;
use carveout_extract::reader::read_scip;
use carveout_extract::{Error, Result};
use protobuf::{Message, MessageField};
use scip::types::{Document, Index, Metadata, Occurrence, ToolInfo};

use crate::support::{copy, fixture};

/// The index `bytes` of the workspace at `root`.
fn read(bytes: &[u8], root: &Path) -> Result<Model> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("index.scip");
    std::fs::write(&path, bytes).expect("a write");
    read_scip(&path, root)
}

/// An error that says which input is wrong, and no number.
fn refused(bytes: &[u8], root: &Path, why: &str) -> Error {
    let error = read(bytes, root).expect_err(why);
    assert!(matches!(error.kind, Kind::Index | Kind::Io), "{error:?}");
    assert!(error.message.contains(why), "{why:?} in {error}");
    assert!(error.message.len() < 1000, "{} bytes", error.message.len());
    error
}

fn index(documents: Vec<Document>) -> Index {
    Index {
        metadata: MessageField::some(Metadata {
            tool_info: MessageField::some(ToolInfo {
                name: "rust-analyzer".to_owned(),
                version: "1".to_owned(),
                ..ToolInfo::default()
            }),
            ..Metadata::default()
        }),
        documents,
        ..Index::default()
    }
}

fn bytes(documents: Vec<Document>) -> Vec<u8> {
    index(documents).write_to_bytes().expect("bytes")
}

fn document(path: &str, occurrences: Vec<Occurrence>) -> Document {
    Document {
        relative_path: path.to_owned(),
        language: "rust".to_owned(),
        occurrences,
        ..Document::default()
    }
}

fn occurrence(range: &[i32], symbol: &str) -> Occurrence {
    Occurrence {
        range: range.to_vec(),
        symbol: symbol.to_owned(),
        symbol_roles: 1,
        ..Occurrence::default()
    }
}

/// A workspace of one file.
fn small() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("lib.rs"), "pub fn run() {}\n").expect("a write");
    folder
}

/// xorshift64*, so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(bits).unwrap_or_default() % limit.max(1)
    }
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    let length = bytes.len();
    let at = random.below(length);
    match random.below(6) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = u8::try_from(random.below(256)).unwrap_or_default(),
        2 => bytes[at] = 0xff,
        3 => bytes.truncate(at),
        4 => {
            let end = (at + random.below(64)).min(length);
            bytes.drain(at..end);
        }
        _ => {
            let end = (at + random.below(64)).min(length);
            let again = bytes[at..end].to_vec();
            let to = random.below(length);
            bytes.splice(to..to, again);
        }
    }
}

#[test]
fn thousands_of_mutations_end_in_a_model_or_in_an_error() {
    let mut ends = (0, 0);
    for name in ["python", "typescript", "traps"] {
        let root = fixture(name);
        let whole = std::fs::read(root.join("index.scip")).expect("an index");
        let mut random = Random(0x5eed);
        let rounds = if name == "traps" { 400 } else { 1500 };
        for round in 0..rounds {
            let mut broken = whole.clone();
            for _ in 0..=random.below(3) {
                mutate(&mut broken, &mut random);
            }
            let read = catch_unwind(AssertUnwindSafe(|| read(&broken, &root)));
            match read.unwrap_or_else(|_| panic!("{name}, round {round}: it panicked")) {
                Ok(model) => {
                    ends.0 += 1;
                    sound(&model);
                }
                Err(error) => {
                    ends.1 += 1;
                    assert!(!error.message.is_empty());
                }
            }
        }
    }
    // Both happen, so that neither half of this is for nothing.
    assert!(ends.0 > 100 && ends.1 > 100, "{ends:?}");
    assert!(peak_kib() < 1 << 20, "{} KiB", peak_kib());
}

/// Every place that the model points at is there.
fn sound(model: &Model) {
    for reference in &model.references {
        assert!(!model.file(reference.file).path.is_empty());
        assert!(!model.module(reference.from).path.is_empty());
        assert!(!model.item_path(reference.to).is_empty());
    }
    for (id, _) in model.module_ids() {
        assert!(model.ancestors(id).count() <= model.modules.len());
    }
}

/// The most memory that this process had, where the system says it.
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[test]
fn an_index_that_is_cut_anywhere_is_refused() {
    let root = fixture("traps");
    let all = crate::support::model("traps").references.len();
    let whole = std::fs::read(root.join("index.scip")).expect("an index");
    for hundredth in 0..100 {
        let cut = &whole[..whole.len() * hundredth / 100];
        match read(cut, &root) {
            Err(error) => assert_eq!(error.kind, Kind::Index, "{hundredth}: {error}"),
            // Between two packages: it says which it does not have.
            Ok(model) if model.references.len() < all => {
                let gap = "the index has no file of these packages";
                let said = model.gaps.iter().any(|one| one.starts_with(gap));
                assert!(said, "{hundredth}: {:?}", model.gaps);
            }
            // What comes last is not needed.
            Ok(_) => {}
        }
    }
}

#[test]
fn a_file_that_is_no_index_is_refused() {
    let root = fixture("traps");
    refused(b"", &root, "it is empty");
    refused(
        b"this is a text, and quite a long one\n",
        &root,
        "is no whole index",
    );
    refused(&[0; 4096], &root, "is no whole index");
    refused(&[0x0b; 100_000], &root, "is no whole index");
    refused(b"{\"documents\": []}", &root, "is no whole index");
    refused(&bytes(Vec::new()), &root, "has no documents");
    let nobody = Index {
        documents: vec![document("lib.rs", Vec::new())],
        ..Index::default()
    };
    let nobody = nobody.write_to_bytes().expect("bytes");
    refused(&nobody, &root, "which tool made it");
}

#[test]
fn a_length_that_is_not_there_costs_no_memory() {
    let before = peak_kib();
    let mut lying = bytes(Vec::new());
    // A document of 2 GiB - 1, of which nothing follows.
    lying.extend([0x12, 0xff, 0xff, 0xff, 0xff, 0x07]);
    refused(&lying, &fixture("traps"), "is no whole index");
    assert!(peak_kib() < before + (1 << 19), "{} KiB", peak_kib());
}

#[test]
fn a_document_outside_of_the_workspace_is_refused() {
    let root = small();
    let inside = root.path().join("inside");
    std::fs::create_dir(&inside).expect("a folder");
    for path in [
        "../lib.rs",
        "/etc/passwd",
        "a/../../lib.rs",
        "..",
        "",
        "a\\..\\..\\lib.rs",
    ] {
        let error = refused(&bytes(vec![document(path, Vec::new())]), &inside, "");
        assert!(
            error.message.contains("not inside of its workspace"),
            "{path:?}: {error}"
        );
    }
    refused(
        &bytes(vec![document("a\0b", Vec::new())]),
        &inside,
        "cannot read",
    );
}

#[test]
fn a_range_that_is_none_is_refused() {
    let root = small();
    let symbol = "rust-analyzer cargo small 0.1.0 run().";
    for range in [
        &[-1, 0, 3][..],
        &[0, -7, 3],
        &[0, 10, 7],
        &[5, 0, 4, 0],
        &[0],
        &[0, 1],
        &[0, 1, 2, 3, 4],
        &[],
        &[i32::MIN, i32::MIN, i32::MAX, i32::MAX],
    ] {
        let of = vec![document("lib.rs", vec![occurrence(range, symbol)])];
        refused(&bytes(of), root.path(), "which is no range");
    }
    for range in [
        &[0, 7, 4000][..],
        &[999, 0, 3],
        &[i32::MAX, i32::MAX, i32::MAX],
    ] {
        let of = vec![document("lib.rs", vec![occurrence(range, symbol)])];
        refused(&bytes(of), root.path(), "another state of the source");
    }
}

#[test]
fn a_document_that_is_there_twice_is_refused() {
    let root = small();
    let of = vec![
        document("lib.rs", Vec::new()),
        document("lib.rs", Vec::new()),
    ];
    refused(&bytes(of), root.path(), "lib.rs twice");
}

#[test]
fn a_million_documents_without_source_are_refused_soon() {
    let of = (0..1_000_000).map(|at| Document {
        relative_path: at.to_string(),
        ..Document::default()
    });
    let root = small();
    refused(
        &bytes(of.collect()),
        root.path(),
        "another state of the source",
    );
}

#[test]
fn symbols_of_any_length_and_depth_end() {
    let root = small();
    let long = "a".repeat(10 << 20);
    let deep = "a/".repeat(5 << 20);
    let types = "A#".repeat(1 << 20);
    let parsed = "rust-analyzer cargo small 0.1.0 ";
    for symbol in [
        long.clone(),
        format!("{parsed}{long}/"),
        format!("{parsed}{deep}"),
        format!("{parsed}{types}"),
        format!("{parsed}{}run().", "a/".repeat(1000)),
        format!("scip-python python a 1 `{}`/__init__:", "a.".repeat(1000)),
        "`".repeat(1000),
        " ".repeat(1000),
        format!("{parsed}impl#"),
        format!("{parsed}impl#[]"),
        format!("{parsed}impl#[`&'`][`<`]x()."),
        "local ".to_owned(),
        "local \u{0}".to_owned(),
    ] {
        let of = document("lib.rs", vec![occurrence(&[0, 7, 10], &symbol)]);
        let start: String = symbol.chars().take(60).collect();
        match read(&bytes(vec![of]), root.path()) {
            Ok(model) => sound(&model),
            Err(error) => assert!(
                error.message.len() < 1000,
                "{start}: {}",
                error.message.len()
            ),
        }
    }
}

#[test]
fn ranges_within_ranges_end() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let depth = 20_000;
    let text = format!("{}{}\n", "(".repeat(depth), ")".repeat(depth));
    std::fs::write(root.path().join("lib.rs"), text).expect("a write");
    let depth = i32::try_from(depth).expect("a small number");
    let nested = (0..depth).map(|at| {
        let mut one = occurrence(
            &[0, at, at + 1],
            &format!("rust-analyzer cargo a 1 f{at}()."),
        );
        one.enclosing_range = vec![0, at, 2 * depth - at];
        one
    });
    let of = document("lib.rs", nested.collect());
    let model = read(&bytes(vec![of]), root.path()).expect("it is odd, and no more");
    assert_eq!(model.items.len(), 20_000);
}

#[test]
fn a_language_that_nobody_knows_is_no_failure() {
    let root = small();
    let mut of = document(
        "lib.rs",
        vec![occurrence(&[0, 7, 10], "klingon . . . run().")],
    );
    of.language = "Klingon".to_owned();
    let model = read(&bytes(vec![of]), root.path()).expect("a model");
    assert_eq!(model.files[0].language, "klingon");
    assert!(!model.gaps.is_empty(), "it is not measured, so it is said");
}

#[test]
fn source_that_is_not_utf_8_is_refused() {
    let root = small();
    std::fs::write(root.path().join("lib.rs"), b"pub fn r\xff() {}\n").expect("a write");
    let of = bytes(vec![document("lib.rs", Vec::new())]);
    refused(&of, root.path(), "is not UTF-8");
}

#[test]
fn source_that_is_a_folder_is_refused() {
    let root = small();
    std::fs::create_dir(root.path().join("a.rs")).expect("a folder");
    refused(
        &bytes(vec![document("a.rs", Vec::new())]),
        root.path(),
        "cannot read",
    );
}

#[test]
fn a_folder_or_nothing_for_an_index_is_refused() {
    let root = fixture("traps");
    let error = read_scip(&root, &root).expect_err("a folder");
    assert!(error.message.contains("directory"), "{error}");
    let error = read_scip(&root.join("none.scip"), &root).expect_err("nothing");
    assert_eq!(error.kind, Kind::Io);
    assert!(error.message.contains("none.scip"), "{error}");
}

#[cfg(unix)]
#[test]
fn an_index_without_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = copy("traps");
    let path = folder.path().join("index.scip");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("a mode");
    // Root reads everything.
    match std::fs::read(&path) {
        Ok(_) => assert!(read_scip(&path, folder.path()).is_ok()),
        Err(_) => {
            let error = read_scip(&path, folder.path()).expect_err("no permission");
            assert_eq!(error.kind, Kind::Io, "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_symlinked_workspace_has_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let link: PathBuf = folder.path().join("link");
    std::os::unix::fs::symlink(fixture("traps"), &link).expect("a link");
    let linked = read_scip(&link.join("index.scip"), &link).expect("a model");
    let direct = crate::support::model("traps");
    assert_eq!(linked.references.len(), direct.references.len());
    assert_eq!(linked.gaps, direct.gaps);
}

#[cfg(unix)]
#[test]
fn a_workspace_whose_path_is_not_utf_8_has_the_same_numbers() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join(std::ffi::OsStr::from_bytes(b"sh\xffop"));
    std::fs::create_dir(&root).expect("a folder");
    crate::support::copy_all(&fixture("shop"), &root);
    let model = read_scip(&root.join("index.scip"), &root).expect("a model");
    assert_eq!(
        model.references.len(),
        crate::support::model("shop").references.len()
    );
}

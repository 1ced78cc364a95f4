//! Types of other packages: what each becomes in a contract.

use super::wire::{Shape, Wire};

/// What a type of another package means for a boundary.
pub(super) enum Foreign {
    /// It becomes this.
    Wire(Wire),
    /// A sequence of its argument; a set is sorted.
    Sequence {
        /// Whether its order means nothing.
        set: bool,
    },
    /// A map of its first argument to its second.
    Map,
    /// `Option`.
    Option,
    /// Its argument, behind a pointer that a message does not need.
    Transparent,
    /// `Result`.
    Result,
    /// A stream of its argument or item.
    Stream,
    /// A database connection, pool or transaction.
    Connection,
    /// A lock's guard, a cell, a channel's end: it means something in this process alone.
    Local,
    /// An error that has lost its type.
    Opaque,
    /// Nothing is known of it.
    Unknown,
}

const TEXT: usize = 24;

/// What the type `name` of `package` means. A package is called as the index calls it.
pub(super) fn foreign(package: &str, name: &str) -> Foreign {
    let std = matches!(package, "std" | "alloc" | "core" | "");
    let text = |note: &str| Foreign::Wire(Wire::converted(Shape::Scalar("string"), TEXT, note));
    let named = |shape: &str, note: &str| {
        Foreign::Wire(Wire::converted(Shape::Named(shape.to_owned()), 12, note))
    };
    match (package, name) {
        _ if std && primitive(name).is_some() => {
            primitive(name).map_or(Foreign::Unknown, Foreign::Wire)
        }
        (_, "String" | "str") if std => Foreign::Wire(Wire::plain(Shape::Scalar("string"), TEXT)),
        (_, "PathBuf" | "Path" | "OsString" | "OsStr") if std => {
            text("a path that is not UTF-8 is an error")
        }
        (_, "Vec" | "VecDeque" | "LinkedList") if std => Foreign::Sequence { set: false },
        (_, "HashSet" | "BTreeSet" | "BinaryHeap") if std => Foreign::Sequence { set: true },
        (_, "HashMap" | "BTreeMap") if std => Foreign::Map,
        ("indexmap", "IndexMap") | ("hashbrown" | "dashmap", "HashMap" | "DashMap") => Foreign::Map,
        ("indexmap", "IndexSet") | ("hashbrown", "HashSet") => Foreign::Sequence { set: true },
        ("smallvec", "SmallVec") | ("arrayvec", "ArrayVec") => Foreign::Sequence { set: false },
        (_, "Option") if std => Foreign::Option,
        (_, "Result") if std => Foreign::Result,
        (_, "Box" | "Rc" | "Arc" | "Cow" | "Pin") if std => Foreign::Transparent,
        (
            _,
            "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "SocketAddrV4" | "SocketAddrV6",
        ) if std => text("parsed by the other side"),
        (_, "SystemTime") if std => named("google.protobuf.Timestamp", "a point in time"),
        (_, "Duration") if std => named("google.protobuf.Duration", "a negative one is an error"),
        (_, "Instant") if std => Foreign::Local,
        (
            _,
            "Mutex" | "RwLock" | "MutexGuard" | "RwLockReadGuard" | "RwLockWriteGuard" | "Ref"
            | "RefMut" | "RefCell" | "Cell" | "OnceCell" | "OnceLock" | "LazyLock" | "Sender"
            | "Receiver" | "SyncSender" | "Weak" | "JoinHandle",
        ) if std => Foreign::Local,
        (
            "tokio" | "parking_lot" | "lock_api" | "arc-swap" | "crossbeam-channel" | "tokio-util",
            _,
        ) => Foreign::Local,
        (_, "Error") if std => Foreign::Opaque,
        ("uuid", "Uuid") => text("parsed by the other side"),
        ("url", "Url") | ("http", "Uri") => text("parsed by the other side"),
        ("semver", "Version" | "VersionReq") => text("parsed by the other side"),
        ("rust_decimal" | "bigdecimal", _) => text("exact, as decimal digits"),
        ("ipnetwork" | "ipnet", _) => text("parsed by the other side"),
        ("chrono", "DateTime") => named("google.protobuf.Timestamp", "a point in time"),
        ("chrono", "NaiveDate" | "NaiveTime" | "NaiveDateTime") => text("ISO 8601, without a zone"),
        ("chrono", "Duration" | "TimeDelta") => named("google.protobuf.Duration", "a span of time"),
        ("time", "OffsetDateTime") => named("Moment", "a Timestamp and the offset in seconds"),
        ("time", "Date" | "Time" | "PrimitiveDateTime") => text("ISO 8601, without a zone"),
        ("time", "Duration") => named("google.protobuf.Duration", "a span of time"),
        ("serde_json", "Value" | "Map") => text("JSON"),
        ("secrecy", _) => text("a secret: never logged, never compared in the shadow"),
        ("bytes", "Bytes" | "BytesMut") => Foreign::Wire(Wire::plain(Shape::Scalar("bytes"), 256)),
        ("anyhow" | "eyre" | "color-eyre", "Error" | "Report") => Foreign::Opaque,
        _ if std && name.ends_with("Error") => Foreign::Opaque,
        ("futures-core" | "futures" | "tokio-stream" | "futures-util", _) => Foreign::Stream,
        // `anyhow::Result`, `diesel::QueryResult`: a package's error is its own.
        (_, name) if name.ends_with("Result") => Foreign::Result,
        _ if is_connection(package, name) => Foreign::Connection,
        _ => Foreign::Unknown,
    }
}

/// Whether the type or trait `name` of `package` is a way to a database.
fn is_connection(package: &str, name: &str) -> bool {
    let database = [
        "diesel",
        "diesel-async",
        "sqlx",
        "sqlx-core",
        "sqlx-postgres",
        "sqlx-mysql",
        "sqlx-sqlite",
        "sea-orm",
        "r2d2",
        "deadpool",
        "deadpool-postgres",
        "deadpool-diesel",
        "bb8",
        "bb8-postgres",
        "mobc",
        "rusqlite",
        "postgres",
        "tokio-postgres",
        "mysql",
        "mysql_async",
        "redis",
        "mongodb",
        "deadpool-redis",
        "sled",
        "rocksdb",
        "scylla",
        "surrealdb",
        "rbatis",
        "welds",
    ];
    let ends = [
        "Connection",
        "Conn",
        "Pool",
        "PooledConnection",
        "Transaction",
        "Executor",
        "ConnectionTrait",
        "Client",
        "Database",
        "TransactionTrait",
        "Acquire",
        "Object",
        "DatabaseConnection",
        "Db",
        "ConnectionLike",
        "Commands",
        "AsyncCommands",
        "LoadConnection",
        "DatabaseTransaction",
        "Session",
        "StreamerTrait",
        "ConnectionManager",
        "Tree",
        "DB",
    ];
    database.contains(&package) && ends.iter().any(|end| name.ends_with(end))
}

/// What a primitive becomes.
pub(super) fn primitive(name: &str) -> Option<Wire> {
    let range = "range-checked";
    Some(match name {
        "bool" => Wire::plain(Shape::Scalar("bool"), 2),
        "i32" => Wire::plain(Shape::Scalar("int32"), 5),
        "u32" => Wire::plain(Shape::Scalar("uint32"), 5),
        "i64" => Wire::plain(Shape::Scalar("int64"), 7),
        "u64" => Wire::plain(Shape::Scalar("uint64"), 7),
        "f32" => Wire::plain(Shape::Scalar("float"), 5),
        "f64" => Wire::plain(Shape::Scalar("double"), 9),
        "i8" | "i16" => Wire::converted(Shape::Scalar("int32"), 4, range),
        "u8" | "u16" => Wire::converted(Shape::Scalar("uint32"), 4, range),
        "isize" => Wire::converted(Shape::Scalar("int64"), 7, range),
        "usize" => Wire::converted(Shape::Scalar("uint64"), 7, range),
        "i128" | "u128" => Wire::converted(Shape::Scalar("bytes"), 18, "16 bytes, length-checked"),
        "char" => Wire::converted(Shape::Scalar("string"), 5, "one character, checked"),
        "str" => Wire::plain(Shape::Scalar("string"), TEXT),
        "NonZeroU8" | "NonZeroU16" | "NonZeroU32" => {
            Wire::converted(Shape::Scalar("uint32"), 5, "never 0, checked")
        }
        "NonZeroU64" | "NonZeroUsize" => {
            Wire::converted(Shape::Scalar("uint64"), 7, "never 0, checked")
        }
        "NonZeroI32" => Wire::converted(Shape::Scalar("int32"), 5, "never 0, checked"),
        "NonZeroI64" => Wire::converted(Shape::Scalar("int64"), 7, "never 0, checked"),
        _ => return None,
    })
}

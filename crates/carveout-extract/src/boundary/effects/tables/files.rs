//! Files, of the standard library and of those that are called as it is.

use super::super::facts::{Group, Is};

pub(super) const TABLE: &[Group] = &[
    Group {
        is: Is::Reads,
        packages: &["std", "tokio", "async-std", "async-fs", "fs-err", "smol"],
        items: &[
            (
                "fs/",
                "read read_to_string read_dir read_link metadata symlink_metadata exists try_exists canonicalize",
            ),
            ("File", "open metadata"),
            ("ReadDir", "next_entry"),
            ("DirEntry", "path file_name metadata file_type ino"),
            (
                "Metadata",
                "is_dir is_file is_symlink len modified created accessed permissions file_type",
            ),
            ("MetadataExt", "size mode uid gid mtime ino dev"),
            ("PermissionsExt", "mode from_mode"),
            ("Permissions", "readonly mode"),
            ("FileType", "is_dir is_file is_symlink"),
            (
                "Path",
                "metadata symlink_metadata canonicalize read_link read_dir exists try_exists is_file is_dir \
                 is_symlink",
            ),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["std", "tokio"],
        items: &[
            ("BufReader", "new with_capacity get_ref into_inner buffer"),
            ("Cursor", "*"),
            ("Empty", "*"),
            ("io/", "empty"),
            ("Error", "*"),
            ("ErrorKind", "*"),
        ],
    },
    Group {
        is: Is::ReadsOwn,
        packages: &["std", "tokio", "tokio-util", "futures-util"],
        items: &[
            (
                "Read",
                "read read_to_end read_to_string read_exact bytes take chain by_ref",
            ),
            ("<Read>", "read read_to_end read_to_string read_exact"),
            ("BufRead", "read_line lines read_until split fill_buf"),
            ("<BufRead>", "read_line read_until fill_buf"),
            ("Seek", "seek rewind stream_position"),
            ("<Seek>", "seek rewind stream_position"),
            (
                "AsyncReadExt",
                "read read_to_end read_to_string read_exact read_buf take",
            ),
            ("AsyncBufReadExt", "read_line lines read_until"),
            ("AsyncSeekExt", "seek rewind"),
            ("Lines", "next_line"),
            ("io/", "next"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["walkdir", "ignore", "glob"],
        items: &[
            ("WalkDir", "*"),
            ("DirEntry", "*"),
            ("IntoIter", "*"),
            ("Walk", "*"),
            ("FilterEntry", "*"),
            ("", "glob"),
            ("Paths", "*"),
            ("Pattern", "*"),
        ],
    },
    Group {
        is: Is::Looks,
        packages: &["camino"],
        items: &[
            (
                "Utf8Path",
                "new as_str as_std_path parent file_name file_stem extension join with_extension with_file_name components starts_with ends_with strip_prefix to_path_buf is_absolute",
            ),
            (
                "Utf8PathBuf",
                "new from_path_buf as_path into_string into_std_path_buf",
            ),
        ],
    },
];

//! Collections and text of the standard library.

use super::super::facts::{Group, Is};

const STD: &[&str] = &["core", "alloc", "std"];

pub(super) const TABLE: &[Group] = &[
    Group {
        is: Is::Looks,
        packages: STD,
        items: &[
            (
                "str",
                "len is_empty is_char_boundary as_bytes as_ptr get chars char_indices bytes \
                 split_whitespace split_ascii_whitespace lines contains starts_with ends_with find rfind \
                 split split_inclusive rsplit split_terminator rsplit_terminator splitn rsplitn \
                 split_once rsplit_once matches rmatches match_indices rmatch_indices trim \
                 trim_start trim_end trim_matches trim_start_matches strip_prefix strip_suffix \
                 trim_end_matches parse is_ascii eq_ignore_ascii_case escape_debug escape_default \
                 escape_unicode to_lowercase to_uppercase repeat replace replacen into_string \
                 into_boxed_bytes to_ascii_lowercase to_ascii_uppercase to_string to_owned \
                 split_at split_at_checked encode_utf16 as_str floor_char_boundary \
                 ceil_char_boundary trim_ascii trim_ascii_start trim_ascii_end from_utf8",
            ),
            ("str/", "from_utf8 from_utf8_lossy"),
            (
                "String",
                "new from with_capacity from_utf8 from_utf8_lossy from_utf8_lossy_owned from_utf16 \
                 from_utf16_lossy into_bytes as_str as_bytes capacity len is_empty \
                 into_boxed_str into_chars leak",
            ),
            (
                "[T]",
                "len is_empty first last split_first split_last get iter windows chunks chunks_exact \
                 rchunks chunk_by split_at split_at_checked split splitn rsplit contains \
                 starts_with ends_with strip_prefix strip_suffix binary_search binary_search_by \
                 binary_search_by_key partition_point to_vec into_vec repeat concat join connect \
                 is_sorted is_sorted_by is_sorted_by_key as_ptr as_chunks array_windows escape_ascii \
                 first_chunk last_chunk as_array",
            ),
            (
                "[u8]",
                "is_ascii eq_ignore_ascii_case escape_ascii trim_ascii to_ascii_lowercase to_ascii_uppercase utf8_chunks",
            ),
            ("[[T; N]]", "as_flattened"),
            ("[V]", "concat join"),
            ("[S]", "concat join"),
            ("[T; N]", "map each_ref as_slice iter"),
            ("slice/", "from_ref"),
            ("array/", "from_fn"),
            (
                "Vec",
                "new with_capacity capacity into_boxed_slice as_slice len is_empty from_raw_parts \
                 leak as_ptr",
            ),
            (
                "VecDeque",
                "new with_capacity get capacity iter as_slices len is_empty range contains front \
                 back binary_search binary_search_by partition_point",
            ),
            (
                "HashMap",
                "new with_capacity with_hasher with_capacity_and_hasher capacity keys into_keys \
                 values into_values iter len is_empty hasher get get_key_value contains_key",
            ),
            (
                "HashSet",
                "new with_capacity with_hasher with_capacity_and_hasher capacity iter len \
                 is_empty difference symmetric_difference intersection union contains get \
                 is_disjoint is_subset is_superset",
            ),
            (
                "BTreeMap",
                "new get get_key_value first_key_value last_key_value contains_key range into_keys \
                 into_values iter keys values len is_empty lower_bound upper_bound",
            ),
            (
                "BTreeSet",
                "new range difference symmetric_difference intersection union contains get \
                 is_disjoint is_subset is_superset first last iter len is_empty",
            ),
            (
                "BinaryHeap",
                "new with_capacity iter peek capacity into_vec into_sorted_vec as_slice len is_empty",
            ),
            ("LinkedList", "new iter len is_empty contains front back"),
            ("Entry", "key get"),
            ("OccupiedEntry", "key get"),
            ("VacantEntry", "key"),
            ("OsStr", "*"),
            (
                "OsString",
                "new with_capacity as_os_str into_string len is_empty",
            ),
            ("CStr", "*"),
            ("CString", "new as_c_str into_string to_bytes as_bytes"),
            (
                "Path",
                "new as_os_str to_str to_string_lossy to_path_buf is_absolute is_relative has_root \
                 parent ancestors file_name strip_prefix starts_with ends_with file_stem extension \
                 join with_file_name with_extension components iter display into_path_buf \
                 file_prefix",
            ),
            (
                "PathBuf",
                "new with_capacity as_path into_os_string into_boxed_path",
            ),
            ("Components", "*"),
            ("Component", "as_os_str"),
            ("StripPrefixError", "*"),
            ("Display", "*"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: STD,
        items: &[
            (
                "str",
                "make_ascii_lowercase make_ascii_uppercase get_mut as_mut_str",
            ),
            (
                "String",
                "push push_str extend_from_within reserve reserve_exact shrink_to_fit shrink_to \
                 truncate pop remove retain insert insert_str clear split_off drain replace_range \
                 as_mut_str as_mut_vec",
            ),
            (
                "[T]",
                "first_mut last_mut split_first_mut split_last_mut get_mut swap reverse iter_mut \
                 chunks_mut chunks_exact_mut rchunks_mut chunk_by_mut split_at_mut split_mut sort sort_by \
                 sort_by_key sort_by_cached_key sort_unstable sort_unstable_by sort_unstable_by_key \
                 select_nth_unstable select_nth_unstable_by rotate_left rotate_right fill fill_with \
                 clone_from_slice copy_from_slice copy_within swap_with_slice as_mut_ptr",
            ),
            (
                "Vec",
                "reserve reserve_exact try_reserve shrink_to_fit shrink_to truncate as_mut_slice swap_remove insert remove \
                     retain retain_mut dedup_by_key dedup_by dedup push push_within_capacity pop pop_if append drain clear \
                     split_off resize_with resize extend_from_slice extend_from_within splice extract_if set_len",
            ),
            (
                "VecDeque",
                "get_mut swap reserve shrink_to_fit truncate iter_mut as_mut_slices range_mut drain clear front_mut \
                          back_mut pop_front pop_back push_front push_back swap_remove_front swap_remove_back \
                          insert remove split_off append retain resize make_contiguous rotate_left rotate_right",
            ),
            (
                "HashMap",
                "values_mut iter_mut drain retain clear reserve shrink_to_fit entry get_many_mut \
                         get_mut insert try_insert remove remove_entry extract_if get_disjoint_mut",
            ),
            (
                "HashSet",
                "drain retain clear reserve shrink_to_fit insert replace remove take extract_if get_or_insert_with",
            ),
            (
                "BTreeMap",
                "clear get_mut first_entry last_entry pop_first pop_last insert remove remove_entry \
                          retain append range_mut entry split_off iter_mut values_mut extract_if",
            ),
            (
                "BTreeSet",
                "clear insert replace remove take retain append split_off pop_first pop_last extract_if",
            ),
            ("BinaryHeap", "peek_mut pop push append drain clear retain"),
            (
                "LinkedList",
                "append iter_mut clear front_mut back_mut push_front pop_front push_back pop_back split_off",
            ),
            (
                "Entry",
                "or_insert or_insert_with or_insert_with_key or_default and_modify insert_entry",
            ),
            (
                "OccupiedEntry",
                "get_mut into_mut insert remove remove_entry",
            ),
            ("VacantEntry", "insert into_key"),
            ("OsString", "push clear"),
            ("PathBuf", "push pop set_file_name set_extension"),
            ("CharIndices", "*"),
            ("Chars", "*"),
            // Text and bytes in memory.
            ("String", "write_str write_char write_fmt"),
            ("Formatter", "write_str write_char write_fmt"),
        ],
    },
];

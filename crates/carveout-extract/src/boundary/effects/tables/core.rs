//! The language's own library: values, conversions, options, iterators, text, cells.

use super::super::facts::{Group, Is};

const STD: &[&str] = &["core", "alloc", "std"];

pub(super) const TABLE: &[Group] = &[
    // By contract, implementations of these traits compute values only, in any package;
    // of the workspace's own types the implementations themselves are judged.
    Group {
        is: Is::Looks,
        packages: &["*"],
        items: &[
            ("<Clone>", "clone"),
            ("<Debug>", "fmt"),
            ("<Display>", "fmt"),
            ("<LowerHex>", "fmt"),
            ("<UpperHex>", "fmt"),
            ("<PartialEq>", "eq ne"),
            ("<PartialOrd>", "partial_cmp lt le gt ge"),
            ("<Ord>", "cmp max min clamp"),
            ("<Hash>", "hash"),
            ("<Default>", "default"),
            ("<From>", "from"),
            ("<Into>", "into"),
            ("<TryFrom>", "try_from"),
            ("<TryInto>", "try_into"),
            ("<FromStr>", "from_str"),
            ("<AsRef>", "as_ref"),
            ("<Borrow>", "borrow"),
            ("<ToOwned>", "to_owned"),
            ("<ToString>", "to_string"),
            ("<Deref>", "deref"),
            ("<Error>", "source description cause"),
            ("<Add>", "add"),
            ("<Sub>", "sub"),
            ("<Mul>", "mul"),
            ("<Div>", "div"),
            ("<Rem>", "rem"),
            ("<Neg>", "neg"),
            ("<Not>", "not"),
            ("<BitAnd>", "bitand"),
            ("<BitOr>", "bitor"),
            ("<BitXor>", "bitxor"),
            ("<Shl>", "shl"),
            ("<Shr>", "shr"),
            ("<Index>", "index"),
            // A future does what the function does that returned it, which is judged where it is called.
            ("<Future>", "poll"),
            ("<Try>", "branch from_output"),
            ("<FromResidual>", "from_residual"),
            ("<IntoFuture>", "into_future"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: STD,
        items: &[
            ("<AddAssign>", "add_assign"),
            ("<SubAssign>", "sub_assign"),
            ("<MulAssign>", "mul_assign"),
            ("<DivAssign>", "div_assign"),
            ("<RemAssign>", "rem_assign"),
            ("<BitAndAssign>", "bitand_assign"),
            ("<BitOrAssign>", "bitor_assign"),
            ("<BitXorAssign>", "bitxor_assign"),
            ("<ShlAssign>", "shl_assign"),
            ("<ShrAssign>", "shr_assign"),
            ("<DerefMut>", "deref_mut"),
            ("<IndexMut>", "index_mut"),
            ("<AsMut>", "as_mut"),
            ("<BorrowMut>", "borrow_mut"),
            ("<Extend>", "extend"),
            ("<FromIterator>", "from_iter"),
            ("mem/", "swap replace take"),
        ],
    },
    Group {
        is: Is::Looks,
        packages: STD,
        items: &[
            (
                "Option",
                "is_some is_some_and is_none is_none_or as_ref as_deref as_slice expect unwrap \
                 unwrap_or unwrap_or_else unwrap_or_default map inspect map_or map_or_else \
                 map_or_default ok_or ok_or_else iter and and_then filter or or_else xor zip unzip \
                 copied cloned transpose flatten into_iter",
            ),
            (
                "Result",
                "is_ok is_ok_and is_err is_err_and ok err as_ref as_deref map map_or map_or_else \
                 map_or_default map_err inspect inspect_err iter expect unwrap unwrap_or_default \
                 expect_err unwrap_err into_ok into_err and and_then or or_else unwrap_or \
                 unwrap_or_else copied cloned transpose flatten into_iter",
            ),
            ("Poll", "map is_ready is_pending map_ok map_err"),
            (
                "Ordering",
                "is_eq is_ne is_lt is_gt is_le is_ge reverse then then_with",
            ),
            (
                "ControlFlow",
                "is_break is_continue break_value continue_value map_break map_continue",
            ),
            ("bool", "then then_some not"),
            ("char", "*"),
            ("u8", "*"),
            ("u16", "*"),
            ("u32", "*"),
            ("u64", "*"),
            ("u128", "*"),
            ("usize", "*"),
            ("i8", "*"),
            ("i16", "*"),
            ("i32", "*"),
            ("i64", "*"),
            ("i128", "*"),
            ("isize", "*"),
            ("f32", "*"),
            ("f64", "*"),
            ("NonZero", "*"),
            ("Wrapping", "*"),
            ("Saturating", "*"),
            ("num/", "*"),
            ("cmp/", "max min max_by min_by max_by_key min_by_key minmax"),
            ("convert/", "identity"),
            ("mem/", "drop size_of size_of_val align_of discriminant"),
            ("any/", "type_name type_name_of_val"),
            ("TypeId", "of"),
            ("Any", "type_id is downcast_ref downcast"),
            ("hint/", "black_box spin_loop unreachable_unchecked"),
            (
                "iter/",
                "once once_with repeat repeat_with repeat_n empty from_fn successors zip",
            ),
            ("future/", "ready pending"),
            (
                "Pin",
                "new as_ref get_ref into_inner static_ref new_unchecked",
            ),
            ("pin/", "pin"),
            (
                "Box",
                "new pin from_raw_parts into_inner as_ref into_pin leak into_boxed_slice",
            ),
            (
                "Rc",
                "new clone ptr_eq strong_count weak_count as_ref downgrade try_unwrap unwrap_or_clone new_cyclic from",
            ),
            (
                "Arc",
                "new clone ptr_eq strong_count weak_count as_ref downgrade try_unwrap unwrap_or_clone into_inner new_cyclic from pin as_ptr",
            ),
            ("Weak", "new upgrade ptr_eq strong_count"),
            ("Cow", "is_borrowed is_owned into_owned"),
            ("Duration", "*"),
            ("Instant", "*"),
            ("SystemTime", "*"),
            ("SystemTimeError", "*"),
            ("PhantomData", "*"),
            ("Range", "*"),
            ("RangeInclusive", "*"),
            ("RangeFrom", "*"),
            ("RangeTo", "*"),
            ("Bound", "*"),
            ("RangeBounds", "*"),
            ("Reverse", "*"),
            ("Layout", "*"),
            ("panic/", "catch_unwind"),
            ("AssertUnwindSafe", "*"),
            ("Location", "*"),
            ("fmt/", "format"),
            ("Arguments", "as_str"),
            ("LazyLock", "force new"),
            ("LazyCell", "force new"),
            ("OnceLock", "new"),
            ("OnceCell", "new"),
            ("Mutex", "new into_inner"),
            ("RwLock", "new into_inner"),
            ("Condvar", "new"),
            ("PoisonError", "into_inner get_ref"),
            ("RefCell", "new into_inner"),
            ("Cell", "new into_inner"),
            ("AtomicBool", "new into_inner"),
            ("AtomicU8", "new into_inner"),
            ("AtomicU16", "new into_inner"),
            ("AtomicU32", "new into_inner"),
            ("AtomicU64", "new into_inner"),
            ("AtomicUsize", "new into_inner"),
            ("AtomicI32", "new into_inner"),
            ("AtomicI64", "new into_inner"),
            ("AtomicIsize", "new into_inner"),
            ("IpAddr", "*"),
            ("Ipv4Addr", "*"),
            ("Ipv6Addr", "*"),
            ("SocketAddr", "*"),
            ("SocketAddrV4", "*"),
            ("SocketAddrV6", "*"),
            ("AddrParseError", "*"),
            ("ParseIntError", "*"),
            ("ParseFloatError", "*"),
            ("Utf8Error", "*"),
            ("FromUtf8Error", "*"),
            ("TryFromIntError", "*"),
            ("Utf8Chunks", "*"),
            ("DefaultHasher", "new finish"),
            ("RandomState", "new build_hasher hash_one"),
            ("BuildHasher", "build_hasher hash_one"),
            ("Hasher", "finish"),
        ],
    },
    // Iterators: what they call is the closures, whose bodies are judged where they stand, and `next`
    // of the workspace's own iterators, which is judged too.
    Group {
        is: Is::Looks,
        packages: STD,
        items: &[
            (
                "Iterator",
                "size_hint count last step_by chain zip intersperse map for_each filter filter_map \
                 enumerate peekable skip_while take_while map_while skip take scan flat_map flatten \
                 fuse inspect collect collect_into partition fold reduce all any find \
                 find_map position rposition max min max_by_key max_by min_by_key min_by rev unzip \
                 copied cloned cycle array_chunks sum product cmp partial_cmp eq ne lt le gt ge \
                 is_sorted is_sorted_by is_sorted_by_key map_windows try_for_each try_fold by_ref",
            ),
            ("<ExactSizeIterator>", "len is_empty"),
            ("ExactSizeIterator", "len is_empty"),
            ("DoubleEndedIterator", "rfold rfind"),
            ("FromIterator", "from_iter"),
        ],
    },
    // Not of all of `std`: its channels' iterators take what they give.
    Group {
        is: Is::Pure,
        packages: &["core", "alloc"],
        items: &[
            ("Iterator", "next nth advance_by"),
            ("DoubleEndedIterator", "next_back nth_back"),
            ("IntoIterator", "into_iter"),
            ("<Iterator>", "next nth size_hint fold count last"),
            ("<DoubleEndedIterator>", "next_back nth_back"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["std"],
        items: &[
            ("collections/", "into_iter next size_hint from_iter extend"),
            ("path/", "into_iter next next_back"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["std"],
        items: &[("fs/", "next"), ("env/", "next")],
    },
    Group {
        is: Is::Pure,
        packages: STD,
        items: &[
            ("Extend", "extend"),
            ("Peekable", "peek peek_mut next_if next_if_eq"),
            ("iter/", "*"),
            ("Formatter", "*"),
            ("DebugStruct", "*"),
            ("DebugTuple", "*"),
            ("DebugList", "*"),
            ("DebugSet", "*"),
            ("DebugMap", "*"),
            ("Hasher", "write write_u8 write_u32 write_u64 write_usize"),
            ("Hash", "hash hash_slice"),
            ("<Hasher>", "*"),
            ("Pin", "as_mut get_mut set"),
            ("Rc", "get_mut make_mut"),
            ("Arc", "get_mut make_mut"),
            ("Cow", "to_mut"),
            ("Mutex", "get_mut"),
            ("RwLock", "get_mut"),
            ("RefCell", "get_mut"),
            ("Cell", "get_mut"),
            ("Any", "downcast_mut"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: STD,
        items: &[(
            "!",
            "format vec assert assert_eq assert_ne debug_assert debug_assert_eq debug_assert_ne \
             matches panic unreachable todo unimplemented concat stringify env option_env \
             include_str include_bytes line file column module_path cfg format_args \
             format_args_nl compile_error eprintln eprint dbg addr_of ready pin",
        )],
    },
    Group {
        is: Is::Reads,
        packages: STD,
        items: &[
            ("AtomicBool", "load"),
            ("AtomicU8", "load"),
            ("AtomicU16", "load"),
            ("AtomicU32", "load"),
            ("AtomicU64", "load"),
            ("AtomicUsize", "load"),
            ("AtomicI32", "load"),
            ("AtomicI64", "load"),
            ("AtomicIsize", "load"),
            ("RwLock", "read try_read is_poisoned"),
            ("Mutex", "is_poisoned"),
            ("RefCell", "borrow try_borrow"),
            ("Ref", "map clone leak filter_map"),
            ("Cell", "get"),
            ("OnceLock", "get"),
            ("OnceCell", "get"),
            ("LocalKey", "with try_with with_borrow get"),
            (
                "env/",
                "var var_os vars vars_os args args_os current_dir current_exe temp_dir home_dir split_paths",
            ),
            ("Args", "*"),
            ("process/", "id"),
            ("thread/", "current available_parallelism"),
            ("Thread", "id name"),
        ],
    },
    Group {
        is: Is::Locks,
        packages: &[
            "std",
            "parking_lot",
            "lock_api",
            "tokio",
            "futures-util",
            "async-lock",
        ],
        items: &[("Mutex", "lock lock_owned blocking_lock")],
    },
    Group {
        is: Is::Reads,
        packages: &["parking_lot", "lock_api", "tokio", "async-lock"],
        items: &[("RwLock", "read read_owned blocking_read")],
    },
    Group {
        is: Is::Looks,
        packages: &[
            "parking_lot",
            "lock_api",
            "tokio",
            "async-lock",
            "once_cell",
        ],
        items: &[
            ("Mutex", "new const_new into_inner"),
            ("RwLock", "new const_new into_inner"),
            ("Lazy", "new force"),
            ("OnceCell", "new const_new get initialized"),
        ],
    },
    Group {
        is: Is::Derives,
        packages: &["*"],
        items: &[(
            "<>",
            "Clone Copy Debug PartialEq Eq PartialOrd Ord Hash Default Serialize Deserialize Display \
             Error From Into AsRef Deref DerefMut FromStr TryFrom IntoIterator Add Sub Mul Div Neg Not Sum \
             EnumIter EnumString IntoStaticStr AsRefStr VariantNames VariantArray EnumCount \
             EnumDiscriminants EnumIs EnumTryAs IsVariant Unwrap TryInto Constructor Zeroize \
             Message Enumeration Oneof",
        )],
    },
    Group {
        is: Is::Builds,
        packages: &["*"],
        items: &[(
            "<>",
            "Builder TypedBuilder Getters Setters CopyGetters MutGetters WithSetters EnumIter \
             EnumString IntoStaticStr AsRefStr EnumIs EnumTryAs IsVariant Unwrap Constructor new \
             SmartDefault Educate EnumProperty EnumMessage Message",
        )],
    },
    Group {
        is: Is::Exclusive,
        packages: &["*"],
        items: &[(
            "<>",
            "Formatter Context Hasher Serializer Deserializer Parts HeaderMap",
        )],
    },
    Group {
        is: Is::Memory,
        packages: &["*"],
        items: &[("<>", "Formatter String Vec BytesMut Cursor")],
    },
    // Names that macros of the workspace may say, where no index says what is meant.
    Group {
        is: Is::Anywhere,
        packages: &["*"],
        items: &[
            (
                "<>",
                "to_string to_owned to_vec clone into as_str as_ref as_bytes is_empty len unwrap expect \
                 unwrap_or unwrap_or_default unwrap_or_else map_err ok ok_or ok_or_else iter into_iter \
                 collect as_deref is_some is_none is_ok is_err trim context with_context",
            ),
            (
                "!",
                "trace! debug! info! warn! error! event! format! vec! panic! unreachable! matches! concat! stringify! assert! \
                   assert_eq! debug_assert! format_args! bail! anyhow! ensure! json! todo! unimplemented! line! file! column!",
            ),
        ],
    },
];

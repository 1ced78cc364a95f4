//! Waiting, combining and taking apart what runs later. What is waited for is judged where it is made.

use super::super::facts::{Group, Is};

pub(super) const TABLE: &[Group] = &[
    Group {
        is: Is::Pure,
        packages: &["futures", "futures-util", "futures-core", "futures-lite"],
        items: &[
            ("FutureExt", "*"),
            (
                "TryFutureExt",
                "map_ok map_ok_or_else map_err err_into ok_into and_then or_else inspect_ok inspect_err try_flatten unwrap_or_else into_future",
            ),
            (
                "StreamExt",
                "into_future map enumerate filter filter_map then collect unzip concat count cycle fold any all \
                 flatten flat_map scan skip_while take_while take_until for_each for_each_concurrent take \
                 skip fuse by_ref catch_unwind boxed boxed_local buffered buffer_unordered zip chain \
                 peekable chunks ready_chunks inspect",
            ),
            (
                "TryStreamExt",
                "err_into map_ok map_err and_then or_else inspect_ok inspect_err into_stream \
                 try_for_each try_skip_while try_take_while try_for_each_concurrent try_collect \
                 try_chunks try_filter try_filter_map try_flatten try_fold try_concat \
                 try_buffer_unordered try_buffered try_all try_any",
            ),
            ("future/", "*"),
            (
                "stream/",
                "iter once empty unfold try_unfold repeat_with select select_all poll_fn FuturesUnordered",
            ),
            ("FuturesUnordered", "new push len is_empty from_iter"),
            ("FuturesOrdered", "new push_back len is_empty"),
            ("!", "join try_join select ready pin_mut stream_select"),
        ],
    },
    // The next of a stream is used up: a read only of a stream that the function made.
    Group {
        is: Is::ReadsOwn,
        packages: &[
            "futures",
            "futures-util",
            "futures-core",
            "futures-lite",
            "tokio-stream",
        ],
        items: &[
            ("StreamExt", "next select_next_some"),
            ("TryStreamExt", "try_next"),
            ("Stream", "poll_next"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["tokio-stream"],
        items: &[
            (
                "StreamExt",
                "map map_while then filter filter_map take take_while skip skip_while all any \
                 fold collect chunks_timeout timeout throttle merge chain",
            ),
            ("", "iter once empty"),
            ("*", "iter once empty"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["tokio", "async-std", "smol"],
        items: &[
            (
                "time/",
                "sleep sleep_until timeout timeout_at interval interval_at error",
            ),
            ("Instant", "*"),
            ("Interval", "tick period reset set_missed_tick_behavior"),
            ("Sleep", "deadline is_elapsed"),
            ("task/", "yield_now spawn_blocking block_in_place"),
            ("blocking/", "spawn_blocking"),
            ("JoinError", "*"),
            ("Handle", "current try_current"),
            ("!", "join try_join select pin"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["tokio"],
        items: &[
            ("Receiver", "borrow has_changed is_empty len is_closed"),
            (
                "Sender",
                "borrow is_closed receiver_count capacity max_capacity subscribe",
            ),
            ("Semaphore", "available_permits is_closed"),
            ("CancellationToken", "is_cancelled"),
            ("Ref", "has_changed"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["tokio-util"],
        items: &[("CancellationToken", "is_cancelled child_token")],
    },
    Group {
        is: Is::Pure,
        packages: &[
            "async-trait",
            "pin-project",
            "pin-project-lite",
            "pin-utils",
            "async-stream",
            "async-recursion",
            "cfg-if",
            "futures-macro",
            "tokio-macros",
        ],
        items: &[("!", "*")],
    },
];

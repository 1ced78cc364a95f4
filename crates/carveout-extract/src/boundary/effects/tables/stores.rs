//! Stores and caches: what only looks.

use super::super::facts::{Group, Is};

pub(super) const TABLE: &[Group] = &[
    Group {
        is: Is::Reads,
        packages: &["redis", "deadpool-redis", "bb8-redis", "fred"],
        items: &[
            (
                "Commands",
                "get mget keys exists key_type ttl pttl strlen getrange getbit bitcount hget hmget \
                 hexists hkeys hvals hgetall hlen hstrlen lindex llen lrange lpos scard sismember smismember \
                 smembers srandmember sdiff sinter sunion zcard zcount zlexcount zrange \
                 zrange_withscores zrangebyscore zrangebyscore_withscores zrangebyscore_limit zrank \
                 zrevrange zrevrange_withscores zrevrangebyscore zrevrank zscore zscore_multiple xlen \
                 xrange xrange_all xrevrange xinfo_stream xinfo_groups xpending geo_dist geo_pos scan \
                 scan_match hscan sscan zscan object_encoding expire_time",
            ),
            (
                "AsyncCommands",
                "get mget keys exists key_type ttl pttl strlen getrange getbit bitcount hget hmget \
                 hexists hkeys hvals hgetall hlen hstrlen lindex llen lrange lpos scard sismember smismember \
                 smembers srandmember sdiff sinter sunion zcard zcount zlexcount zrange \
                 zrange_withscores zrangebyscore zrangebyscore_withscores zrangebyscore_limit zrank \
                 zrevrange zrevrange_withscores zrevrangebyscore zrevrank zscore zscore_multiple xlen \
                 xrange xrange_all xrevrange xinfo_stream xinfo_groups xpending geo_dist geo_pos scan \
                 scan_match hscan sscan zscan object_encoding expire_time",
            ),
            (
                "Client",
                "get_multiplexed_async_connection get_async_connection get_connection get_multiplexed_tokio_connection",
            ),
            ("Pool", "get"),
            ("AsyncIter", "next_item"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["redis"],
        items: &[
            ("Client", "open"),
            ("Cmd", "arg new"),
            ("FromRedisValue", "*"),
            ("<FromRedisValue>", "*"),
            ("ToRedisArgs", "*"),
            ("RedisError", "*"),
            ("Value", "*"),
        ],
    },
    Group {
        is: Is::Command,
        packages: &["redis"],
        items: &[("*", "cmd")],
    },
    // `cmd` says what is run.
    Group {
        is: Is::RunsOwn,
        packages: &["redis"],
        items: &[("Cmd", "query query_async")],
    },
    Group {
        is: Is::CommandReads,
        packages: &["redis"],
        items: &[(
            "<>",
            "GET MGET EXISTS TYPE TTL PTTL STRLEN GETRANGE GETBIT BITCOUNT KEYS SCAN DBSIZE HGET \
             HMGET HEXISTS HKEYS HVALS HGETALL HLEN HSTRLEN HSCAN LINDEX LLEN LRANGE LPOS SCARD \
             SISMEMBER SMISMEMBER SMEMBERS SRANDMEMBER SSCAN ZCARD ZCOUNT ZRANGE ZRANGEBYSCORE ZRANK \
             ZREVRANGE ZREVRANGEBYSCORE ZREVRANK ZSCORE ZMSCORE ZSCAN XLEN XRANGE XREVRANGE XINFO \
             XPENDING GEODIST GEOPOS PING INFO TIME ECHO MEMORY OBJECT",
        )],
    },
    Group {
        is: Is::Reads,
        packages: &["mongodb"],
        items: &[
            (
                "Collection",
                "find find_one count_documents estimated_document_count distinct name namespace \
                 list_indexes list_index_names clone_with_type with_options",
            ),
            (
                "Database",
                "collection collection_with_options name list_collections list_collection_names client",
            ),
            (
                "Client",
                "database default_database list_databases list_database_names",
            ),
            ("Find", "*"),
            ("FindOne", "*"),
            ("CountDocuments", "*"),
            ("EstimatedDocumentCount", "*"),
            ("Distinct", "*"),
            ("Cursor", "current deserialize_current advance try_next"),
            ("ListCollections", "*"),
            ("ListDatabases", "*"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["bson"],
        items: &[("*", "*"), ("!", "*")],
    },
    Group {
        is: Is::Pure,
        packages: &["mongodb"],
        items: &[
            ("bson/", "*"),
            ("!", "doc bson"),
            ("error/", "*"),
            ("Error", "*"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["object_store", "opendal", "opendal-core"],
        items: &[
            (
                "ObjectStore",
                "get get_opts get_range get_ranges head list list_with_offset list_with_delimiter",
            ),
            ("ObjectStoreExt", "get get_range head"),
            ("GetResult", "bytes into_stream"),
            (
                "Operator",
                "read read_with stat stat_with exists is_exist list list_with reader info",
            ),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["object_store", "opendal", "opendal-core"],
        items: &[
            ("Path", "*"),
            ("path/", "*"),
            ("Error", "*"),
            ("Metadata", "*"),
            ("PutPayload", "from_bytes from_static new"),
            ("Buffer", "*"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["aws-sdk-s3"],
        items: &[
            (
                "Client",
                "get_object head_object list_objects list_objects_v2 head_bucket list_buckets get_object_attributes get_object_tagging",
            ),
            ("GetObjectFluentBuilder", "*"),
            ("HeadObjectFluentBuilder", "*"),
            ("ListObjectsV2FluentBuilder", "*"),
            ("ListObjectsFluentBuilder", "*"),
            ("GetObjectOutput", "*"),
            ("HeadObjectOutput", "*"),
            ("ListObjectsV2Output", "*"),
        ],
    },
    // Caches in memory: looking one up.
    Group {
        is: Is::Reads,
        packages: &["dashmap"],
        items: &[
            ("DashMap", "get contains_key len is_empty iter view"),
            ("DashSet", "get contains len is_empty iter"),
            ("Ref", "key value pair map"),
            ("RefMulti", "key value pair"),
        ],
    },
    Group {
        is: Is::Looks,
        packages: &["dashmap", "moka", "arc-swap", "lru"],
        items: &[
            ("DashMap", "new with_capacity"),
            ("DashSet", "new"),
            ("ArcSwapAny", "new from_pointee"),
            ("LruCache", "new peek contains len is_empty"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["moka", "mini-moka", "quick_cache", "arc-swap"],
        items: &[
            (
                "Cache",
                "get contains_key entry_count weighted_size iter name peek len",
            ),
            ("ArcSwapAny", "load load_full"),
            ("Guard", "*"),
        ],
    },
    Group {
        is: Is::Reads,
        packages: &["rdkafka"],
        items: &[
            (
                "Consumer",
                "fetch_metadata fetch_watermarks fetch_group_list subscription assignment position committed committed_offsets",
            ),
            (
                "<Consumer>",
                "fetch_metadata fetch_watermarks fetch_group_list subscription assignment position committed",
            ),
            ("Client", "fetch_metadata fetch_watermarks fetch_group_list"),
            ("Producer", "in_flight_count"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["rdkafka"],
        items: &[
            ("Metadata", "*"),
            ("MetadataBroker", "*"),
            ("MetadataTopic", "*"),
            ("MetadataPartition", "*"),
            ("FutureRecord", "*"),
            ("BaseRecord", "*"),
            ("OwnedHeaders", "*"),
            ("Header", "*"),
            (
                "Message",
                "key payload topic partition offset timestamp headers payload_view key_view detach",
            ),
            (
                "<Message>",
                "key payload topic partition offset timestamp headers",
            ),
            ("TopicPartitionList", "*"),
            ("Timeout", "*"),
            ("KafkaError", "*"),
            ("ClientConfig", "new set get remove set_log_level"),
        ],
    },
    Group {
        is: Is::Pure,
        packages: &["lettre"],
        items: &[
            ("message/", "*"),
            ("address/", "*"),
            ("Address", "*"),
            ("Envelope", "*"),
            ("Error", "*"),
            ("Credentials", "new"),
        ],
    },
];

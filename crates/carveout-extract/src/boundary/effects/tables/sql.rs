//! SQL: functions of databases that only read. Any other function may be one of the
//! database's owner, and do anything.

use super::super::facts::{Group, Is};

pub(super) const TABLE: &[Group] = &[Group {
    is: Is::SqlReads,
    packages: &["sql"],
    items: &[
        (
            "<>",
            "count sum avg min max total group_concat string_agg array_agg json_agg jsonb_agg \
             json_object_agg jsonb_object_agg bool_and bool_or every bit_and bit_or stddev stddev_pop \
             stddev_samp variance var_pop var_samp corr covar_pop mode percentile_cont \
             percentile_disc any_value",
        ),
        (
            "<>",
            "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value \
             last_value nth_value grouping",
        ),
        (
            "<>",
            "coalesce nullif greatest least ifnull isnull iif if case nvl cast convert try_cast typeof \
             pg_typeof",
        ),
        (
            "<>",
            "lower upper length char_length character_length octet_length trim ltrim rtrim btrim \
             substr substring left right lpad rpad replace reverse repeat concat concat_ws instr \
             position strpos split_part initcap translate ascii chr char unicode hex unhex md5 sha1 sha2 \
             sha256 sha512 encode decode format printf quote quote_ident quote_literal quote_nullable \
             regexp_replace regexp_match regexp_matches regexp_split_to_array regexp_split_to_table \
             string_to_array array_to_string starts_with like glob soundex overlay to_hex \
             unaccent similarity word_similarity levenshtein find_in_set field elt",
        ),
        (
            "<>",
            "abs ceil ceiling floor round trunc truncate mod power pow sqrt exp ln log log2 log10 \
             sign random rand pi sin cos tan asin acos atan atan2 degrees radians div width_bucket",
        ),
        (
            "<>",
            "now current_timestamp current_date current_time localtime localtimestamp date time \
             datetime julianday strftime unixepoch timediff date_trunc date_part extract age to_char \
             to_date to_timestamp make_date make_interval make_timestamp clock_timestamp \
             statement_timestamp transaction_timestamp timeofday utc_timestamp unix_timestamp \
             from_unixtime date_add date_sub datediff timestampdiff date_format year month day hour \
             minute second week weekday dayofweek dayofyear quarter interval justify_interval \
             curdate curtime timezone date_bin isfinite",
        ),
        (
            "<>",
            "json json_extract jsonb_extract json_extract_path json_extract_path_text jsonb_extract_path \
             jsonb_extract_path_text json_array json_object json_build_object jsonb_build_object json_build_array \
             jsonb_build_array json_array_length jsonb_array_length json_each jsonb_each json_each_text jsonb_each_text json_tree \
             json_array_elements jsonb_array_elements json_array_elements_text \
             jsonb_array_elements_text json_object_keys jsonb_object_keys json_type json_typeof \
             jsonb_typeof json_valid json_quote json_group_array json_group_object json_unquote json_contains \
             json_set jsonb_set json_remove json_insert json_patch jsonb_insert jsonb_strip_nulls jsonb_path_query \
             jsonb_path_exists jsonb_pretty row_to_json to_json to_jsonb jsonb_populate_record \
             json_to_recordset jsonb_to_recordset",
        ),
        (
            "<>",
            "array array_length array_position array_positions array_append array_prepend array_cat \
             array_remove array_replace array_upper array_lower array_ndims cardinality unnest any \
             all some exists generate_series generate_subscripts row values range lower_inc upper_inc isempty \
             daterange tstzrange int4range int8range numrange",
        ),
        (
            "<>",
            "to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank \
             ts_rank_cd ts_headline setweight match bm25 highlight snippet fts5 ",
        ),
        (
            "<>",
            "st_distance st_dwithin st_contains st_within st_intersects st_makepoint st_setsrid st_x \
             st_y st_asgeojson st_geomfromtext st_area st_length st_transform st_point",
        ),
        (
            "<>",
            "gen_random_uuid uuid_generate_v4 uuid randomblob zeroblob version current_database \
             current_schema current_user session_user database schema user pg_relation_size \
             pg_total_relation_size pg_table_size pg_database_size pg_size_pretty pg_indexes_size pg_get_constraintdef pg_get_indexdef \
             obj_description col_description to_regclass has_table_privilege inet_server_addr host network family \
             last_insert_rowid changes total_changes last_insert_id found_rows row_count currval lastval \
             sqlite_version pg_backend_pid pg_is_in_recovery txid_current_snapshot",
        ),
    ],
}];

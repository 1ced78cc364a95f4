use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

use crate::contract::Header;

/// All of `metadata`, as the suite describes it; binary values stay encoded.
pub fn headers_of(metadata: &MetadataMap) -> Vec<Header> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in metadata.clone().into_headers().iter() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.to_string()).or_default().push(value);
    }
    let header = |(name, value)| Header { name, value };
    headers.into_iter().map(header).collect()
}

/// Adds what the suite describes to `metadata`; binary values come encoded.
pub fn insert(metadata: &mut MetadataMap, headers: &[Header]) {
    let mut map: HeaderMap = std::mem::take(metadata).into_headers();
    for Header {
        name,
        value: values,
    } in headers
    {
        for value in values {
            let name = HeaderName::try_from(name).expect("the suite sends valid names");
            let value = HeaderValue::try_from(value).expect("the suite sends valid values");
            map.append(name, value);
        }
    }
    *metadata = MetadataMap::from_headers(map);
}

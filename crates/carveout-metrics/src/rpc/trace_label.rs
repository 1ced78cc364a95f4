use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use std::fmt;

/// The only label of an exemplar. It becomes text when it is scraped: most are replaced before that
/// by the exemplar of a later call.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceLabel(pub(super) u128);

impl EncodeLabelSet for TraceLabel {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        ("trace_id", format!("{:032x}", self.0)).encode(encoder.encode_label())
    }
}

//! RED metrics of RPCs: rate, errors, duration.

mod call;
mod code;
mod families;
mod fault;
mod methods;
mod series;
mod trace_label;

pub use call::Call;
pub(crate) use families::{Families, Side};
pub use fault::Fault;
pub use methods::{OTHER, RpcMetrics};
pub use series::RPC_BUCKETS_SECONDS;

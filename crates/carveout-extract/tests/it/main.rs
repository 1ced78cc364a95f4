//! What the users of `carveout-extract` see of it: analysis on small workspaces with committed
//! indexes, how a report is written, and the ratchet.

mod approximate;
mod effect_fixtures;
mod effects;
mod ground_truth;
mod handles;
mod hostile;
mod indexer;
mod indexer_real;
mod indexer_support;
mod languages;
mod mapping;
mod output;
mod published;
mod ratchet;
mod stale;
mod support;
mod traps;

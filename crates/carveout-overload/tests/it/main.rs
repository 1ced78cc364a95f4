//! Blocking work, a quiet service, and admission against modelled servers, by a clock that the
//! simulation moves: the same seed is the same run.

mod blocking;
mod model;
mod quiet;
mod run;
mod scenarios;

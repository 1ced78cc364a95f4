//! Blocking work, a quiet service, and admission against modelled servers, by a clock that the
//! simulation moves: the same seed is the same run. And as a layer of real servers, over TCP.

mod axum;
mod blocking;
mod cancellation;
mod hyper;
mod model;
mod quiet;
mod run;
mod scenarios;
mod served;
mod waiting;

//! The server and the client against each other, over real sockets, with handlers that misbehave on
//! purpose.

mod abuse;
mod access;
mod cancelled_upload;
mod compression;
mod connections;
mod control;
mod deadline;
mod descriptors;
mod errors;
mod frames;
mod generated;
mod health;
mod invalid_requests;
mod keepalive;
mod message_size;
mod not_grpc;
mod overload;
mod quota;
mod raw_call;
mod slow;
mod stop;
mod support;
mod trace;
mod upload;

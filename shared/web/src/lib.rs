//! What every function needs around its rule.
//!
//! An [`endpoint::Endpoint`] says what it is and what it does; everything else, from parsing to the answer, from
//! authentication to OpenAPI, follows from that and lies here.

pub mod app;
pub mod bus;
pub mod call;
pub mod caller;
pub mod config;
pub mod consumer;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod function;
mod http;
pub mod lambda;
pub mod line;
pub mod log;
pub mod openapi;
pub mod page;
pub mod password;
pub mod pay;
pub mod push;
pub mod queue;
pub mod request;
pub mod takings;
pub mod token;
pub mod warehouse;

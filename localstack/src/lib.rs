//! The whole game in one process: table, functions, gateways, stream, queues. What runs here are the functions that Lambda
//! runs, invoked with the same events.

pub mod data;
pub mod gateway;
pub mod invocation;
pub mod lambda;
pub mod poller;
pub mod queue;
pub mod replay;
pub mod seed;
pub mod sockets;
pub mod sqs;
pub mod stack;
pub mod stream;
pub mod table;

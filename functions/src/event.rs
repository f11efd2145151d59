//! Functions about events: what happened is told outside.

mod publish;

pub use publish::Publish;

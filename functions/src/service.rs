//! Functions about the service itself.

mod health;
mod not_found;
mod openapi;

pub use health::Health;
pub use not_found::NotFound;
pub use openapi::OpenApi;

//! Whether the table of functions, the template, the example events, the documents and the executable agree.

mod alarms;
mod analytics;
mod bootstrap;
mod documents;
mod events;
mod examples;
mod gateways;
mod habits;
mod keeping;
mod limits;
mod parameters;
mod published;
mod roles;
mod template;

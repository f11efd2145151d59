//! Whether the table of functions, the template, the example events, the documents and the executable agree.

mod bootstrap;
mod documents;
mod events;
mod examples;
mod habits;
mod published;
mod template;

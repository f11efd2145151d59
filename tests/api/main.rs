//! What a player gets, endpoint by endpoint, on the embedded stack; every test ends with an audit of the whole table.

mod accounts;
mod admin;
mod analytics;
mod audit;
mod bad_input;
mod callers;
mod dead_letters;
mod events;
mod exactly_once;
mod fairness;
mod gacha;
mod games;
mod gateway;
mod history;
mod kafka;
mod laptop;
mod lines;
mod live;
mod load;
mod profile;
mod ranks;
mod rewards;
mod sessions;
mod shop;
mod stats;

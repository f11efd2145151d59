use std::collections::{BTreeMap, VecDeque};

use croupier_rules::id::PlayerId;
use croupier_store::key::{Beginning, DEEDS, ENTRIES, LOGINS};
use croupier_web::{
    app::App,
    bus::{Letter, Sent},
    config::Need,
    consumer::{FailedRecord, StreamConsumer},
    error::Failure,
    event::{StreamChange, StreamRecord},
};
use serde_json::json;

/// Puts an event for each new entry of a ledger, each login and each deed of an operator into the queue, those of one player in their
/// order. Of each player one is on its way at a time: none goes out before the queue has the one before it.
pub struct Publish;

/// What is still to be sent of one player, and where in the stream it comes from.
type Waiting = VecDeque<(StreamChange, Letter)>;

impl StreamConsumer for Publish {
    const NAME: &'static str = "publish";
    const TAKES: &'static [Beginning] = &[ENTRIES, LOGINS, DEEDS];
    const NEEDS: &'static [Need] = &[Need::Queue];

    async fn consume(app: &App, batch: Vec<StreamRecord>) -> Vec<FailedRecord> {
        let (mut players, mut failed) = (BTreeMap::<PlayerId, Waiting>::new(), Vec::new());
        for record in batch {
            let StreamChange { sequence_number, keys, .. } = &record.dynamodb;
            let (sequence_number, keys) = (sequence_number.clone(), keys.clone());
            let origin = StreamChange { sequence_number, keys, new_image: Default::default() };
            match letter(record) {
                Ok((player, letter)) => players.entry(player).or_default().push_back((origin, letter)),
                Err(cause) => failed.extend(put_aside(app, origin, &cause).await.err()),
            }
        }
        while !players.is_empty() {
            let first = |(player, waiting): (&PlayerId, &mut Waiting)| Some((*player, waiting.pop_front()?));
            let next: Vec<_> = players.iter_mut().filter_map(first).collect();
            players.retain(|_, waiting| !waiting.is_empty());
            let letters: Vec<_> = next.iter().map(|(_, (_, letter))| letter).collect();
            let sent = match app.bus() {
                Ok(bus) => bus.send(&letters).await,
                Err(failure) => vec![Sent::NotNow(failure.told().to_owned()); letters.len()],
            };
            for ((player, (origin, _)), sent) in next.into_iter().zip(sent) {
                let result = match sent {
                    Sent::Taken => Ok(()),
                    Sent::NotNow(cause) => Err(FailedRecord { sequence_number: origin.sequence_number, cause }),
                    Sent::Never(cause) => put_aside(app, origin, &cause).await,
                };
                if let Err(first) = result {
                    // What comes after it is sent again with it, and does not overtake it.
                    let later = players.remove(&player).into_iter().flatten();
                    let places = later.map(|(origin, _)| origin.sequence_number).collect();
                    failed.extend(FailedRecord::each(places, &Failure::internal(&first.cause)));
                    failed.push(first);
                }
            }
        }
        failed
    }
}

fn letter(record: StreamRecord) -> Result<(PlayerId, Letter), String> {
    let event = record.event()?;
    let letter = Letter::of(&event).map_err(|error| error.to_string())?;
    Ok((event.envelope.player_id, letter))
}

/// No try would make an event of it: it is kept for an operator, with the reason, and holds up nobody.
async fn put_aside(app: &App, origin: StreamChange, cause: &str) -> Result<(), FailedRecord> {
    let StreamChange { sequence_number, keys, .. } = origin;
    tracing::error!(function = Publish::NAME, sequence_number, cause, "a record makes no event");
    let what = json!({ "sequence_number": sequence_number, "keys": keys, "cause": cause });
    let kept = match app.bus() {
        Ok(bus) => bus.put_aside(&what).await,
        Err(failure) => Err(failure.told().to_owned()),
    };
    kept.map_err(|cause| FailedRecord { sequence_number, cause })
}

use std::{collections::BTreeMap, time::Duration};

use croupier_rules::id::PlayerId;
use croupier_store::item::Connection;
use croupier_web::{
    app::App,
    config::Need,
    consumer::{FailedRecord, StreamConsumer},
    error::Failure,
    event::StreamRecord,
    push::Posted,
};
use futures_util::future::join_all;

use super::message::Message;

/// Tells players on their open sockets what has happened to them.
pub struct Push;

/// The news of one player in one batch.
#[derive(Default)]
struct News {
    messages: Vec<Message>,
    places: Vec<String>,
}

impl StreamConsumer for Push {
    const NAME: &'static str = "push";
    const NEEDS: &'static [Need] = &[Need::Table, Need::Sockets];

    async fn consume(app: &App, batch: Vec<StreamRecord>) -> Vec<FailedRecord> {
        let mut failed = Vec::new();
        let mut players: BTreeMap<PlayerId, News> = BTreeMap::new();
        for record in batch {
            match record.entry() {
                Ok((place, entry)) => {
                    let news = players.entry(entry.player).or_default();
                    news.messages.extend(Message::of(&entry));
                    news.places.push(place);
                }
                Err(unreadable) => failed.push(unreadable),
            }
        }
        let told = players.into_iter().map(async |(player, news)| {
            let failure = tell(app, player, &news.messages).await.err()?;
            Some(FailedRecord::each(news.places, failure.told()))
        });
        failed.extend(join_all(told).await.into_iter().flatten().flatten());
        failed
    }
}

/// Sends all of a player's news as one message to each of the player's sockets, and forgets those that are gone.
async fn tell(app: &App, player: PlayerId, messages: &[Message]) -> Result<(), Failure> {
    let text = match messages {
        [] => return Ok(()),
        [message] => serde_json::to_string(message),
        several => serde_json::to_string(several),
    }
    .map_err(Failure::internal)?;
    let store = app.store()?;
    let (sockets, over) = store.listeners(player).await?;
    for socket in over {
        store.close_socket(&socket.connection).await?;
    }
    // One that fails takes nothing from the others, and is tried again with the record.
    let told = join_all(sockets.iter().map(|socket| post(app, socket, &text))).await;
    told.into_iter().collect()
}

/// A gateway says of a socket that it is gone as long as its client is still being let in, which takes half a minute at most.
const LETTING_IN: Duration = Duration::from_secs(30);

async fn post(app: &App, socket: &Connection, text: &str) -> Result<(), Failure> {
    match app.sockets()?.post(&socket.connection, text).await {
        Ok(Posted::Taken) => Ok(()),
        Ok(Posted::Gone) if app.clock.now().since(socket.opened_at) < LETTING_IN => Ok(()),
        Ok(Posted::Gone) => Ok(app.store()?.close_socket(&socket.connection).await?),
        Err(cause) => Err(Failure::internal(cause)),
    }
}

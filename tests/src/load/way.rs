//! The way from a client to the game: it may be long, and what is sent may get lost.

use std::{sync::Arc, time::Duration};

use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::figures::{Figures, Heard, is_told};
use crate::seat::{Answer, Site};

/// How often a client asks while it plays.
pub const TRIES: u32 = 6;
/// How often it asks when there is nothing else to do.
pub const LAST_TRIES: u32 = 20;
/// How long it waits before it asks again, the first time; then twice as long, up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So much of an answer is shown.
const SHOWN: usize = 300;

/// The way to the game.
#[derive(Debug, Clone)]
pub struct Way {
    /// Where it is.
    pub site: Site,
    /// Where it is counted what passes.
    pub figures: Arc<Figures>,
    /// How long a request may take.
    pub patience: Duration,
}

impl Way {
    /// Sends a request, once.
    pub async fn send(&self, request: RequestBuilder) -> Heard {
        let heard = Answer::heard(request.timeout(self.patience)).await;
        self.figures.hear(&heard);
        heard
    }

    /// Asks until an answer says what became of it; nothing, if none does. It counts as a function's time since then.
    pub async fn insist(
        &self,
        function: &'static str,
        since: Instant,
        tries: u32,
        request: impl Fn() -> RequestBuilder,
    ) -> Option<Answer> {
        let mut told = None;
        for tried in 0..tries {
            let heard = self.send(request()).await.ok();
            told = heard.clone().filter(|answer| is_told(answer.status));
            if told.is_some() || tried + 1 == tries {
                break;
            }
            let seconds = heard.as_ref().and_then(|answer| answer.header("retry-after")?.parse().ok());
            let pause = seconds.map_or(PAUSE * 2_u32.pow(tried), Duration::from_secs);
            sleep(pause.min(LONGEST_PAUSE)).await;
            self.figures.counts().retries += 1;
        }
        self.figures.took(function, since.elapsed());
        told
    }
}

/// What an answer says, if there is one and all went well; else what there is, in words.
pub fn read<T: DeserializeOwned>(answer: Option<&Answer>) -> Result<T, String> {
    let told = answer.filter(|answer| answer.status == 200).and_then(|answer| serde_json::from_str(&answer.body).ok());
    told.ok_or_else(|| answer.map_or_else(|| "nothing that says what became of it".to_owned(), shown))
}

/// An answer in words. One that all went well may hold secrets: it is not shown.
pub fn shown(answer: &Answer) -> String {
    let body: String = answer.body.chars().take(SHOWN).collect();
    if answer.status == 200 {
        "200 and what cannot be understood".to_owned()
    } else {
        format!("{} {body}", answer.status)
    }
}

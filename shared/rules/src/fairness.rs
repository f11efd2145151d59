//! Provably fair randomness.
//!
//! A player's server seed of epoch *e* is `HMAC-SHA256(master key, player id ‖ ":" ‖ e)`: nothing secret is stored,
//! its SHA-256 is shown before the first draw of the epoch, and rotation makes it public. Block *b* of a round's
//! stream is `HMAC-SHA256(server seed, client seed ‖ ":" ‖ nonce ‖ ":" ‖ b)`, read as four big-endian 64-bit numbers.
//! A number below *n* is the first that lies under the largest multiple of *n*, modulo *n*: no bias, no floats.

use std::{fmt, num::NonZeroU64};

use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Refusal,
    id::PlayerId,
    ledger::{Action, Decision},
    money::Postings,
    name::ClientSeed,
    player::Player,
    round::Round,
};

const SEED_BYTES: usize = 32;

/// The secret from which every server seed is derived.
pub struct MasterKey([u8; SEED_BYTES]);

impl MasterKey {
    /// A key from the text of a secret: 64 hexadecimal digits stand for themselves, any other text of at least 32
    /// characters for its SHA-256. `None` for a shorter text.
    pub fn from_secret(text: &str) -> Option<Self> {
        let mut key = [0; SEED_BYTES];
        if hex::decode_to_slice(text, &mut key).is_ok() {
            return Some(Self(key));
        }
        (text.len() >= SEED_BYTES).then(|| Self(Sha256::digest(text).into()))
    }

    /// The server seed of a player's epoch.
    pub fn server_seed(&self, player: PlayerId, epoch: u32) -> ServerSeed {
        ServerSeed(hmac(&self.0, format_args!("{player}:{epoch}")))
    }
}

/// What the server contributes to the randomness of one epoch: secret until the epoch is over.
#[derive(Clone)]
pub struct ServerSeed([u8; SEED_BYTES]);

impl ServerSeed {
    /// The seed in hexadecimal, for an epoch that is over.
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }

    /// A seed that was revealed.
    pub fn revealed(text: &str) -> Option<Self> {
        let mut seed = [0; SEED_BYTES];
        hex::decode_to_slice(text, &mut seed).ok().map(|()| Self(seed))
    }

    /// SHA-256 of the seed in hexadecimal: shown beforehand, binding.
    pub fn commitment(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }

    /// The random stream of one round.
    pub fn stream(&self, draw: &Draw) -> Stream {
        Stream { seed: self.clone(), draw: draw.clone(), block: 0, words: [0; WORDS], next: WORDS }
    }
}

fn hmac(key: &[u8], message: fmt::Arguments<'_>) -> [u8; SEED_BYTES] {
    // A key of 32 bytes is within what HMAC takes, so the fallback is never used; it is not worth a panic either.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; SEED_BYTES] };
    mac.chain_update(message.to_string()).finalize().into_bytes().into()
}

/// Where a round stands in its player's randomness; with the server seed of the epoch it determines every draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draw {
    /// The epoch of the server seed.
    pub epoch: u32,
    /// Rounds played in this epoch before this one.
    pub nonce: u64,
    /// What the player contributes.
    pub client_seed: ClientSeed,
}

const WORDS: usize = 4;

/// The random numbers of one round, in order.
pub struct Stream {
    seed: ServerSeed,
    draw: Draw,
    block: u64,
    words: [u64; WORDS],
    next: usize,
}

impl Stream {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        if self.next == WORDS {
            let Draw { client_seed, nonce, .. } = &self.draw;
            let block = hmac(&self.seed.0, format_args!("{client_seed}:{nonce}:{}", self.block));
            for (word, bytes) in self.words.iter_mut().zip(block.as_chunks().0) {
                *word = u64::from_be_bytes(*bytes);
            }
            self.block += 1;
            self.next = 0;
        }
        self.next += 1;
        self.words[self.next - 1]
    }

    /// A number below `bound`, each as likely as any other.
    pub fn below(&mut self, bound: NonZeroU64) -> u64 {
        let unbiased = u64::MAX - (u64::MAX % bound + 1) % bound;
        loop {
            let bits = self.bits();
            if bits <= unbiased {
                return bits % bound;
            }
        }
    }

    /// The index of one of the weights, each as likely as its share.
    pub fn pick(&mut self, weights: &Weights) -> usize {
        let mut ticket = self.below(weights.total);
        let passed = weights.each.iter().take_while(|weight| {
            let rest = ticket.checked_sub(u64::from(**weight));
            ticket = rest.unwrap_or(ticket);
            rest.is_some()
        });
        passed.count()
    }
}

/// How likely each of several outcomes is: integer shares of an integer total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    each: Vec<u32>,
    total: NonZeroU64,
}

impl Weights {
    /// `None` when nothing has a weight.
    pub fn new(each: Vec<u32>) -> Option<Self> {
        let total = NonZeroU64::new(each.iter().copied().map(u64::from).sum())?;
        Some(Self { each, total })
    }

    /// The weight of each outcome.
    pub fn each(&self) -> &[u32] {
        &self.each
    }

    /// The sum of the weights.
    pub fn total(&self) -> u64 {
        self.total.get()
    }
}

/// What a player may know of the coming rounds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Commitment {
    /// SHA-256 of the server seed in force.
    pub server_seed_hash: String,
    /// Which server seed is in force.
    pub epoch: u32,
    /// What the player contributes.
    pub client_seed: ClientSeed,
    /// The number that the next round will use.
    pub nonce: u64,
}

impl Commitment {
    /// The promise made to a player before the round of this draw.
    pub fn to(player: PlayerId, draw: &Draw, master: &MasterKey) -> Self {
        Self::under(&master.server_seed(player, draw.epoch), draw)
    }

    /// The same, where the server seed of the draw's epoch is at hand.
    pub fn under(seed: &ServerSeed, draw: &Draw) -> Self {
        let Draw { epoch, nonce, client_seed } = draw.clone();
        Self { server_seed_hash: seed.commitment(), epoch, client_seed, nonce }
    }
}

/// What is promised for the coming round, and for the epoch after a rotation: who rotates chooses a client seed when the next
/// server seed is fixed already.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// The promise in force.
    #[serde(flatten)]
    pub current: Commitment,
    /// SHA-256 of the server seed that the next rotation brings.
    pub next_server_seed_hash: String,
}

impl Outlook {
    /// What a player may know beforehand.
    pub fn of(player: &Player, master: &MasterKey) -> Self {
        let next = master.server_seed(player.id, player.draw.epoch + 1);
        Self { current: Commitment::to(player.id, &player.draw, master), next_server_seed_hash: next.commitment() }
    }
}

/// The answer to a rotation: the old seed in the open, the new one promised.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Rotation {
    /// The server seed of the epoch that ended, in hexadecimal.
    pub revealed_server_seed: String,
    /// Its SHA-256, as it was shown beforehand.
    pub revealed_server_seed_hash: String,
    /// The epoch that ended.
    pub revealed_epoch: u32,
    /// The epoch that begins.
    #[serde(flatten)]
    pub next: Commitment,
    /// The number of this change in the player's ledger.
    pub sequence: u64,
}

/// Ends the player's epoch: reveals its server seed and promises a new one.
///
/// # Errors
/// None of its own; the player's ledger may refuse.
pub fn rotate(
    player: &Player,
    client_seed: Option<ClientSeed>,
    round: &Round<'_>,
) -> Result<Decision<Rotation>, Refusal> {
    let ended = player.draw.epoch;
    let seed = round.master.server_seed(player.id, ended);
    let mut next = player.clone();
    next.draw = Draw {
        epoch: ended + 1,
        nonce: 0,
        client_seed: client_seed.unwrap_or_else(|| player.draw.client_seed.clone()),
    };
    let action = Action::FairnessRotate { epoch: next.draw.epoch, client_seed: next.draw.client_seed.clone() };
    next.after(round.now, action, Postings::NONE)?.decide(|player, entry| Rotation {
        revealed_server_seed: seed.reveal(),
        revealed_server_seed_hash: seed.commitment(),
        revealed_epoch: ended,
        next: Commitment::to(player.id, &player.draw, round.master),
        sequence: entry.number,
    })
}

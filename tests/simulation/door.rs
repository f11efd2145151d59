//! What is certain about whether a player is let in, whoever asks for what at the same time.

use std::sync::{Mutex, MutexGuard};

/// What operators asked for and were told about one player.
#[derive(Default)]
pub struct Door(Mutex<State>);

#[derive(Default)]
struct State {
    /// How often a ban was to be lifted, and how many who want that are still without an answer.
    liftings: u64,
    lifting: usize,
    /// A ban was answered, and nobody has asked to lift it since it was asked for.
    banned: bool,
    /// How often all sessions were to be ended, and the last of these that was answered.
    endings: u64,
    ended: u64,
}

/// Why nobody comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// The session was ended.
    Over,
    /// The player is banned; the number is another one after each lifting.
    Banned(u64),
}

impl Door {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody has failed")
    }

    /// A ban is asked for.
    pub fn bans(&self) -> Option<u64> {
        let state = self.state();
        (state.lifting == 0).then_some(state.liftings)
    }

    /// It was answered that the player is banned.
    pub fn banned(&self, asked: Option<u64>) {
        let mut state = self.state();
        state.banned |= asked == Some(state.liftings);
    }

    /// Somebody asks to lift the ban.
    pub fn lifts(&self) {
        let mut state = self.state();
        (state.liftings, state.lifting, state.banned) = (state.liftings + 1, state.lifting + 1, false);
    }

    /// Whoever asked to lift the ban has an answer.
    pub fn lifted(&self) {
        self.state().lifting -= 1;
    }

    /// It is asked that all sessions end.
    pub fn ends(&self) -> u64 {
        let mut state = self.state();
        state.endings += 1;
        state.endings
    }

    /// It was answered that they have ended.
    pub fn ended(&self, asked: u64) {
        let mut state = self.state();
        state.ended = state.ended.max(asked);
    }

    /// How often the sessions were to be ended so far: what a session that begins now has nothing to do with.
    pub fn endings(&self) -> u64 {
        self.state().endings
    }

    /// Whether nobody can come in by a session that began after so many endings.
    pub fn shut(&self, began: u64) -> Option<Shut> {
        let state = self.state();
        if state.ended > began { Some(Shut::Over) } else { state.banned.then_some(Shut::Banned(state.liftings)) }
    }
}

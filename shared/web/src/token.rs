//! Access tokens, which anyone may read and nobody can forge, and opaque tokens, which are looked up by their hash.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use croupier_rules::{
    id::{PlayerId, SessionId},
    time::Timestamp,
};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Failure;

const ISSUER: &str = "croupier";
const AUDIENCE: &str = "croupier-players";
/// RFC 9068: an access token says that it is one, so that no token of another kind passes for it.
const KIND: &str = "at+jwt";
/// RFC 7518 section 3.2: a key for HS256 has at least as many bytes as the hash.
const LEAST_KEY: usize = 32;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Whose it is.
    pub sub: PlayerId,
    /// Of which session.
    pub sid: SessionId,
    /// The player's session epoch when it was issued. Whether a later one has begun, the session's record tells.
    pub epoch: u32,
    /// Its own name.
    pub jti: String,
    /// When it was issued, in Unix seconds.
    pub iat: i64,
    /// When it ends, in Unix seconds.
    pub exp: i64,
    /// Who issued it.
    pub iss: String,
    /// For whom.
    pub aud: String,
}

/// The keys of access tokens: one signs, others are accepted as well, so that a key can be replaced and nobody is logged out.
pub struct Tokens {
    current: SigningKey,
    accepted: Vec<SigningKey>,
    lifetime: Duration,
}

struct SigningKey {
    kid: String,
    mac: Hmac<Sha256>,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl SigningKey {
    fn of(secret: &SecretString) -> Option<Self> {
        let bytes = secret.expose_secret().as_bytes();
        let mac = Hmac::new_from_slice(bytes).ok()?;
        (bytes.len() >= LEAST_KEY).then(|| Self {
            mac,
            // A name that follows from the key: nobody has to keep the two together.
            kid: hex::encode(&Sha256::digest(Sha256::digest(bytes))[..4]),
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
        })
    }
}

impl Tokens {
    /// Keys from secrets of at least 32 bytes; `None` for a shorter one.
    pub fn new(current: &SecretString, accepted: &[SecretString], lifetime: Duration) -> Option<Self> {
        let accepted = accepted.iter().map(SigningKey::of).collect::<Option<_>>()?;
        Some(Self { current: SigningKey::of(current)?, accepted, lifetime })
    }

    /// How long an access token lasts.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// None that claims can cause.
    pub fn issue(
        &self,
        player: PlayerId,
        session: SessionId,
        epoch: u32,
        jti: String,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let claims = Claims {
            sub: player,
            sid: session,
            epoch,
            jti,
            iat: now.seconds(),
            exp: now.after(self.lifetime).seconds(),
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(KIND.to_owned());
        header.kid = Some(self.current.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.current.encoding).map_err(Failure::internal)
    }

    /// What a token says, if one of our keys signed it as an access token and it has not ended.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let kid = header.kid?;
        let key = self.keys().find(|key| key.kid == kid)?;
        if header.typ.as_deref() != Some(KIND) {
            return None;
        }
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would read the machine's clock; ours is a value.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &rules).ok()?.claims;
        (now.seconds() < claims.exp).then_some(claims)
    }
}

/// A refresh token: it names its session and its place in the family, and holds 256 bits that are kept nowhere.
///
/// Those bits are an HMAC of the rest under the key that signs access tokens. So a client that lost the answer can be told the
/// same successor again, a token that was spent can be told from one that somebody invented, and nothing that the table holds
/// is enough to make one.
#[derive(Clone)]
pub struct RefreshToken {
    /// Whose.
    pub player: PlayerId,
    /// Of which session.
    pub session: SessionId,
    generation: u64,
    text: String,
}

impl RefreshToken {
    fn of(player: PlayerId, session: SessionId, generation: u64, secret: &[u8]) -> Self {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(secret);
        Self { player, session, generation, text: format!("{player}.{session}.{generation}.{secret}") }
    }

    /// A token as a client sends it; `None` for what cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (player, session) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let generation = parts.next()?.parse().ok()?;
        let secret = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        (secret.len() == OPAQUE_BYTES && parts.next().is_none()).then(|| Self::of(player, session, generation, &secret))
    }

    /// What the table keeps.
    pub fn hash(&self) -> String {
        hash_of(&self.text)
    }

    /// The text that the client keeps.
    pub fn into_text(self) -> String {
        self.text
    }
}

impl Tokens {
    /// The first refresh token of a session.
    pub fn first_refresh(&self, player: PlayerId, session: SessionId) -> RefreshToken {
        self.current.refresh(player, session, 1)
    }

    /// The token that follows a refresh token, under the key that signs now.
    pub fn successor(&self, token: &RefreshToken) -> RefreshToken {
        self.current.successor(token)
    }

    /// The successor that has this hash, under any key.
    pub fn successor_with(&self, token: &RefreshToken, hash: &str) -> Option<RefreshToken> {
        self.keys().map(|key| key.successor(token)).find(|successor| successor.hash() == hash)
    }

    /// Whether we made this refresh token, under any key.
    pub fn made(&self, token: &RefreshToken) -> bool {
        let RefreshToken { player, session, generation, .. } = *token;
        self.keys().any(|key| key.refresh(player, session, generation).hash() == token.hash())
    }

    fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.current).chain(&self.accepted)
    }
}

impl SigningKey {
    fn refresh(&self, player: PlayerId, session: SessionId, generation: u64) -> RefreshToken {
        // No access token begins like this: what signs one kind says nothing of the other.
        let named = self.mac.clone().chain_update(format!("refresh:{player}.{session}.{generation}"));
        RefreshToken::of(player, session, generation, &named.finalize().into_bytes())
    }

    fn successor(&self, token: &RefreshToken) -> RefreshToken {
        // Asked before the token is believed: whatever generation somebody invented has a next one.
        self.refresh(token.player, token.session, token.generation.saturating_add(1))
    }
}

/// Bytes of chance in an opaque token: nobody guesses 256 bits.
pub const OPAQUE_BYTES: usize = 32;

/// An opaque token; its text goes to the client, its hash into the table.
pub struct Opaque(String);

impl Opaque {
    /// The token of these random bytes.
    pub fn of(random: [u8; OPAQUE_BYTES]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(random))
    }

    /// The text that the client keeps.
    pub fn into_text(self) -> String {
        self.0
    }

    /// What the table keeps.
    pub fn hash(&self) -> String {
        hash_of(&self.0)
    }
}

/// The hash under which a token's text is looked up; looking up a hash leaks nothing of the text by time.
pub fn hash_of(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

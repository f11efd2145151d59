//! Password hashes: Argon2id with the parameters that OWASP recommends.

use std::{num::NonZero, sync::LazyLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use croupier_rules::name::Password;

use tokio::sync::Semaphore;

use crate::error::Failure;

/// OWASP Password Storage Cheat Sheet: 19 MiB of memory, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Bytes of salt in a hash.
pub const SALT_BYTES: usize = 16;

fn argon2() -> Result<Argon2<'static>, Failure> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Failure::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password, on a thread that may take its time.
///
/// # Errors
/// Only when the machine has no memory or threads left.
pub async fn hash(password: Password, salt: [u8; SALT_BYTES]) -> Result<String, Failure> {
    apart(move || Ok(derive(&password, &salt)?.to_string())).await
}

fn derive(password: &Password, salt: &[u8]) -> Result<PasswordHash, Failure> {
    argon2()?.hash_password_with_salt(password.as_bytes(), salt).map_err(Failure::internal)
}

/// Whether the password is the one that was hashed. Without a hash it does the same work and says no.
///
/// # Errors
/// A hash that cannot be read.
pub async fn verify(password: Password, hash: Option<String>) -> Result<bool, Failure> {
    apart(move || {
        let Some(hash) = hash else {
            derive(&password, &[0; SALT_BYTES])?;
            return Ok(false);
        };
        let hash = PasswordHash::new(&hash).map_err(Failure::internal)?;
        Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
}

/// As many at once as there are cores: more would not be faster, and each takes its memory.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get)));

async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let _turn = TURNS.acquire().await.map_err(Failure::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?
}

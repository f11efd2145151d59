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

/// Whether the password is the one that was hashed. Without a hash it is compared with one that nobody has, by the same
/// path, and the answer is no.
///
/// # Errors
/// A hash that cannot be read.
pub async fn verify(password: Password, hash: Option<String>) -> Result<bool, Failure> {
    apart(move || {
        let known = hash.is_some();
        let hash = PasswordHash::new(hash.as_deref().unwrap_or(DECOY)).map_err(Failure::internal)?;
        let verified = argon2()?.verify_password(password.as_bytes(), &hash).is_ok();
        Ok(known && verified)
    })
    .await
}

/// Whether a hash was made with other parameters than today's, so that the password is worth hashing anew.
///
/// # Errors
/// A hash that cannot be read.
pub fn is_dated(hash: &str) -> Result<bool, Failure> {
    let [hash, decoy] = [hash, DECOY].map(PasswordHash::new);
    let (hash, today) = (hash.map_err(Failure::internal)?, decoy.map_err(Failure::internal)?);
    Ok((&hash.algorithm, hash.version, &hash.params) != (&today.algorithm, today.version, &today.params))
}

/// A hash with today's parameters, which a test holds equal to those above.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// As many at once as there are cores: more would not be faster, and each takes its memory.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, NonZero::get)));

async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let _turn = TURNS.acquire().await.map_err(Failure::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_belongs_to_its_hash_and_to_nothing_else() {
        let password: Password = "lemon-cherry-7".parse().unwrap();
        let hash = hash(password.clone(), [7; SALT_BYTES]).await.unwrap();
        assert!(verify(password.clone(), Some(hash.clone())).await.unwrap());
        assert!(!verify("cherry-lemon-7".parse().unwrap(), Some(hash)).await.unwrap());
        assert!(!verify(password.clone(), None).await.unwrap());
        assert!(verify(password, Some("nonsense".to_owned())).await.is_err());
    }

    #[test]
    fn a_hash_of_another_time_is_dated() {
        assert!(!is_dated(DECOY).unwrap());
        for (today, other) in [("m=19456", "m=4096"), ("t=2", "t=1"), ("argon2id", "argon2i"), ("v=19", "v=16")] {
            assert!(is_dated(&DECOY.replace(today, other)).unwrap(), "{other}");
        }
        assert!(is_dated("nonsense").is_err());
    }

    #[test]
    fn the_decoy_costs_what_a_real_hash_costs() {
        let real = derive(&"lemon-cherry-7".parse().unwrap(), &[7; SALT_BYTES]).unwrap();
        let decoy = PasswordHash::new(DECOY).unwrap();
        assert_eq!((&decoy.algorithm, decoy.version, &decoy.params), (&real.algorithm, real.version, &real.params));
        let lengths = |hash: &PasswordHash| (hash.salt.map(|salt| salt.len()), hash.hash.map(|hash| hash.len()));
        assert_eq!(lengths(&decoy), lengths(&real));
    }
}

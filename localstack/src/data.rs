//! The folder where a laptop keeps its game: one process at a time, secrets made once.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use croupier_web::app::Entropy;
use serde::{Deserialize, Serialize};

use crate::stack::CannotStart;

/// A folder that this process alone uses.
pub struct Folder {
    path: PathBuf,
    /// Locked for as long as it is open.
    _lock: File,
}

/// What must be the same after a restart and is nobody's business.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Signs access tokens.
    pub tokens: String,
    /// Makes server seeds.
    pub seeds: String,
    /// The admin's password.
    pub admin_password: String,
    /// Signs the payment gateway's notices; folders of an earlier version lack it.
    #[serde(default)]
    pub webhook: String,
}

impl Secrets {
    /// New ones.
    pub fn new(entropy: &Entropy) -> Self {
        let hex = || hex::encode(entropy.bytes::<32>());
        let admin_password = hex::encode(entropy.bytes::<9>());
        Self { tokens: hex(), seeds: hex(), admin_password, webhook: hex() }
    }
}

impl Folder {
    /// Takes a folder, or makes it.
    ///
    /// # Errors
    /// A folder that another process uses, or that cannot be written to.
    pub fn take(path: &Path) -> Result<Self, CannotStart> {
        let failed = |error| CannotStart(format!("{} cannot be used: {error}", path.display()));
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(CannotStart(format!(
                "another Croupier is using {}: stop it, or start this one with --memory --port N",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where the table is kept.
    pub fn table(&self) -> PathBuf {
        self.path.join("table.sqlite")
    }

    /// Where it is kept how far the stream was read.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("stream")
    }

    /// The secrets of this folder, made when it is new.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub fn secrets(&self, entropy: &Entropy) -> Result<Secrets, CannotStart> {
        let path = self.path.join("secrets.json");
        let failed = |error: String| CannotStart(format!("{} cannot be used: {error}", path.display()));
        let secrets = if path.exists() {
            let text = fs::read(&path).map_err(|error| failed(error.to_string()))?;
            let kept: Secrets = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
            if !kept.webhook.is_empty() {
                return Ok(kept);
            }
            Secrets { webhook: Secrets::new(entropy).webhook, ..kept }
        } else {
            Secrets::new(entropy)
        };
        let text = serde_json::to_vec_pretty(&secrets).map_err(|error| failed(error.to_string()))?;
        self.replace(&path, &text).map_err(|error| failed(error.to_string()))?;
        Ok(secrets)
    }

    /// Writes a file that only its owner reads, wholly or not at all.
    fn replace(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let fresh = self.path.join("secrets.new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    }
}

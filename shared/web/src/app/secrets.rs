//! Secrets, fetched by name.

use aws_config::SdkConfig;
use secrecy::SecretString;

use super::CannotStart;
use crate::config::SecretSource;

/// Which version of a secret, by the names that Secrets Manager has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The one in use.
    Current,
    /// The one that is about to be: accepted everywhere before anyone signs with it.
    Pending,
    /// The one that was in use before: accepted until what it signed has ended.
    Previous,
}

impl Stage {
    const fn label(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// All versions of a secret that are in use, the current one first.
pub(super) async fn versions(sdk: &SdkConfig, source: Option<SecretSource>) -> Result<Vec<SecretString>, CannotStart> {
    let (current, coming, gone) = tokio::try_join!(
        fetch(sdk, source.clone(), Stage::Current),
        fetch(sdk, source.clone(), Stage::Pending),
        fetch(sdk, source, Stage::Previous),
    )?;
    Ok([current, coming, gone].into_iter().flatten().collect())
}

pub(super) async fn fetch(
    sdk: &SdkConfig,
    source: Option<SecretSource>,
    stage: Stage,
) -> Result<Option<SecretString>, CannotStart> {
    let name = match source {
        None => return Ok(None),
        Some(SecretSource::Given(secret)) => return Ok((stage == Stage::Current).then_some(secret)),
        Some(SecretSource::Named(name)) => name,
    };
    let client = aws_sdk_secretsmanager::Client::new(sdk);
    let answer = client.get_secret_value().secret_id(&name).version_stage(stage.label()).send().await;
    let value = match answer {
        // A line break at the end is the editor's in which somebody wrote the secret down.
        Ok(answer) => answer.secret_string.map(|secret| secret.trim_end().to_owned()),
        // A key that is not being replaced has no other version.
        Err(error)
            if stage != Stage::Current
                && error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            return Ok(None);
        }
        Err(_) => None,
    };
    // The error is left out on purpose: of a secret, not even the shape of a failure belongs into a log.
    value.map(|secret| Some(secret.into())).ok_or_else(|| CannotStart(format!("the secret {name} cannot be read")))
}

//! Services that are asked over plain HTTP: the way there, and what came back whole.

use std::{error::Error, iter::successors};

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::{
    client::{http::HttpConnector, orchestrator::HttpRequest, result::ConnectorError},
    http::Headers,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use http::{Request, Uri, header::USER_AGENT, request};

/// The way to one service; its connections are kept.
pub(crate) struct Http {
    connector: Connector,
    endpoint: String,
}

/// An answer that came in whole.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Http {
    /// The way to this endpoint; there is none where somebody on the way could read what is sent, nor with a login or a query in the URL, which
    /// is no secret.
    pub(crate) fn to(endpoint: &str) -> Option<Self> {
        let endpoint = endpoint.trim_end_matches('/');
        let uri: Uri = endpoint.parse().ok()?;
        if uri.authority()?.as_str().contains('@') || uri.query().is_some() {
            return None;
        }
        let on_this_machine = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let connector = match uri.scheme_str() {
            Some("https") => Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build(),
            Some("http") if on_this_machine => Connector::builder().build_http(),
            _ => return None,
        };
        Some(Self { connector, endpoint: endpoint.to_owned() })
    }

    /// The beginning of a request; the path may have a query.
    pub(crate) fn request(&self, path: &str) -> request::Builder {
        let uri = format!("{}{path}", self.endpoint);
        Request::builder().uri(uri).header(USER_AGENT, concat!("croupier/", env!("CARGO_PKG_VERSION")))
    }

    /// Sends a request.
    ///
    /// # Errors
    /// A request that is none, or a connection that broke: what was asked for may have happened.
    pub(crate) async fn send(&self, request: http::Result<Request<SdkBody>>) -> Result<Heard, ConnectorError> {
        let request = request.map_err(|error| ConnectorError::user(error.into()))?;
        let request = HttpRequest::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
        let response = self.connector.call(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| ConnectorError::io(error.into()))?.to_vec();
        Ok(Heard { status, headers, body })
    }
}

/// Why a connection broke, with all that is known of it.
pub(crate) fn causes(error: &ConnectorError) -> String {
    let causes = successors(Some::<&dyn Error>(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

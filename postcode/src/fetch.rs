//! Gets one page from outside, bounded in time and size, without following anyone elsewhere. The only file that opens
//! connections to services; knows no service and no format.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tracing::debug;

use crate::limits;
use crate::services::Page;

/// Who we say we are; services ask for that.
const AGENT: &str = concat!("just-hungry/", env!("CARGO_PKG_VERSION"), " (food ordering, postcode adapter)");

/// Opens connections to services and keeps a few of them. Copies share them.
#[derive(Clone)]
pub struct Fetch {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    page_bytes_max: usize,
}

impl Fetch {
    /// For services on the internet: trusts whom this machine trusts.
    ///
    /// # Errors
    /// If this machine has no list of certificate authorities that can be read.
    pub fn internet() -> std::io::Result<Fetch> {
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider())?;
        Ok(Self::over(connector.https_or_http().enable_http1().wrap_connector(tcp())))
    }

    /// For services without TLS, such as the simulator: trusts nobody.
    #[must_use]
    pub fn plain() -> Fetch {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring can do the usual versions of TLS")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(config);
        Self::over(connector.https_or_http().enable_http1().wrap_connector(tcp()))
    }

    fn over(connector: HttpsConnector<HttpConnector>) -> Fetch {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(limits::CONNECTIONS_IDLE_MAX)
            .pool_idle_timeout(limits::CONNECTION_IDLE)
            .build(connector);
        Fetch { client, page_bytes_max: limits::ANSWER_BYTES_MAX }
    }

    /// For another adapter, whose pages are longer.
    #[must_use]
    pub fn with_pages_of(bytes_max: usize) -> Fetch {
        Fetch { page_bytes_max: bytes_max, ..Self::plain() }
    }

    /// Gets a page, whole. The caller bounds the time.
    ///
    /// # Errors
    /// If something kept it from coming whole.
    pub async fn get(&self, uri: Uri, authorization: Option<HeaderValue>) -> Result<Page, Failed> {
        let mut request = request(Method::GET, uri, Bytes::new());
        if let Some(value) = authorization {
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        self.send(request).await
    }

    /// Sends JSON and gets a page, whole. The caller bounds the time.
    ///
    /// # Errors
    /// If something kept it from coming whole.
    pub async fn post(&self, uri: Uri, json: String) -> Result<Page, Failed> {
        let mut request = request(Method::POST, uri, json.into());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Page, Failed> {
        let response = self.client.request(request).await.map_err(|error| {
            debug!(%error, "ask a service");
            Failed::Connection
        })?;
        let (parts, body) = response.into_parts();
        let body = match Limited::new(body, self.page_bytes_max).collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return Err(Failed::TooLong(parts.status.as_u16()));
            }
            Err(_) => return Err(Failed::Connection),
        };
        let (media, retry_after) = (media(&parts.headers), retry_after(&parts.headers));
        Ok(Page { status: parts.status.as_u16(), media, retry_after, body })
    }
}

/// Why no page came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The connection could not be made, or ended early.
    Connection,
    /// There was no end to it, under this status.
    TooLong(u16),
}

fn request(method: Method, uri: Uri, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/json")
        .body(Full::new(body))
        .expect("a request of checked parts can be built")
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(limits::CONNECT));
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp
}

fn media(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Seconds, or a date; `None` if it is neither.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: hyper::header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_media_type_is_known_whatever_follows_it() {
        assert_eq!(media(&headers(CONTENT_TYPE, "Application/JSON; charset=utf-8")), "application/json");
        assert_eq!(media(&HeaderMap::new()), "");
    }

    #[test]
    fn a_pause_is_read_as_seconds_or_as_a_date() {
        let read = |value| retry_after(&headers(RETRY_AFTER, value));
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(read("Fri, 31 Dec 2100 23:59:59 GMT").is_some_and(|time| time > Duration::from_secs(1 << 30)));
        assert!(["soon", "-1", "1.5", ""].iter().all(|value| read(value).is_none()));
    }
}

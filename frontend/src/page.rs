//! The web page: one file, served with a policy that lets it run its own script and nothing else. Knows nothing of what is on it.
use crate::headers;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const PAGE: &str = include_str!("../page/index.html");

/// What never changes while the process lives.
struct Told {
    tag: HeaderValue,
    policy: HeaderValue,
}

static TOLD: LazyLock<Told> = LazyLock::new(|| {
    let value = |text: String| HeaderValue::try_from(text).expect("hashes are visible ASCII");
    Told { tag: value(format!("\"{}\"", hash(PAGE))), policy: value(policy()) }
});

/// The page; browsers keep it and ask each time whether it is still the one, so that it is always of this build.
pub(crate) async fn page(asked: HeaderMap) -> Response<Body> {
    let tag = TOLD.tag.to_str().unwrap_or_default();
    let known = headers::has_not_changed(&asked, tag);
    let mut response = Response::new(if known { Body::empty() } else { Body::from(PAGE) });
    *response.status_mut() = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    set.insert(header::ETAG, TOLD.tag.clone());
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    set.insert(header::CONTENT_SECURITY_POLICY, TOLD.policy.clone());
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Only this very script and style, only this server. Trusted types forbid what would turn a text into markup.
fn policy() -> String {
    let (script, style) = (hash(within("script")), hash(within("style")));
    format!(
        "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

/// What stands in the page's only element of this name.
fn within(name: &str) -> &'static str {
    let after = PAGE.split_once(&format!("<{name}>")).map_or("", |(_, after)| after);
    after.split_once(&format!("</{name}>")).map_or("", |(inside, _)| inside)
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_covers_all_there_is_and_no_more() {
        for name in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{name}")).count(), 1, "{name}");
            assert!(within(name).len() > 1_000, "{name}");
        }
        let inert = |word: &str| !PAGE.contains(word);
        assert!(
            inert(" style=") && inert("innerHTML") && inert("<script src") && inert("unsafe"),
            "the policy blocks it"
        );
        assert!(!policy().contains("unsafe"));
        assert_eq!(hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[tokio::test]
    async fn a_browser_that_has_the_page_is_not_sent_it_again() {
        let first = page(HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].clone();
        let again = page(HeaderMap::from_iter([(header::IF_NONE_MATCH, tag)])).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(again.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }
}

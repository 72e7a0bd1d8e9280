//! Which services are asked, where they are and with which keys: from a word on the command line or from a file, which may
//! change while the adapter runs. Knows services by name; asks none.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;

use crate::chain::Chain;
use crate::clock::Clock;
use crate::embedded::Embedded;
use crate::fetch::Fetch;
use crate::link::Link;
use crate::metrics::Metrics;
use crate::outside::{Outside, Pass};
use crate::pace::Pace;
use crate::pack::Pack;
use crate::services::{self, Key, Login};
use crate::token::Tokens;

/// What is meant by "outside".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody: the embedded pack alone.
    Pack,
    /// The services on the internet.
    Real,
    /// These services on the internet, in this order.
    Named(Vec<String>),
    /// A simulator of them all at this URL.
    Simulated(String),
    /// What this file says.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pack" => Ok(Self::Pack),
            "real" => Ok(Self::Real),
            "" => Err("say pack, real, names of services, the URL of a simulator, or a file of services".to_owned()),
            names if names.split(',').all(|name| services::named(name).is_some()) => {
                Ok(Self::Named(names.split(',').map(str::to_owned).collect()))
            }
            url if url.contains("://") => checked_url(url).map(Self::Simulated),
            file => Ok(Self::File(file.into())),
        }
    }
}

/// Every service that may be asked, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Those that say where a postcode is.
    pub places: Vec<Site>,
    /// Those that know streets and numbers, asked for these only.
    pub premises: Vec<Site>,
}

/// A service, its address and its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub service: &'static str,
    /// Where it is.
    pub url: String,
    secret: Secret,
    adapters: u32,
}

/// What opens a service. Never shown.
#[derive(Clone, PartialEq, Eq)]
enum Secret {
    None,
    Key(String),
    Login(Login),
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.service, self.url)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    services: Vec<Line>,
    /// How many adapters share what services allow.
    #[serde(default = "one")]
    adapters: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    service: String,
    url: Option<String>,
    /// The key alone.
    key_file: Option<PathBuf>,
    /// An e-mail address in the first line, its password in the second.
    login_file: Option<PathBuf>,
}

fn one() -> u32 {
    1
}

impl Config {
    /// What a source says now.
    ///
    /// # Errors
    /// In words that say what to correct.
    pub fn load(source: &Source) -> Result<Config, String> {
        match source {
            Source::Pack => Ok(Config::default()),
            Source::Real => Ok(Self::every(|service| (service.key() == Key::None).then(|| service.home().to_owned()))),
            Source::Named(names) => {
                let line = |name: &String| Line { service: name.clone(), url: None, key_file: None, login_file: None };
                Self::listed(File { services: names.iter().map(line).collect(), adapters: 1 }, Path::new(""))
            }
            Source::Simulated(url) => Ok(Self::every(|service| Some(format!("{url}/{}", service.name())))),
            Source::File(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| format!("read {}: {error}", path.display()))?;
                Self::parse(&text, path.parent().unwrap_or(Path::new("")))
                    .map_err(|error| format!("{}: {error}", path.display()))
            }
        }
    }

    /// Every service that is somewhere; a simulator takes any key and lets anybody in.
    fn every(url: impl Fn(&dyn services::Service) -> Option<String>) -> Config {
        let any = || "simulated".to_owned();
        let site = |service: Box<dyn services::Service>| {
            let secret = match service.key() {
                Key::None => Secret::None,
                Key::Query(_) | Key::Authorization(..) => Secret::Key(any()),
                Key::Token => Secret::Login(Login { email: any(), password: any() }),
            };
            Some(Site { service: service.name(), url: url(&*service)?, secret, adapters: 1 })
        };
        Self::of(services::all().into_iter().filter_map(site))
    }

    fn parse(text: &str, beside: &Path) -> Result<Config, String> {
        Self::listed(serde_json::from_str(text).map_err(|error| error.to_string())?, beside)
    }

    fn listed(file: File, beside: &Path) -> Result<Config, String> {
        let mut sites: Vec<Site> = Vec::new();
        for line in file.services {
            let service = services::named(&line.service).ok_or_else(|| {
                let known: Vec<&str> = services::all().iter().map(|service| service.name()).collect();
                format!("no service is called {}; there are {}", line.service, known.join(", "))
            })?;
            if sites.iter().any(|site| site.service == service.name()) {
                return Err(format!("{} is there twice", service.name()));
            }
            let secret = line.secret(service.name(), service.key(), beside)?;
            let url = checked_url(line.url.as_deref().unwrap_or(service.home()))?;
            sites.push(Site { service: service.name(), url, secret, adapters: file.adapters.max(1) });
        }
        Ok(Self::of(sites))
    }

    fn of(sites: impl IntoIterator<Item = Site>) -> Config {
        let (premises, places) = sites.into_iter().partition(|site| services::PREMISES.contains(&site.service));
        Config { places, premises }
    }

    /// The same, with what services allow shared by at least so many adapters.
    #[must_use]
    pub fn shared_by(mut self, adapters: u32) -> Config {
        self.places.iter_mut().chain(&mut self.premises).for_each(|site| site.adapters = site.adapters.max(adapters));
        self
    }

    /// Whether some service wants an encrypted connection.
    #[must_use]
    pub fn wants_tls(&self) -> bool {
        self.places.iter().chain(&self.premises).any(|site| site.url.starts_with("https:"))
    }
}

impl Line {
    /// What opens the service, from the file that is meant for its kind.
    fn secret(&self, name: &str, key: Key, beside: &Path) -> Result<Secret, String> {
        match (key, &self.key_file, &self.login_file) {
            (Key::None, None, None) => Ok(Secret::None),
            (Key::None, ..) => Err(format!("{name} is open to all; give neither key_file nor login_file")),
            (Key::Query(_) | Key::Authorization(..), Some(path), None) => read_key(&beside.join(path)).map(Secret::Key),
            (Key::Query(_) | Key::Authorization(..), ..) => {
                Err(format!("{name} wants a key; give key_file, a file with the key alone"))
            }
            (Key::Token, None, Some(path)) => read_login(&beside.join(path)).map(Secret::Login),
            (Key::Token, ..) => Err(format!(
                "{name} wants a login; give login_file, a file with the e-mail address in the first line and the password in \
                 the second"
            )),
        }
    }
}

fn checked_url(url: &str) -> Result<String, String> {
    let uri: hyper::Uri = url.parse().map_err(|_| format!("{url} is not a URL"))?;
    let schemes = [Some("http"), Some("https")];
    if !schemes.contains(&uri.scheme_str()) || uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
        return Err(format!("{url} is not the URL of a service; give http:// or https://, a host and perhaps a path"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn read_key(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("read the key {}: {error}", path.display()))?;
    let key = text.trim();
    let visible = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible { Ok(key.to_owned()) } else { Err(format!("{} holds no key", path.display())) }
}

fn read_login(path: &Path) -> Result<Login, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("read the login {}: {error}", path.display()))?;
    let mut lines = text.lines().map(str::trim).map(str::to_owned);
    match (lines.next(), lines.next(), lines.find(|line| !line.is_empty())) {
        (Some(email), Some(password), None) if email.contains('@') && !password.is_empty() => {
            Ok(Login { email, password })
        }
        _ => Err(format!("{} must hold an e-mail address and, in the second line, its password", path.display())),
    }
}

/// Providers made of a configuration. Those whose site has not changed stay what they were, with all that is known of
/// their health.
#[derive(Default)]
pub(crate) struct Sites(Vec<(Site, Arc<Link>)>);

impl Sites {
    /// The chains of a configuration: places (with the pack as the last) and premises.
    pub(crate) fn chains(&mut self, config: &Config, fetch: &Fetch, parts: &Parts) -> (Chain, Chain) {
        let mut next = Vec::new();
        let mut links = |sites: &[Site]| -> Vec<Arc<Link>> {
            let links = sites.iter().map(|site| {
                let known = self.0.iter().find(|(known, _)| known == site).map(|(_, link)| Arc::clone(link));
                let link = known.unwrap_or_else(|| parts.link(site, fetch));
                next.push((site.clone(), Arc::clone(&link)));
                link
            });
            links.collect()
        };
        let (mut places, premises) = (links(&config.places), links(&config.premises));
        places.push(Arc::clone(&parts.embedded));
        self.0 = next;
        let chain = |links| Chain::of(links, parts.clock.clone(), parts.metrics.clone()).with_attempt(parts.attempt);
        (chain(places), chain(premises))
    }
}

/// What every chain is made with.
pub(crate) struct Parts {
    pub(crate) embedded: Arc<Link>,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) attempt: std::time::Duration,
}

impl Parts {
    pub(crate) fn new(pack: &Arc<Pack>, clock: Clock, metrics: Metrics, attempt: std::time::Duration) -> Self {
        let embedded = Link::new(Box::new(Embedded(Arc::clone(pack))), Pace::free(), metrics.clone());
        Self { embedded: Arc::new(embedded), clock, metrics, attempt }
    }

    fn link(&self, site: &Site, fetch: &Fetch) -> Arc<Link> {
        let service = || services::named(site.service).expect("sites are made of services that exist");
        let pass = match site.secret.clone() {
            Secret::None => Pass::None,
            Secret::Key(key) => Pass::Key(key),
            Secret::Login(login) => Tokens::new(service(), &site.url, login, fetch.clone(), self.clock.clone())
                .map_or(Pass::None, Pass::Tokens),
        };
        let provider = Outside::new(service(), &site.url, pass, site.adapters, fetch.clone());
        let pace = crate::provider::Provider::pace(&provider);
        Arc::new(Link::new(Box::new(provider), pace, self.metrics.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_word_a_url_or_a_file() {
        let read = |text: &str| text.parse::<Source>();
        assert_eq!((read("pack"), read("real")), (Ok(Source::Pack), Ok(Source::Real)));
        assert_eq!(read("http://127.0.0.1:8083/"), Ok(Source::Simulated("http://127.0.0.1:8083".into())));
        let two = read("open-postcode-geo,postcodes.io").unwrap();
        assert_eq!(Config::load(&two).unwrap().places[1].url, "https://api.postcodes.io");
        assert_eq!(read("services.json"), Ok(Source::File("services.json".into())));
        assert!(read("").is_err() && read("ftp://x").is_err() && read("http://").is_err());
    }

    #[test]
    fn the_real_services_are_those_that_need_no_key_and_the_pack_needs_none() {
        let real = Config::load(&Source::Real).unwrap();
        let names: Vec<&str> = real.places.iter().map(|site| site.service).collect();
        assert_eq!(names[..2], ["postcodes.io", "open-postcode-geo"]);
        assert!(!names.contains(&"onemap") && real.premises.is_empty() && real.wants_tls());
        assert_eq!(real.places[0].url, "https://api.postcodes.io");
        assert_eq!(Config::load(&Source::Pack).unwrap(), Config::default());
    }

    #[test]
    fn a_file_names_services_in_their_order_with_addresses_and_keys() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("key"), "  s3cret\n").unwrap();
        std::fs::write(dir.path().join("login"), "ada@example.org\ns3cret too\n").unwrap();
        let text = r#"{"adapters": 2, "services": [
            {"service": "ideal-postcodes", "key_file": "key"}, {"service": "onemap", "login_file": "login"},
            {"service": "open-postcode-geo", "url": "http://127.0.0.1:9/geo/"}]}"#;
        let config = Config::parse(text, dir.path()).unwrap();
        assert_eq!(config.places[1].url, "http://127.0.0.1:9/geo");
        assert!(config.premises[0].secret == Secret::Key("s3cret".into()));
        let login = Login { email: "ada@example.org".into(), password: "s3cret too".into() };
        assert!(config.places[0].secret == Secret::Login(login));
        assert_eq!(config.premises[0].adapters, 2);
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn what_services_allow_is_shared_by_as_many_adapters_as_there_are() {
        let adapters =
            |config: Config, name| config.places.iter().find(|site| site.service == name).map(|site| site.adapters);
        let real = || Config::load(&Source::Real).unwrap();
        assert_eq!(adapters(real(), "nominatim"), Some(1));
        assert_eq!(adapters(real().shared_by(3), "nominatim"), Some(3));
        let told = Config::parse(r#"{"adapters": 5, "services": [{"service": "nominatim"}]}"#, Path::new("")).unwrap();
        assert_eq!(adapters(told.shared_by(3), "nominatim"), Some(5));
    }

    #[test]
    fn a_wrong_file_is_refused_in_words_that_help() {
        for (text, hint) in [
            ("", "EOF"),
            (r#"{"services":[{"service":"nobody"}]}"#, "there are postcodes.io"),
            (r#"{"services":[{"service":"postcodes.io"},{"service":"postcodes.io"}]}"#, "twice"),
            (r#"{"services":[{"service":"os-places"}]}"#, "key_file"),
            (r#"{"services":[{"service":"os-places","key_file":"nowhere"}]}"#, "nowhere"),
            (r#"{"services":[{"service":"onemap","key_file":"nowhere"}]}"#, "login_file"),
            (r#"{"services":[{"service":"onemap","login_file":"nowhere"}]}"#, "nowhere"),
            (r#"{"services":[{"service":"zipcloud","key_file":"nowhere"}]}"#, "open to all"),
            (r#"{"services":[{"service":"postcodes.io","url":"ftp://x"}]}"#, "not the URL"),
            (r#"{"services":[{"service":"postcodes.io","ulr":""}]}"#, "unknown field"),
        ] {
            let error = Config::parse(text, Path::new("")).unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }
}

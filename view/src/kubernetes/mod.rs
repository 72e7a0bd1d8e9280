//! The view in Kubernetes, and where members are there: a ConfigMap and EndpointSlices. Knows the API server and nothing of members' protocol.
//!
//! The API server being away stops nothing that works: what was seen last stays, and following begins anew by itself.
mod addresses;
mod answer;
mod config_map;
mod follow;
mod versioned;

pub use addresses::Addresses;
pub use config_map::ConfigMapStore;

use crate::limits::CONNECT_TIME;
use kube::{Client, Config};
use thiserror::Error;

/// Why there is no way to the API server.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Neither a pod's service account nor a kubeconfig is there.
    #[error(
        "find the API server: {0}; in a pod mount a service account's token at \
         /var/run/secrets/kubernetes.io/serviceaccount, elsewhere set KUBECONFIG"
    )]
    Nowhere(#[source] kube::config::InferConfigError),
    /// What is there cannot be used.
    #[error("use the credentials for the API server: {0}")]
    Credentials(#[source] kube::Error),
}

/// A client as the stores need it: of the pod's service account, or of the kubeconfig's current context. Nothing is sent yet.
///
/// It never repeats a request by itself: a repeated write could hide that the first one took effect (V4).
///
/// # Errors
/// There are no credentials, or they cannot be read.
pub async fn connect() -> Result<Client, ConnectError> {
    let mut config = Config::infer().await.map_err(ConnectError::Nowhere)?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIME);
    Client::try_from(config).map_err(ConnectError::Credentials)
}

/// Begins to follow the view and the members of one installation. `namespace`: the client's own if none is given.
///
/// # Errors
/// As [`connect`].
pub async fn open(
    namespace: Option<&str>,
    config_map: &str,
    service: &str,
) -> Result<(ConfigMapStore, Addresses), ConnectError> {
    let client = connect().await?;
    let own = client.default_namespace().to_owned();
    let namespace = namespace.unwrap_or(&own);
    let store = ConfigMapStore::open(client.clone(), namespace, config_map);
    Ok((store, Addresses::follow(client, namespace, service)))
}

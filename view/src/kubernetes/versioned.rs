//! The one place that replaces the view's ConfigMap: only an object with its version can be, so that no write is without one.
use crate::json;
use group::View;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::PostParams;

/// Who is written down as the manager of the keys.
const MANAGER: &str = "just-hungry-view";

/// A ConfigMap as the API server gave it: with its uid and resourceVersion. It cannot be made without, and only this can be replaced.
#[derive(Clone, Debug)]
pub(super) struct Versioned(ConfigMap);

impl Versioned {
    /// `None` if the object does not say of which version it is.
    pub(super) fn of(object: ConfigMap) -> Option<Versioned> {
        let said = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        (said(&object.metadata.resource_version) && said(&object.metadata.uid)).then_some(Versioned(object))
    }

    /// Writes `view` over exactly this version of the object. Labels, annotations and owners stay.
    pub(super) async fn replace(&self, api: &Api<ConfigMap>, view: &View) -> kube::Result<ConfigMap> {
        let next = self.with(view);
        let name = next.metadata.name.clone().unwrap_or_default();
        api.replace(&name, &parameters(), &next).await
    }

    fn with(&self, view: &View) -> ConfigMap {
        ConfigMap { data: Some(json::to_map(view)), ..self.0.clone() }
    }
}

/// How the view is written, at birth as later.
pub(super) fn parameters() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::first;
    use kube::api::ObjectMeta;

    fn object(uid: Option<&str>, version: Option<&str>) -> ConfigMap {
        let metadata = ObjectMeta {
            name: Some("x-view".into()),
            uid: uid.map(str::to_owned),
            resource_version: version.map(str::to_owned),
            labels: Some([("kept".to_owned(), "yes".to_owned())].into()),
            ..ObjectMeta::default()
        };
        ConfigMap { metadata, ..ConfigMap::default() }
    }

    #[test]
    fn an_update_without_a_version_cannot_be_made() {
        assert!(Versioned::of(object(Some("u"), None)).is_none());
        assert!(Versioned::of(object(Some("u"), Some(""))).is_none());
        assert!(Versioned::of(object(None, Some("7"))).is_none());
        let next = Versioned::of(object(Some("u"), Some("7"))).unwrap().with(&first());
        assert_eq!((next.metadata.uid.as_deref(), next.metadata.resource_version.as_deref()), (Some("u"), Some("7")));
    }

    #[test]
    fn only_the_keys_are_written_and_the_rest_stays() {
        let held = object(Some("u"), Some("7"));
        let next = Versioned::of(held.clone()).unwrap().with(&first());
        assert_eq!(next.metadata, held.metadata);
        assert_eq!(next.data, Some(json::to_map(&first())));
    }
}

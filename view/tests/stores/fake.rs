//! As much of an API server as the store uses, in this process and without a socket: objects with versions, lists, watches with history. It
//! fails as it is told to, and refuses to take an update that names no version.
use crate::laws::Place;
use futures_util::stream::unfold;
use group::View;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use hyper::{Method, Request, Response};
use kube::client::Body;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, mpsc};
use view::kubernetes::ConfigMapStore;

pub(crate) const NAMESPACE: &str = "ns";
pub(crate) const NAME: &str = "x-view";

/// What becomes of the next write.
#[derive(Clone)]
pub(crate) enum Fault {
    /// It is answered with this status and reason and does not take effect.
    Status(u16, &'static str),
    /// The answer never comes; the write takes effect when it is let.
    Late(Arc<Notify>),
    /// It takes effect, and then the connection breaks.
    Cut,
    /// It takes effect, and is sent once more behind the store's back.
    Twice,
}

/// The API server. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Api(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    version: u64,
    /// By kind and name.
    objects: BTreeMap<(String, String), Value>,
    /// What was told to watchers, by version.
    history: Vec<(u64, String, Value)>,
    /// History before this version is forgotten.
    compacted: u64,
    watchers: Vec<(String, mpsc::UnboundedSender<Value>)>,
    faults: VecDeque<Fault>,
    is_down: bool,
    /// Requests of this kind are never answered.
    deaf_to: Option<&'static str>,
    /// Every watch ends at once.
    is_brief: bool,
    /// Every request: method and kind.
    requests: Vec<String>,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

impl Api {
    pub(crate) fn new() -> Api {
        Api::default()
    }
    pub(crate) fn client(&self) -> kube::Client {
        let api = self.clone();
        kube::Client::new(tower::service_fn(move |request| api.clone().answer(request)), NAMESPACE)
    }
    /// What the next write comes to.
    pub(crate) fn fails(&self, fault: Fault) {
        self.lock().faults.push_back(fault);
    }
    /// Nobody answers from now on, and every watch breaks; or somebody does again.
    pub(crate) fn is_down(&self, is_down: bool) {
        let mut state = self.lock();
        state.is_down = is_down;
        state.watchers.clear();
    }
    /// Requests with this verb are taken and never answered.
    pub(crate) fn is_deaf_to(&self, verb: Option<&'static str>) {
        self.lock().deaf_to = verb;
    }
    /// Every watch tells what it has and ends at once, in peace.
    pub(crate) fn is_brief(&self, is_brief: bool) {
        self.lock().is_brief = is_brief;
    }
    /// Every watch ends.
    pub(crate) fn cut_watches(&self) {
        self.lock().watchers.clear();
    }
    /// Every watch goes on, and nothing comes on it any more. What keeps them open is returned.
    pub(crate) fn silence_watches(&self) -> impl Drop + use<> {
        std::mem::take(&mut self.lock().watchers)
    }
    /// What happened until now cannot be watched from any more.
    pub(crate) fn compact(&self) {
        let mut state = self.lock();
        state.version += 10;
        (state.compacted, state.history) = (state.version, Vec::new());
    }
    /// A backup of its memory is put back: versions fall, and nobody is told.
    pub(crate) fn restore(&self, view: &View, version: u64) {
        let mut state = self.lock();
        state.version = version;
        state.history.clear();
        let data = view::json::to_map(view);
        let object = json!({
            "metadata": {"name": NAME, "namespace": NAMESPACE, "uid": "u-restored", "resourceVersion": version.to_string()},
            "data": data,
        });
        state.objects.insert(("configmaps".into(), NAME.into()), object);
    }
    /// The requests since this was asked last.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().requests)
    }
    pub(crate) fn object(&self) -> Value {
        self.lock().objects[&("configmaps".into(), NAME.into())].clone()
    }
    /// Changes the view's object by hand, whatever the rules say.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut state = self.lock();
        let mut object = state.objects[&("configmaps".into(), NAME.into())].clone();
        change(&mut object);
        state.put("configmaps", object, "MODIFIED");
    }
    /// Someone else makes an object under the view's name.
    pub(crate) fn occupy(&self, data: Value) {
        self.add("configmaps", json!({"metadata": {"name": NAME, "uid": "u-foreign"}, "data": data}));
    }
    pub(crate) fn add(&self, kind: &str, object: Value) {
        self.lock().put(kind, object, "ADDED");
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn answer(self, request: Request<Body>) -> Result<Answer, std::io::Error> {
        let (parts, body) = request.into_parts();
        let path: Vec<&str> = parts.uri.path().split('/').skip_while(|part| *part != "namespaces").collect();
        let (kind, name) = (path[2].to_owned(), path.get(3).map(|name| (*name).to_owned()));
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let is_watch = query.contains("watch=true");
        let verb = if is_watch { "WATCH".to_owned() } else { parts.method.to_string() };
        self.lock().requests.push(format!("{verb} {kind}"));
        if self.lock().deaf_to == Some(&verb) {
            return std::future::pending().await;
        }
        if self.lock().is_down {
            return Err(std::io::Error::other("connection refused"));
        }
        match parts.method {
            Method::GET if is_watch => Ok(self.lock().watch(&kind, &query)),
            Method::GET => Ok(self.lock().read(&kind, name.as_deref())),
            method => {
                let object = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
                self.write(&method, kind, object).await
            }
        }
    }

    async fn write(&self, method: &Method, kind: String, object: Value) -> Result<Answer, std::io::Error> {
        let apply = |api: &Api| api.lock().write(method, &kind, object.clone());
        let fault = self.lock().faults.pop_front();
        match fault {
            None => Ok(apply(self)),
            Some(Fault::Status(code, reason)) => Ok(status(code, reason)),
            Some(Fault::Twice) => {
                apply(self);
                Ok(apply(self))
            }
            Some(Fault::Cut) => {
                apply(self);
                Err(std::io::Error::other("connection reset"))
            }
            Some(Fault::Late(gate)) => {
                let (api, method) = (self.clone(), method.clone());
                tokio::spawn(async move {
                    gate.notified().await;
                    api.lock().write(&method, &kind, object);
                });
                std::future::pending().await
            }
        }
    }
}

impl Place for Api {
    type Store = ConfigMapStore;
    fn open(&self) -> ConfigMapStore {
        ConfigMapStore::open(self.client(), NAMESPACE, NAME)
    }
    fn delete(&self) {
        let mut state = self.lock();
        if let Some(object) = state.objects.remove(&("configmaps".to_owned(), NAME.to_owned())) {
            state.tell("configmaps", &object, "DELETED");
        }
    }
    fn set_back(&self, view: &View) {
        self.edit(|object| object["data"] = json!(view::json::to_map(view)));
    }
    fn garble(&self, version: u64) {
        self.edit(|object| {
            object["data"]["version"] = json!(version.to_string());
            object["data"]["groupId"] = json!("cat");
        });
    }
}

impl State {
    fn read(&self, kind: &str, name: Option<&str>) -> Answer {
        let of_kind = self.objects.iter().filter(|((of, _), _)| of == kind);
        match name {
            Some(name) => {
                let found = self.objects.get(&(kind.to_owned(), name.to_owned()));
                found.map_or_else(|| status(404, "NotFound"), |object| said(200, object))
            }
            None => {
                let items: Vec<&Value> = of_kind.map(|(_, object)| object).collect();
                said(200, &json!({"metadata": {"resourceVersion": self.version.to_string()}, "items": items}))
            }
        }
    }

    fn write(&mut self, method: &Method, kind: &str, object: Value) -> Answer {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        let held = self.objects.get(&(kind.to_owned(), name)).cloned();
        match (method, held) {
            (&Method::POST, None) => said(201, &self.put(kind, object, "ADDED")),
            (&Method::POST, Some(_)) => status(409, "AlreadyExists"),
            (&Method::PUT, held) => {
                let says = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
                assert!(!says("resourceVersion").is_empty(), "an update without a version: {object}");
                let Some(held) = held else { return status(404, "NotFound") };
                let of_this = |key: &str| held["metadata"][key].as_str() == Some(says(key));
                if !of_this("resourceVersion") || !of_this("uid") {
                    return status(409, "Conflict");
                }
                said(200, &self.put(kind, object, "MODIFIED"))
            }
            other => panic!("{other:?}"),
        }
    }

    fn put(&mut self, kind: &str, mut object: Value, event: &str) -> Value {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("u-{}", self.version));
        }
        object["metadata"]["resourceVersion"] = json!((self.version + 1).to_string());
        self.objects.insert((kind.to_owned(), name), object.clone());
        self.tell(kind, &object, event);
        object
    }

    fn tell(&mut self, kind: &str, object: &Value, event: &str) {
        self.version += 1;
        let event = json!({"type": event, "object": object});
        self.history.push((self.version, kind.to_owned(), event.clone()));
        self.watchers.retain(|(of, watcher)| of != kind || watcher.send(event.clone()).is_ok());
    }

    fn watch(&mut self, kind: &str, query: &str) -> Answer {
        let from = query.split('&').find_map(|pair| pair.strip_prefix("resourceVersion="));
        let from: u64 = from.expect("a watch names a version").parse().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        if from < self.compacted {
            let gone =
                json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"});
            sender.send(json!({"type": "ERROR", "object": gone})).unwrap();
        } else {
            for (_, _, event) in self.history.iter().filter(|(version, of, _)| *version > from && of == kind) {
                sender.send(event.clone()).unwrap();
            }
            if !self.is_brief {
                self.watchers.push((kind.to_owned(), sender));
            }
        }
        let lines = unfold(events, |mut events| async move {
            let line = format!("{}\n", events.recv().await?);
            Some((Ok(Frame::data(Bytes::from(line))), events))
        });
        Response::new(BodyExt::boxed(StreamBody::new(lines)))
    }
}

fn said(code: u16, value: &Value) -> Answer {
    let body = Full::new(Bytes::from(value.to_string())).boxed();
    Response::builder().status(code).body(body).unwrap()
}

fn status(code: u16, reason: &str) -> Answer {
    let message = format!("the fake says {reason}");
    said(code, &json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}))
}

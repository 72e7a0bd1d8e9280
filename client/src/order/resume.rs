//! `jh order resume`: finishes every order that was interrupted, each under its first key.

use super::finish::finish;
use super::show;
use crate::command::Context;
use crate::failure::Failure;
use crate::output::talk;
use crate::pending::Store;

pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    let all = Store::new(&context.state).list()?;
    let (ours, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|p| p.endpoint == context.api.endpoint());
    for other in &others {
        talk(&format!("order with key {} is meant for {}; resume it with --endpoint", other.key, other.endpoint));
    }
    if ours.is_empty() {
        talk("nothing to resume");
    }
    let mut first_failure = None;
    for pending in &ours {
        match finish(context, pending).await {
            Ok(answer) => {
                let how = if answer.is_replay { "had been placed" } else { "is placed" };
                talk(&format!("order with key {} {how}", pending.key));
                show::print(context, &answer.json)?;
            }
            Err(failure) => {
                talk(&format!("order with key {}: {failure}", pending.key));
                first_failure.get_or_insert(failure);
            }
        }
    }
    first_failure.map_or(Ok(()), Err)
}

//! Brings one pending order to its end: send until the answer is definite, write the journal, forget the pending file.
//! The order of these steps is what makes a crash between any two of them harmless.

use crate::api_client::{Answer, Call};
use crate::command::Context;
use crate::failure::Failure;
use crate::journal::{Acknowledged, Journal};
use crate::pending::{Pending, Store};

/// Sends an order that is already on disk. Errors: as [`crate::api_client::Api::send`]; the pending file stays unless
/// the answer was definite.
pub(crate) async fn finish(context: &Context, pending: &Pending) -> Result<Answer, Failure> {
    let store = Store::new(&context.state);
    let call = Call::post("/v1/orders", pending.body.clone()).with_key(&pending.key);
    match context.api.send(&call).await {
        Ok(answer) => {
            let order = answer.json.clone();
            let entry = Acknowledged { key: pending.key.clone(), endpoint: pending.endpoint.clone(), order };
            // Journal before removal: a crash in between repeats the order under its key and writes the line again,
            // which the journal's reader counts once.
            Journal::new(&context.state).append(&entry)?;
            store.remove(&pending.key)?;
            Ok(answer)
        }
        Err(refused @ Failure::Refused(_)) => {
            store.remove(&pending.key)?;
            Err(refused)
        }
        // Nothing was executed, but the person may want it later: `resume` still knows it.
        Err(other) => Err(other),
    }
}

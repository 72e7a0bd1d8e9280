//! Executes commands: judges them against the state and says what changes. Changes nothing itself.

use crate::command::{Action, Command};
use crate::delta::Delta;
use crate::form;
use crate::issue::{Issue, Problem};
use crate::limits;
use crate::reply::{Refusal, Reply};
use crate::stage::Role;
use crate::state::State;

/// What executing gives: a change, if any, with an answer; or a refusal.
pub(crate) type Outcome = Result<(Option<Delta>, Reply), Refusal>;

impl State {
    /// Executes a command at a time of the log (ms since 1970). Without a delta nothing changes: a refusal, a
    /// repetition, or something that holds already. Never panics, whatever the command says.
    pub fn execute(&self, at_ms: u64, command: &Command) -> (Option<Delta>, Reply) {
        let at_ms = at_ms.min(limits::AT_MS_MAX);
        self.judge(at_ms, command).unwrap_or_else(|refusal| (None, Reply::Refused(refusal)))
    }

    fn judge(&self, at_ms: u64, command: &Command) -> Outcome {
        if let Some(form) = form::of_text(&command.actor.id, false, limits::PRINCIPAL_BYTES_MAX) {
            return Err(Refusal::Issues(vec![Issue::at("", Problem::Form(form))]));
        }
        match &command.action {
            Action::Place(order) => self.place(at_ms, command, order),
            Action::Step { order, step } => self.step(at_ms, command, *order, step),
            Action::PutRestaurant(profile) => self.put_profile(at_ms, command, profile),
            Action::PutMenu { restaurant, menu } => self.put_menu(at_ms, command, restaurant, menu),
            Action::SetAvailability { restaurant, name, availability } => {
                self.set_availability(at_ms, command, restaurant, name, *availability)
            }
            Action::Pause { restaurant, until_ms } => self.pause(at_ms, command, restaurant, *until_ms),
            Action::Resume { restaurant } => self.resume(at_ms, command, restaurant),
            maintenance => {
                only_system(command)?;
                self.maintain(at_ms, maintenance)
            }
        }
    }

    fn maintain(&self, at_ms: u64, action: &Action) -> Outcome {
        match action {
            Action::Begin { secret } => self.take_secret(secret),
            Action::Outage { from_ms, to_ms } => Ok(self.outage(at_ms, *from_ms, *to_ms)),
            Action::Postpone { order } => self.postpone(*order),
            Action::Trim { before_ms } => Ok(self.trim(at_ms, *before_ms)),
            _ => Ok((None, Reply::Done)),
        }
    }
}

fn only_system(command: &Command) -> Result<(), Refusal> {
    match command.actor.role {
        Role::System => Ok(()),
        _ => Err(Refusal::Forbidden { verb: None, who: vec![Role::System] }),
    }
}

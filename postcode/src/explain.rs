//! Tells people how an answer was found, in words. Knows the kinds of steps and grounds; decides nothing.

use api::v1::postcodes::{ExplainedStep, Explanation};

use crate::cache::Answer;
use crate::chain::{Cause, Chain, End, Grounds, Step, Verdict};
use crate::code::Code;
use crate::link::Skip;
use crate::wire;

/// How an answer about a postcode was found.
pub(crate) fn explanation(chain: &Chain, code: Code, answer: &Answer) -> Explanation {
    let known = &*answer.resolution;
    Explanation {
        why: why(known.grounds, &known.verdict, known.source),
        cache: wire::cache_status(answer.via),
        steps: known.steps.iter().map(|step| explained(chain, code, step)).collect(),
    }
}

fn why(grounds: Grounds, verdict: &Verdict, source: &str) -> String {
    match grounds {
        Grounds::ServiceKnows => format!("{source} knows it and was the first to say so"),
        Grounds::PackAlone => "no service is asked about it; the embedded data decides".to_owned(),
        Grounds::PackForWant => "no service could say in time; the embedded data has it".to_owned(),
        Grounds::PackOverSuspect => {
            "a service put it too far from where the embedded data has it; the embedded data is believed".to_owned()
        }
        Grounds::PackOverDenial => {
            "one service alone does not know it, and the embedded data has it; the embedded data is believed".to_owned()
        }
        Grounds::DeniedWithPack => format!("{source} does not have it, nor does the embedded data"),
        Grounds::DeniedTwice => format!("{source} does not have it, and another service agrees"),
        Grounds::DeniedOnce => "one service does not know it, which is not believed of one alone".to_owned(),
        Grounds::NobodyKnows => "nobody could say in time; only its shape was checked".to_owned(),
        Grounds::Inherited if *verdict == Verdict::NotFound => {
            format!("{source} and another source did not have it; kept from before this adapter started")
        }
        Grounds::Inherited => format!("{source} knew it; kept from before this adapter started"),
    }
}

fn explained(chain: &Chain, code: Code, step: &Step) -> ExplainedStep {
    let (outcome, status, detail) = match step.end {
        End::Said(word, status) => (word, status, None),
        End::Suspect(metres) => ("suspect", None, Some(format!("{metres} m from the embedded data's point"))),
        End::Skipped(skip) => ("skipped", None, Some(skipped(skip).to_owned())),
    };
    let cause = match step.cause {
        Cause::Turn => "turn",
        Cause::Hedge => "hedge",
        Cause::Repeat => "repeat",
    };
    let was_asked = !matches!(step.end, End::Skipped(_));
    ExplainedStep {
        source: step.provider.to_owned(),
        request: if was_asked { chain.request(step.provider, code) } else { None },
        cause: cause.to_owned(),
        outcome: outcome.to_owned(),
        status,
        detail,
        began_ms: step.began_ms,
        took_ms: step.took_ms,
    }
}

fn skipped(skip: Skip) -> &'static str {
    match skip {
        Skip::Open => "it failed lately and is left alone",
        Skip::Probing => "it failed lately; one request is finding out whether it works again",
        Skip::Paced => "it was asked as often as it allows",
        Skip::Full => "too many requests to it are under way",
    }
}

//! ViaCEP: the streets of Brazilian postcodes, free and without a key. What is unknown comes as a success with an error in it.

use serde::Deserialize;

use super::page::{Page, joined};
use super::{Service, is_of, keep};
use crate::code::Code;
use crate::provider::{Outcome, Place, Terms};

pub(super) struct ViaCep;

const ATTRIBUTION: &[&str] = &["Postcode data of Correios, by ViaCEP."];

#[derive(Deserialize)]
struct Body {
    cep: Option<String>,
    logradouro: Option<String>,
    bairro: Option<String>,
    localidade: Option<String>,
    uf: Option<String>,
    erro: Option<Erro>,
}

/// `true`, and in some versions the text "true".
#[derive(Deserialize)]
#[serde(untagged)]
enum Erro {
    Plain(bool),
    Text(String),
}

impl Service for ViaCep {
    fn name(&self) -> &'static str {
        "viacep"
    }

    fn home(&self) -> &'static str {
        "https://viacep.com.br"
    }

    fn covers(&self, code: Code) -> bool {
        is_of(code, "BR")
    }

    fn terms(&self, _: Code) -> Terms {
        keep(ATTRIBUTION)
    }

    fn target(&self, code: Code) -> String {
        format!("/ws/{}/json/", code.compact())
    }

    fn read(&self, code: Code, page: &Page) -> Outcome {
        match page.status {
            200 => {}
            400 => return Outcome::Invalid,
            _ => return page.refusal(),
        }
        let Some(body) = page.json::<Body>() else { return Outcome::Malformed };
        let is_error = match &body.erro {
            None => false,
            Some(Erro::Plain(is_error)) => *is_error,
            Some(Erro::Text(text)) => text == "true",
        };
        match body.cep.as_deref() {
            None if is_error => Outcome::NotFound,
            Some(cep) if !is_error && code.is_meant_by(cep) => Outcome::Found(Place {
                name: joined(
                    [&body.logradouro, &body.bairro, &body.localidade, &body.uf].map(|part| part.as_deref()),
                    ", ",
                ),
                ..Place::default()
            }),
            _ => Outcome::Malformed,
        }
    }
}

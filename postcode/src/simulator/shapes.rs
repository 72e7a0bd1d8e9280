//! What each service answers when it works: its exact bodies for a postcode that it knows, does not know, or takes for
//! none. British places are drawn from the pack; of every other country it knows the few places listed here.

use serde_json::{Value, json};

use crate::code::Code;
use crate::country::{BRITAIN, Country};
use crate::grid::{GridPoint, Position};
use crate::pack::Pack;

/// An answer: status, media type, body.
pub(super) type Shape = (u16, &'static str, String);

const JSON: &str = "application/json; charset=utf-8";

/// Places abroad: country, code, what it is called, latitude, longitude.
const ABROAD: [(&str, &str, &str, f64, f64); 14] = [
    ("SG", "307987", "SINARAN DRIVE", 1.3196, 103.8439),
    ("SG", "018956", "BAYFRONT AVENUE", 1.2834, 103.8607),
    ("JP", "100-0001", "千代田", 35.6841, 139.7528),
    ("JP", "060-0000", "北海道", 43.0621, 141.3544),
    ("NL", "1012 JS", "Dam, Amsterdam", 52.3731, 4.8926),
    ("FR", "75001", "Paris", 48.8626, 2.3363),
    ("DE", "10115", "Berlin", 52.5323, 13.3846),
    ("AT", "1010", "Wien", 48.2082, 16.3719),
    ("CH", "8001", "Zürich", 47.3725, 8.5417),
    ("LI", "9490", "Vaduz", 47.1410, 9.5209),
    ("BR", "01001-000", "Praça da Sé", -23.5503, -46.6342),
    ("US", "90210", "Beverly Hills", 34.0901, -118.4065),
    ("SE", "111 20", "Stockholm", 59.3311, 18.0627),
    ("CA", "K1A0B1", "Ottawa", 45.4201, -75.7003),
];

/// A place as the services tell it.
struct Known {
    code: String,
    name: String,
    point: Option<Position>,
    grid: Option<GridPoint>,
}

/// What is asked of a service, taken from its path and query. `None` if the service would not know the route.
pub(super) fn asked(service: &str, target: &str) -> Option<(Country, String)> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
    };
    let country = |letters: &str| Country::parse(letters);
    let segment = |prefix: &str| path.strip_prefix(prefix).map(|rest| decoded(rest.trim_end_matches("/json/")));
    match service {
        "postcodes.io" => Some((BRITAIN, segment("/postcodes/")?)),
        "open-postcode-geo" => Some((BRITAIN, segment("/postcode/")?)),
        "ideal-postcodes" => Some((BRITAIN, segment("/v1/postcodes/")?)),
        "os-places" => Some((BRITAIN, parameter("postcode")?)),
        "onemap" => Some((country("SG")?, parameter("searchVal")?)),
        "zipcloud" => Some((country("JP")?, parameter("zipcode")?)),
        "pdok" => Some((country("NL")?, parameter("fq")?.strip_prefix("postcode:")?.to_owned())),
        "geoplateforme" => Some((country("FR")?, parameter("postcode")?)),
        "openplz" => Some((country(path.get(1..3)?)?, parameter("postalCode")?)),
        "viacep" => Some((country("BR")?, segment("/ws/")?)),
        "zippopotam" => Some((country(path.get(1..3)?)?, decoded(path.get(4..)?))),
        "nominatim" => Some((country(&parameter("countrycodes")?)?, parameter("postalcode")?)),
        _ => None,
    }
}

/// What a service that works answers about a text.
pub(super) fn answer(pack: &Pack, service: &str, country: Country, text: &str) -> Shape {
    match Code::parse(country, text) {
        Err(_) => invalid(service),
        Ok(code) => match known(pack, code) {
            None => unknown(service, &code.to_string()),
            Some(known) => found(service, &known),
        },
    }
}

/// What it answers about a postcode that it does not know.
pub(super) fn unknown(service: &str, code: &str) -> Shape {
    let json = |status, value: Value| (status, JSON, value.to_string());
    match service {
        "postcodes.io" if code == "AB1 0AA" => json(
            404,
            json!({"status": 404, "error": "Postcode not found", "terminated": {"postcode": code,
                "year_terminated": 1996, "month_terminated": 6, "longitude": -2.242_851, "latitude": 57.101_474}}),
        ),
        "postcodes.io" => json(404, json!({"status": 404, "error": "Postcode not found"})),
        "open-postcode-geo" => json(200, json!({"status": "no_match", "match_type": Value::Null, "input": code})),
        "ideal-postcodes" => json(404, json!({"code": 4040, "message": "Postcode Not Found", "suggestions": []})),
        "os-places" => json(200, json!({"header": {"uri": "", "query": "postcode", "totalresults": 0}})),
        "onemap" => json(200, json!({"found": 0, "totalNumPages": 0, "pageNum": 1, "results": []})),
        "zipcloud" => (
            200,
            "text/plain; charset=utf-8",
            json!({"message": Value::Null, "results": Value::Null, "status": 200}).to_string(),
        ),
        "pdok" => json(200, json!({"response": {"numFound": 0, "start": 0, "numFoundExact": true, "docs": []}})),
        "geoplateforme" => json(200, json!({"type": "FeatureCollection", "features": [], "query": code})),
        "viacep" => json(200, json!({"erro": "true"})),
        "zippopotam" => json(404, json!({})),
        _ => json(200, json!([])),
    }
}

fn invalid(service: &str) -> Shape {
    match service {
        "postcodes.io" => (404, JSON, json!({"status": 404, "error": "Invalid postcode"}).to_string()),
        "zipcloud" => {
            let message = "パラメータ「郵便番号」の桁数が不正です。";
            (
                200,
                "text/plain; charset=utf-8",
                json!({"message": message, "results": Value::Null, "status": 400}).to_string(),
            )
        }
        "viacep" => (400, "text/html; charset=utf-8", "<h3>Erro 400</h3>".to_owned()),
        other => unknown(other, ""),
    }
}

fn known(pack: &Pack, code: Code) -> Option<Known> {
    if let Some(postcode) = code.british() {
        let entry = pack.find(postcode.outcode().as_str(), postcode.incode())?;
        let name = entry.district.unwrap_or_default().to_owned();
        let point = entry.point.map(|point| Position::from(point).rounded());
        return Some(Known { code: code.to_string(), name, point, grid: entry.point });
    }
    let here = |(country, text, ..): &&(&str, &str, &str, f64, f64)| {
        code.country().as_str() == *country && code.to_string() == *text
    };
    let (_, text, name, latitude, longitude) = ABROAD.iter().find(here)?;
    let point = Some(Position { latitude: *latitude, longitude: *longitude });
    Some(Known { code: (*text).to_owned(), name: (*name).to_owned(), point, grid: None })
}

fn found(service: &str, known: &Known) -> Shape {
    let Known { code, name, point, grid } = known;
    let (latitude, longitude) = (point.map(|point| point.latitude), point.map(|point| point.longitude));
    let text = |number: Option<f64>| number.map(|number| number.to_string());
    let compact: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let body = match service {
        "postcodes.io" => json!({"status": 200, "result": {"postcode": code, "quality": 1, "country": "England",
            "eastings": grid.map(|grid| grid.easting_m), "northings": grid.map(|grid| grid.northing_m),
            "longitude": longitude, "latitude": latitude, "admin_district": name, "parish": Value::Null,
            "codes": {"admin_district": "E99999999"}, "outcode": code.split(' ').next(), "incode": code.split(' ').nth(1)}}),
        "open-postcode-geo" => json!({"status": "match", "match_type": "unit_postcode", "input": code,
            "data": {"postcode": code, "status": "live", "usertype": "small", "country": "England",
                "positional_quality_indicator": 1, "easting": grid.map(|grid| grid.easting_m.to_string()),
                "northing": grid.map(|grid| grid.northing_m.to_string()), "latitude": text(latitude),
                "longitude": text(longitude), "postcode_no_space": compact}, "copyright": ["Contains OS data"]}),
        "ideal-postcodes" => {
            let address = |number: &str| {
                json!({"postcode": code, "post_town": name.to_uppercase(), "premise": number,
                    "line_1": format!("{number} Simulated Street"), "line_2": "", "line_3": "", "latitude": latitude,
                    "longitude": longitude, "udprn": 1, "thoroughfare": "Simulated Street"})
            };
            json!({"code": 2000, "message": "Success", "total": 2, "page": 0, "limit": 100,
                "result": [address("1"), address("2")]})
        }
        "os-places" => json!({"header": {"query": "postcode", "totalresults": 1, "format": "JSON"}, "results": [
            {"DPA": {"UPRN": "1", "ADDRESS": format!("1, SIMULATED STREET, {}, {code}", name.to_uppercase()),
                "POSTCODE": code, "POST_TOWN": name.to_uppercase(), "LAT": latitude, "LNG": longitude}}]}),
        "onemap" => {
            json!({"found": 1, "totalNumPages": 1, "pageNum": 1, "results": [{"SEARCHVAL": name, "BLK_NO": "10",
            "ROAD_NAME": name, "BUILDING": "NIL", "ADDRESS": format!("10 {name} SINGAPORE {code}"), "POSTAL": code,
            "X": "29000.1", "Y": "33500.2", "LATITUDE": text(latitude), "LONGITUDE": text(longitude)}]})
        }
        "zipcloud" => json!({"message": Value::Null, "status": 200, "results": [{"address1": "東京都",
            "address2": "千代田区", "address3": name, "kana1": "ﾄｳｷｮｳﾄ", "kana2": "ﾁﾖﾀﾞｸ", "kana3": "ﾁﾖﾀﾞ",
            "prefcode": "13", "zipcode": compact}]}),
        "pdok" => json!({"response": {"numFound": 1, "start": 0, "docs": [{"type": "postcode", "postcode": compact,
            "straatnaam": name.split(", ").next(), "woonplaatsnaam": name.split(", ").nth(1),
            "weergavenaam": name, "centroide_ll": point.map(|p| format!("POINT({} {})", p.longitude, p.latitude))}]}}),
        "geoplateforme" => json!({"type": "FeatureCollection", "features": [{"type": "Feature",
            "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
            "properties": {"label": name, "postcode": code, "city": name, "type": "municipality", "score": 0.9}}]}),
        "openplz" => json!([{"postalCode": code, "name": name, "municipality": {"key": "1", "name": name},
            "district": Value::Null, "federalState": {"key": "11", "name": name}}]),
        "viacep" => json!({"cep": code, "logradouro": name, "complemento": "lado ímpar", "bairro": "Sé",
            "localidade": "São Paulo", "uf": "SP", "ibge": "3550308", "ddd": "11"}),
        "zippopotam" => json!({"post code": code, "country": "Somewhere", "country abbreviation": "XX",
            "places": [{"place name": name, "longitude": text(longitude), "state": "", "state abbreviation": "",
                "latitude": text(latitude)}]}),
        _ => json!([{"place_id": 1, "lat": text(latitude), "lon": text(longitude), "display_name": name,
            "address": {"postcode": code, "city": name}}]),
    };
    let media = if service == "zipcloud" { "text/plain; charset=utf-8" } else { JSON };
    (200, media, body.to_string())
}

/// An error within a success, in each service's way or in a way that any may have.
pub(super) fn error_inside(service: &str) -> Shape {
    let body = match service {
        "postcodes.io" => json!({"status": 500, "error": "Internal error"}),
        "open-postcode-geo" => json!({"status": "error", "error": "internal error"}),
        "ideal-postcodes" => json!({"code": 5000, "message": "Internal error"}),
        "zipcloud" => json!({"message": "internal error", "results": Value::Null, "status": 500}),
        "viacep" => json!({"cep": Value::Null, "erro": false}),
        _ => json!({"error": "internal error", "status": 500}),
    };
    (200, JSON, body.to_string())
}

/// The same answer with the position far away, in whatever form the service writes it.
pub(super) fn elsewhere(pack: &Pack, service: &str, country: Country, text: &str) -> Shape {
    let Some(known) = Code::parse(country, text).ok().and_then(|code| known(pack, code)) else {
        return unknown(service, text);
    };
    // On Antarctica nobody delivers.
    let point = Some(Position { latitude: -82.8, longitude: 135.0 });
    found(service, &Known { point, ..known })
}

/// The same shape about another postcode of the country.
pub(super) fn wrong(pack: &Pack, service: &str, country: Country, text: &str) -> Shape {
    let other = match country {
        BRITAIN if text.replace(['+', ' '], "") == "SW1A2AA" => "NE1 7RU".to_owned(),
        BRITAIN => "SW1A 2AA".to_owned(),
        _ => text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect(),
    };
    let point = Some(Position { latitude: 51.5, longitude: -0.1 });
    let code = Code::parse(country, &other).map_or(other, |code| code.to_string());
    let found_other = Code::parse(country, &code).ok().and_then(|code| known(pack, code));
    found(service, &found_other.unwrap_or(Known { code, name: "Elsewhere".to_owned(), point, grid: None }))
}

/// Percent signs and pluses undone.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = || u8::from_str_radix(std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?, 16).ok();
        match (bytes[at], hex()) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

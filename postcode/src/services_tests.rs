//! Contract tests: recorded shapes of every service's answers, and what each is to be read as. A change of a service
//! shows here first.

use std::time::Duration;

use super::*;
use crate::country::Country;
use crate::grid::Position;
use crate::provider::Place;

fn read(service: &str, country: &str, code: &str, status: u16, body: &str) -> Outcome {
    let code = Code::parse(Country::parse(country).unwrap(), code).unwrap();
    let page = Page { status, media: "application/json".into(), retry_after: None, body: body.as_bytes().to_vec() };
    named(service).unwrap().read(code, &page)
}

fn found(name: Option<&str>, at: Option<(f64, f64)>) -> Outcome {
    let position = at.map(|(latitude, longitude)| Position { latitude, longitude });
    Outcome::Found(Place { name: name.map(str::to_owned), position, ..Place::default() })
}

fn target(service: &str, country: &str, code: &str) -> String {
    let code = Code::parse(Country::parse(country).unwrap(), code).unwrap();
    let service = named(service).unwrap();
    assert!(service.covers(code));
    service.target(code)
}

#[test]
fn each_is_asked_as_its_documentation_says() {
    for (service, country, code, expected) in [
        ("postcodes.io", "GB", "DH1 3LE", "/postcodes/DH1%203LE"),
        ("open-postcode-geo", "GB", "SW1A 1AA", "/postcode/SW1A+1AA"),
        ("ideal-postcodes", "GB", "ID1 1QD", "/v1/postcodes/ID1%201QD"),
        ("os-places", "GB", "DH1 3LE", "/search/places/v1/postcode?postcode=DH13LE&output_srs=EPSG:4326"),
        (
            "onemap",
            "SG",
            "307987",
            "/api/common/elastic/search?searchVal=307987&returnGeom=Y&getAddrDetails=Y&pageNum=1",
        ),
        ("zipcloud", "JP", "100-0001", "/api/search?zipcode=1000001"),
        ("pdok", "NL", "1012 JS", "/bzk/locatieserver/search/v3_1/free?fq=postcode:1012JS"),
        ("geoplateforme", "FR", "75001", "/geocodage/search?q=75001&postcode=75001&limit=5"),
        ("openplz", "CH", "8001", "/ch/Localities?postalCode=8001"),
        ("viacep", "BR", "01001-000", "/ws/01001000/json/"),
        ("zippopotam", "SE", "111 20", "/se/111%2020"),
        (
            "nominatim",
            "CA",
            "K1A 0B1",
            "/search?postalcode=K1A0B1&countrycodes=ca&format=jsonv2&addressdetails=1&limit=1",
        ),
    ] {
        assert_eq!(target(service, country, code), expected);
    }
}

#[test]
fn each_covers_its_own_country_and_british_ones_only_where_they_are() {
    let covers = |service: &str, country: &str, code: &str| {
        named(service).unwrap().covers(Code::parse(Country::parse(country).unwrap(), code).unwrap())
    };
    assert!(covers("postcodes.io", "GB", "BT7 1NN") && covers("postcodes.io", "GB", "JE2 4WD"));
    assert!(!covers("open-postcode-geo", "GB", "BT7 1NN") && !covers("os-places", "GB", "GY1 1AA"));
    assert!(!covers("nominatim", "GB", "DH1 3LE") && !covers("zippopotam", "GB", "DH1 3LE"));
    let of = |country, code| {
        all().into_iter().filter(move |service| covers(service.name(), country, code)).map(|s| s.name())
    };
    assert_eq!(of("SG", "307987").collect::<Vec<_>>(), ["onemap", "nominatim"]);
    assert_eq!(of("DE", "10115").collect::<Vec<_>>(), ["openplz", "zippopotam", "nominatim"]);
    assert_eq!(of("ZZ", "12345").collect::<Vec<_>>(), ["nominatim"]);
}

#[test]
fn terms_are_kept_to() {
    let terms =
        |service: &str, code: &str| named(service).unwrap().terms(Code::parse(crate::country::BRITAIN, code).unwrap());
    assert!(terms("postcodes.io", "DH1 3LE").cacheable);
    assert!(!terms("postcodes.io", "BT7 1NN").cacheable, "Northern Ireland is not open for commercial use");
    assert!(PREMISES.iter().all(|service| !terms(service, "DH1 3LE").cacheable));
    assert!(all().iter().all(|service| !terms(service.name(), "DH1 3LE").attribution.is_empty()));
    assert_eq!(named("nominatim").unwrap().pace(), Pace::per_second(1));
}

#[test]
fn postcodes_io_is_read() {
    let read = |code, status, body| read("postcodes.io", "GB", code, status, body);
    let br8 = r#"{"status":200,"result":{"postcode":"BR8 7RE","quality":1,"eastings":551626,"northings":170342,
        "country":"England","longitude":0.178871,"latitude":51.411831,"admin_district":"Sevenoaks","parish":"Hextable",
        "codes":{"admin_district":"E07000111"},"outcode":"BR8","incode":"7RE","new_one":[1,{"a":null}]}}"#;
    assert_eq!(read("BR8 7RE", 200, br8), found(Some("Sevenoaks"), Some((51.411_831, 0.178_871))));
    assert_eq!(read("BR8 7RD", 200, br8), Outcome::Malformed, "about another one");
    let jersey = r#"{"status":200,"result":{"postcode":"JE2 4WD","eastings":null,"northings":null,"longitude":null,
        "latitude":null,"admin_district":null,"country":"Channel Islands"}}"#;
    assert_eq!(read("JE2 4WD", 200, jersey), found(None, None));
    assert_eq!(read("ID1 1QE", 404, r#"{"status":404,"error":"Postcode not found"}"#), Outcome::NotFound);
    assert_eq!(read("ID1 1QE", 404, r#"{"status":404,"error":"Invalid postcode"}"#), Outcome::Invalid);
    assert_eq!(read("ID1 1QE", 404, r#"{"status":404,"error":"Resource not found"}"#), Outcome::Malformed);
    let ended = r#"{"status":404,"error":"Postcode not found","terminated":{"postcode":"AB1 0AA","year_terminated":1996,
        "month_terminated":6,"longitude":-2.242851,"latitude":57.101474}}"#;
    assert_eq!(read("AB1 0AA", 404, ended), Outcome::Terminated);
    assert_eq!(read("AB1 0AB", 404, ended), Outcome::Malformed);
    assert_eq!(read("DH1 3LE", 200, r#"{"status":200,"result":null}"#), Outcome::Malformed);
    assert_eq!(read("DH1 3LE", 500, "oops"), Outcome::Transient);
}

#[test]
fn open_postcode_geo_is_read() {
    let read = |code, body: &str| read("open-postcode-geo", "GB", code, 200, body);
    let live = r#"{"status":"match","match_type":"unit_postcode","input":"SW1A1AA","data":{"postcode":"SW1A 1AA",
        "status":"live","usertype":"large","easting":529090,"northing":179645,"positional_quality_indicator":1,
        "country":"England","latitude":"51.501009","longitude":"-0.141588","postcode_no_space":"SW1A1AA"},
        "copyright":["Contains OS data"]}"#;
    assert_eq!(read("SW1A 1AA", live), found(None, Some((51.501_009, -0.141_588))));
    assert_eq!(read("SW1A 1AB", live), Outcome::Malformed);
    assert_eq!(read("SW1A 1AA", &live.replace("\"live\"", "\"terminated\"")), Outcome::Terminated);
    assert_eq!(read("SW1A 1AA", &live.replace("51.501009", "north")), found(None, None));
    assert_eq!(read("ID1 1QE", r#"{"status":"no_match","match_type":null,"input":"ID11QE"}"#), Outcome::NotFound);
    assert_eq!(read("ID1 1QE", r#"{"status":"error"}"#), Outcome::Malformed);
}

#[test]
fn ideal_postcodes_is_read() {
    let read = |status, body: &str| read("ideal-postcodes", "GB", "ID1 1QD", status, body);
    let two = r#"{"result":[{"postcode":"ID1 1QD","post_town":"LONDON","line_1":"1 Test Street","line_2":"Testing","line_3":"",
        "latitude":51.5,"longitude":-0.2,"udprn":1},{"postcode":"ID1 1QD","post_town":"LONDON","line_1":"2 Test Street",
        "line_2":"","line_3":"","latitude":"","longitude":""}],"code":2000,"message":"Success","total":2,"page":0,"limit":100}"#;
    let Outcome::Found(place) = read(200, two) else { panic!("not found") };
    assert_eq!(place.addresses, ["1 Test Street, Testing", "2 Test Street"]);
    assert_eq!((place.name.as_deref(), place.position.is_some()), (Some("LONDON"), true));
    assert_eq!(read(200, &two.replacen("ID1 1QD", "ID1 1QE", 1)), Outcome::Malformed);
    assert_eq!(
        read(404, r#"{"code":4040,"message":"Postcode Not Found","suggestions":["ID1 1QD"]}"#),
        Outcome::NotFound
    );
    assert_eq!(read(401, r#"{"code":4010,"message":"Invalid Key"}"#), Outcome::Unauthorised);
    assert_eq!(read(402, r#"{"code":4020,"message":"Key balance depleted"}"#), Outcome::Exhausted);
    assert_eq!(read(503, ""), Outcome::RateLimited(None));
    assert_eq!(read(200, r#"{"code":2000,"result":[]}"#), Outcome::Malformed);
}

#[test]
fn os_places_is_read() {
    let read = |body: &str| read("os-places", "GB", "DH1 3LE", 200, body);
    let one = r#"{"header":{"query":"postcode=DH13LE","totalresults":1},"results":[{"DPA":{"UPRN":"1",
        "ADDRESS":"1, SOUTH ROAD, DURHAM, DH1 3LE","POSTCODE":"DH1 3LE","POST_TOWN":"DURHAM","LNG":-1.57,"LAT":54.76}}]}"#;
    let Outcome::Found(place) = read(one) else { panic!("not found") };
    assert_eq!(place.addresses, ["1, SOUTH ROAD, DURHAM, DH1 3LE"]);
    assert_eq!(read(r#"{"header":{"totalresults":0}}"#), Outcome::NotFound);
    assert_eq!(read(r#"{"header":{"totalresults":3}}"#), Outcome::Malformed);
}

#[test]
fn onemap_is_read() {
    let read = |body: &str| read("onemap", "SG", "307987", 200, body);
    let hit = r#"{"found":2,"totalNumPages":1,"pageNum":1,"results":[{"SEARCHVAL":"X","BLK_NO":"1","ROAD_NAME":"OTHER ROAD",
        "BUILDING":"NIL","ADDRESS":"307987 OTHER ROAD","POSTAL":"NIL","X":"1","Y":"2","LATITUDE":"1.3","LONGITUDE":"103.8"},
        {"SEARCHVAL":"SQUARE 2","BLK_NO":"10","ROAD_NAME":"SINARAN DRIVE","BUILDING":"SQUARE 2",
        "ADDRESS":"10 SINARAN DRIVE SQUARE 2 SINGAPORE 307987","POSTAL":"307987","X":"29000","Y":"33554",
        "LATITUDE":"1.32","LONGITUDE":"103.844"}]}"#;
    let Outcome::Found(place) = read(hit) else { panic!("not found") };
    assert_eq!((place.name.as_deref(), place.is_building), (Some("SINARAN DRIVE"), true));
    assert_eq!(place.addresses, ["10 SINARAN DRIVE SQUARE 2 SINGAPORE 307987"]);
    assert_eq!(read(r#"{"found":0,"totalNumPages":0,"pageNum":1,"results":[]}"#), Outcome::NotFound);
    assert_eq!(read(r#"{"error":"Authentication token expired"}"#), Outcome::Malformed);
}

#[test]
fn onemap_s_door_is_knocked_at_and_its_tokens_are_read() {
    let onemap = named("onemap").unwrap();
    let door = onemap.door().unwrap();
    let login = Login { email: "ada@example.org".into(), password: "a \"quoted\" one".into() };
    assert_eq!(door.target(), "/api/auth/post/getToken");
    assert_eq!(door.body(&login), r#"{"email":"ada@example.org","password":"a \"quoted\" one"}"#);
    let read = |status, body: &str| {
        door.read(&Page { status, media: "application/json".into(), retry_after: None, body: body.into() })
    };
    let given = r#"{"access_token":"eyJ0.x.y","expiry_timestamp":"1700000000"}"#;
    assert_eq!(read(200, given), Ok(("eyJ0.x.y".to_owned(), 1_700_000_000_000)));
    assert_eq!(read(200, &given.replace("\"1700000000\"", "1700000000")).map(|token| token.1), Ok(1_700_000_000_000));
    for strange in ["{}", "", &given.replace("1700000000", "soon"), &given.replace("1700000000", "1e300")] {
        assert_eq!(read(200, strange), Err(Outcome::Malformed), "{strange}");
    }
    assert_eq!(read(401, r#"{"error":"Authentication failed"}"#), Err(Outcome::Unauthorised));
    assert_eq!(read(429, "{}"), Err(Outcome::RateLimited(None)));
    assert!(all().iter().all(|service| service.door().is_some() == (service.key() == Key::Token)));
}

#[test]
fn zipcloud_is_read_though_it_says_everything_with_200() {
    let read = |body: &str| read("zipcloud", "JP", "100-0001", 200, body);
    let one = r#"{"message":null,"results":[{"address1":"東京都","address2":"千代田区","address3":"千代田",
        "kana1":"ﾄｳｷｮｳﾄ","kana2":"ﾁﾖﾀﾞｸ","kana3":"ﾁﾖﾀﾞ","prefcode":"13","zipcode":"1000001"}],"status":200}"#;
    assert_eq!(read(one), found(Some("東京都千代田区千代田"), None));
    assert_eq!(read(r#"{"message":null,"results":null,"status":200}"#), Outcome::NotFound);
    assert_eq!(read(r#"{"message":"桁数不正","results":null,"status":400}"#), Outcome::Invalid);
    assert_eq!(read(r#"{"message":"x","results":null,"status":500}"#), Outcome::Transient);
}

#[test]
fn the_dutch_the_french_and_the_german_services_are_read() {
    let pdok = r#"{"response":{"numFound":1,"start":0,"maxScore":1.0,"numFoundExact":true,"docs":[{"type":"postcode",
        "postcode":"1012JS","straatnaam":"Dam","woonplaatsnaam":"Amsterdam","centroide_ll":"POINT(4.89262 52.37307)"}]}}"#;
    assert_eq!(read("pdok", "NL", "1012JS", 200, pdok), found(Some("Dam, Amsterdam"), Some((52.373_07, 4.892_62))));
    assert_eq!(read("pdok", "NL", "1012JT", 200, pdok), Outcome::Malformed);
    let none = r#"{"response":{"numFound":0,"start":0,"docs":[]}}"#;
    assert_eq!(read("pdok", "NL", "1012JS", 200, none), Outcome::NotFound);
    let paris = r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point",
        "coordinates":[2.3363,48.8626]},"properties":{"label":"Paris 1er","postcode":"75001","city":"Paris"}}]}"#;
    assert_eq!(read("geoplateforme", "FR", "75001", 200, paris), found(Some("Paris"), Some((48.8626, 2.3363))));
    assert_eq!(read("geoplateforme", "FR", "75002", 200, paris), Outcome::Malformed);
    assert_eq!(read("geoplateforme", "FR", "75001", 200, r#"{"features":[]}"#), Outcome::NotFound);
    let berlin = r#"[{"postalCode":"10115","name":"Berlin","municipality":{"key":"11000000","name":"Berlin, Stadt"}}]"#;
    assert_eq!(read("openplz", "DE", "10115", 200, berlin), found(Some("Berlin"), None));
    assert_eq!(read("openplz", "DE", "10117", 200, berlin), Outcome::Malformed);
    assert_eq!(read("openplz", "DE", "10115", 200, "[]"), Outcome::NotFound);
}

#[test]
fn viacep_is_read_in_both_ways_of_saying_no() {
    let read = |status, body: &str| read("viacep", "BR", "01001-000", status, body);
    let one = r#"{"cep":"01001-000","logradouro":"Praça da Sé","complemento":"lado ímpar","bairro":"Sé",
        "localidade":"São Paulo","uf":"SP","ibge":"3550308","ddd":"11"}"#;
    assert_eq!(read(200, one), found(Some("Praça da Sé, Sé, São Paulo, SP"), None));
    assert_eq!(read(200, r#"{"erro":true}"#), Outcome::NotFound);
    assert_eq!(read(200, r#"{"erro":"true"}"#), Outcome::NotFound);
    assert_eq!(read(400, "<html>"), Outcome::Invalid);
}

#[test]
fn the_two_for_the_rest_are_read() {
    let hills = r#"{"post code":"90210","country":"United States","country abbreviation":"US","places":[{"place name":
        "Beverly Hills","longitude":"-118.4065","state":"California","state abbreviation":"CA","latitude":"34.0901"}]}"#;
    let zippopotam = |status, body| read("zippopotam", "US", "90210", status, body);
    assert_eq!(zippopotam(200, hills), found(Some("Beverly Hills"), Some((34.0901, -118.4065))));
    assert_eq!((zippopotam(404, "{}"), zippopotam(404, "gone")), (Outcome::NotFound, Outcome::Malformed));
    let ottawa = r#"[{"place_id":1,"lat":"45.42","lon":"-75.70","display_name":"K1A 0B1, Ottawa","address":{
        "postcode":"K1A 0B1","city":"Ottawa","country_code":"ca"}}]"#;
    let nominatim = |body| read("nominatim", "CA", "K1A 0B1", 200, body);
    assert_eq!(nominatim(ottawa), found(Some("Ottawa"), Some((45.42, -75.70))));
    assert_eq!(nominatim("[]"), Outcome::NotFound);
}

#[test]
fn whatever_anyone_answers_is_read_as_something_and_never_as_found() {
    let (bodies, statuses) = (["", "null", "[]", "{}", "[[[", "\u{0}", "<html>", "{\"status\":200}"], 100..600);
    for service in all() {
        for (status, body) in statuses.clone().flat_map(|status| bodies.map(|body| (status, body))) {
            let page = Page { status, media: "application/json".into(), body: body.into(), ..Page::default() };
            let code = Code::parse(crate::country::BRITAIN, "DH1 3LE").unwrap();
            assert!(!matches!(service.read(code, &page), Outcome::Found(_)), "{} {status} {body}", service.name());
        }
        let asked = Page { status: 429, retry_after: Some(Duration::from_secs(7)), ..Page::default() };
        let code = Code::parse(crate::country::BRITAIN, "DH1 3LE").unwrap();
        assert_eq!(
            service.read(code, &asked),
            Outcome::RateLimited(Some(Duration::from_secs(7))),
            "{}",
            service.name()
        );
    }
}

#[test]
fn texts_from_outside_are_cleaned_and_short() {
    let body = format!(
        r#"{{"status":200,"result":{{"postcode":"DH1 3LE","admin_district":" A\u0007B{} "}}}}"#,
        "x".repeat(999)
    );
    let Outcome::Found(place) = read("postcodes.io", "GB", "DH1 3LE", 200, &body) else { panic!("not found") };
    let name = place.name.unwrap();
    assert!(name.starts_with("AB") && name.chars().count() <= crate::limits::TEXT_CHARS_MAX, "{name}");
}

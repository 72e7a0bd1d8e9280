//! What is said of postcodes: by the adapter to the front end, and by the front end to the world. Shapes only.

use crate::v1::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A postcode and the place it stands for: the answer of `GET /v1/postcodes/{postcode}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Located {
    /// In canonical form: capitals, one space.
    #[schema(example = "DH1 3LE")]
    pub postcode: String,
    /// The country's two letters (ISO 3166-1): GB, JE, GG, IM, or the one that was asked for.
    #[schema(example = "GB")]
    pub country: String,
    /// The first half of the postcode; in other countries the whole of it.
    #[schema(example = "DH1")]
    pub outcode: String,
    /// The local authority district; in other countries the town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "County Durham")]
    pub place: Option<String>,
    /// Degrees north, WGS84; absent if no point is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 54.76811)]
    pub latitude: Option<f64>,
    /// Degrees east, WGS84; absent if no point is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = -1.57187)]
    pub longitude: Option<f64>,
    /// How it is known, and how well.
    pub provenance: Provenance,
    /// The addresses there; present only from sources that know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Postcodes that may have been meant, if nobody could say whether this one exists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// Lines to show beside the answer, as the sources' licences ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribution: Vec<String>,
    /// How this answer was found; present only if `?explain=true` was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// How an answer was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Why this answer and not another.
    pub why: String,
    /// Whether it was asked for or kept, in the words of `Cache-Status`.
    pub cache: String,
    /// Who was asked what, in the order in which it ended. Of a kept answer: when it was asked for.
    pub steps: Vec<ExplainedStep>,
}

/// One source's part in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainedStep {
    /// The service or data set.
    #[schema(example = "postcodes.io")]
    pub source: String,
    /// What was sent, without any key; absent if nothing was, or if the source is no longer configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "GET https://api.postcodes.io/postcodes/DH1%203LE")]
    pub request: Option<String>,
    /// Why it was asked at that moment: `turn`, `hedge` (the one before was slow), `repeat`.
    #[schema(example = "turn")]
    pub cause: String,
    /// What came back: `found`, `not_found`, `terminated`, `invalid`, `rate_limited`, `unauthorised`, `exhausted`,
    /// `transient`, `malformed`, `suspect`, or `skipped`.
    #[schema(example = "found")]
    pub outcome: String,
    /// The HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// More about it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Milliseconds after the search began.
    pub began_ms: u32,
    /// Milliseconds it took.
    pub took_ms: u32,
}

/// Postcodes of the embedded data: the answer of `GET /v1/postcodes?prefix=` and `GET /v1/postcodes?near=`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Postcodes {
    /// In the order of the alphabet, or the nearest first.
    pub postcodes: Vec<ListedPostcode>,
    /// Lines to show beside the answer, as the sources' licences ask.
    pub attribution: Vec<String>,
}

/// One of a list of postcodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ListedPostcode {
    /// In canonical form.
    #[schema(example = "DH1 3LE")]
    pub postcode: String,
    /// The local authority district.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Metres from the point that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<u32>,
}

/// How the sources of postcodes are doing: the answer of `GET /v1/postcodes/_providers`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Providers {
    /// In the order in which they are asked.
    pub providers: Vec<ProviderState>,
}

/// How one source is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderState {
    /// Its name.
    #[schema(example = "postcodes.io")]
    pub name: String,
    /// What it is asked for: `places` or `addresses`.
    #[schema(example = "places")]
    pub role: String,
    /// `closed` (it is asked), `open` (it failed and is left alone), `half_open` (one request tries).
    #[schema(example = "closed")]
    pub breaker: String,
    /// Milliseconds until it is tried again, while the breaker is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_for_ms: Option<u64>,
    /// Whether it asked for a rest.
    pub resting: bool,
    /// Requests under way.
    pub under_way: usize,
    /// Requests waiting for their turn.
    pub waiting: usize,
    /// Milliseconds that all but a twentieth of its last answers took; absent before there are enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u64>,
    /// How it ended the last time; absent if it was not asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Milliseconds since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ago_ms: Option<u64>,
    /// For data that came with the program: seconds since its day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_age_s: Option<u64>,
}

/// An outcode: the answer of `GET /v1/outcodes/{outcode}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutcodeArea {
    /// In capitals.
    #[schema(example = "DH1")]
    pub outcode: String,
    /// The country's two letters (ISO 3166-1).
    #[schema(example = "GB")]
    pub country: String,
    /// How many live postcodes it has.
    pub postcodes: u32,
    /// Degrees north of the mean of its postcodes, WGS84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east of the mean of its postcodes, WGS84.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// How it is known, and how well.
    pub provenance: Provenance,
    /// Lines to show beside the answer, as the sources' licences ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribution: Vec<String>,
}

/// Where an answer comes from and how far to trust it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    /// The service or data set that answered; `none` if nobody did.
    #[schema(example = "os-code-point-open")]
    pub source: String,
    /// When the source was asked, or the day of its data.
    #[schema(example = "2025-09-29T00:00:00Z")]
    pub fetched_at: Timestamp,
    /// Seconds since then.
    pub age_s: u64,
    /// Whether the answer is as young as it should be.
    pub freshness: Freshness,
    /// What the coordinates stand for.
    pub precision: Precision,
    /// Whether a source knows this very postcode. If not, only its shape was checked.
    pub verified: bool,
}

/// How young an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// Asked lately enough.
    Fresh,
    /// Older than it should be; the source could not be asked again.
    Stale,
    /// From data that came with the program.
    Embedded,
}

/// What coordinates stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// One address.
    Premise,
    /// One building.
    Building,
    /// The middle of the postcode's addresses.
    PostcodeCentroid,
    /// Known no closer than its outcode.
    Outcode,
}

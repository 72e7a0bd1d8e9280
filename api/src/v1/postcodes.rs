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
    /// The country's two letters (ISO 3166-1): GB, or JE, GG, IM.
    #[schema(example = "GB")]
    pub country: String,
    /// The first half of the postcode.
    #[schema(example = "DH1")]
    pub outcode: String,
    /// The local authority district.
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
    /// Lines to show beside the answer, as the sources' licences ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribution: Vec<String>,
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

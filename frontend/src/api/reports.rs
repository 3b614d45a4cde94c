use guanxi_api::{
    ContactReport, ContactTargetPolicy, ContactTargets, DataQualityReport, MaturityReport, PortfolioReport,
    SatisfactionReport,
};

use super::{ApiError, Call, Tagged};

pub async fn portfolio() -> Result<PortfolioReport, ApiError> {
    Call::get("/reports/portfolio").read().await
}

pub async fn contacts() -> Result<ContactReport, ApiError> {
    Call::get("/reports/contacts").read().await
}

pub async fn maturities() -> Result<MaturityReport, ApiError> {
    Call::get("/reports/maturities").read().await
}

pub async fn satisfaction() -> Result<SatisfactionReport, ApiError> {
    Call::get("/reports/satisfaction").read().await
}

pub async fn data_quality() -> Result<DataQualityReport, ApiError> {
    Call::get("/reports/data-quality").read().await
}

pub async fn targets() -> Result<Tagged<ContactTargetPolicy>, ApiError> {
    Call::get("/contact-targets").read_tagged().await
}

pub async fn set_targets(etag: &str, to: &ContactTargets) -> Result<Tagged<ContactTargetPolicy>, ApiError> {
    Call::put("/contact-targets").if_match(etag).json(to).read_tagged().await
}

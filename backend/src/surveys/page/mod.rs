//! The page on which a customer answers: HTML from the server and one style sheet, without any script, so that it works on every phone
//! and under the strictest policy. What was entered travels in the form from step to step; nothing of it is kept before it is sent.
//!
//! A link that was never given, was withdrawn or was replaced gets the same answer, so that nobody learns which links there were.
//! Addresses that keep trying are held off. The token stands in no log: the log knows routes, not paths.

mod form;
mod render;
mod routes;

use qrcode::QrCode;
use qrcode::render::svg;

use crate::error::{Error, Result};

pub use routes::register;

/// The QR code of a link, as SVG.
///
/// # Errors
/// When the link is too long for one.
pub(super) fn qr_code(link: &str) -> Result<String> {
    let code = QrCode::new(link).map_err(Error::internal)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(232, 232).build())
}

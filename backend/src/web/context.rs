use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderMap;
use guanxi_api::Language;
use guanxi_db::Moment;
use uuid::Uuid;

/// What the outermost middleware finds out about a request, for everything inside it.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub now: Moment,
    pub request_id: Arc<str>,
    pub language: Language,
    /// The client's address, past proxies that are trusted.
    pub address: Option<IpAddr>,
}

impl RequestContext {
    pub(super) fn read(request: &ServiceRequest, now: Moment, trusted_proxies: &[IpAddr]) -> Self {
        let context = RequestContext {
            now,
            request_id: request_id(request.headers()),
            language: language(request.headers()),
            address: client_address(request, trusted_proxies),
        };
        request.extensions_mut().insert(context.clone());
        context
    }
}

/// The caller's own id if it is a plain short text, else a new one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let given = headers.get("X-Request-Id").and_then(|value| value.to_str().ok());
    let plain = |text: &&str| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match given.filter(plain) {
        Some(text) => text.into(),
        None => Uuid::now_v7().simple().to_string().into(),
    }
}

/// The best of the two languages by `Accept-Language` (RFC 9110 §12.5.4); English without one.
fn language(headers: &HeaderMap) -> Language {
    let Some(text) = headers.get("Accept-Language").and_then(|value| value.to_str().ok()) else {
        return Language::En;
    };
    let mut best = (0.0_f32, Language::En);
    for item in text.split(',').take(20) {
        let mut parts = item.trim().split(';');
        let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let quality = parts
            .find_map(|part| part.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()))
            .unwrap_or(1.0);
        let language = match range.split('-').next() {
            Some("zh") => Language::ZhCn,
            Some("en") => Language::En,
            _ => continue,
        };
        if quality > best.0 {
            best = (quality, language);
        }
    }
    best.1
}

fn client_address(request: &ServiceRequest, trusted_proxies: &[IpAddr]) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|peer| peer.ip())?;
    if !trusted_proxies.contains(&peer) {
        return Some(peer);
    }
    let forwarded =
        request.headers().get("X-Forwarded-For").and_then(|value| value.to_str().ok()).unwrap_or_default();
    // From the right: the first address that is no proxy of ours is what the nearest one saw.
    let hops = forwarded.rsplit(',').map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    Some(hops.into_iter().find(|hop| !trusted_proxies.contains(hop)).unwrap_or(peer))
}

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ContentType, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION,
};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use guanxi_api::Page;
use serde::Serialize;

use crate::access::Actor;
use crate::error::{Code, Error, Result};

/// The version that a change was made from: the part of `If-Match` before the hyphen. Absent is 428.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_if_match(request))
    }
}

fn read_if_match(request: &HttpRequest) -> Result<IfMatch> {
    let Some(header) = request.headers().get(IF_MATCH) else {
        return Err(Error::new(Code::PreconditionRequired));
    };
    // A tag that this server never gave matches nothing.
    let version = header.to_str().ok().and_then(|text| {
        let tag = text.trim().strip_prefix('"')?.strip_suffix('"')?;
        tag.split('-').next()?.parse::<i64>().ok().filter(|version| *version > 0)
    });
    Ok(IfMatch(version.unwrap_or(0)))
}

/// Whether a `PUT` may only create: `If-None-Match: *` (RFC 9110, 13.1.2). Tags in it ask for nothing that a `PUT` could tell.
#[derive(Clone, Copy, Debug)]
pub struct CreateOnly(pub bool);

impl FromRequest for CreateOnly {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = request.headers().get(IF_NONE_MATCH);
        ready(Ok(CreateOnly(header.is_some_and(|value| value.as_bytes().trim_ascii() == b"*"))))
    }
}

/// The tag of a representation: the version, then a hash of what else makes representations differ.
pub fn etag(actor: &Actor, version: i64, derived: i64) -> String {
    let text = format!("{:?}/{:?}/{derived}", actor.mask_profile(), actor.language());
    // FNV-1a: short, stable, and nothing depends on its strength.
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("\"{version}-{hash:08x}\"")
}

/// A JSON document as it goes out. Hot routes write it on the database thread: what it is made of is then freed by the
/// thread that allocated it, and only one buffer changes threads.
#[derive(Debug)]
pub struct Document(Vec<u8>);

/// Room for most customers.
const USUAL_LENGTH: usize = 4 * 1024;

impl Document {
    /// # Errors
    /// When the value has no JSON.
    pub fn of(value: &impl Serialize) -> Result<Self> {
        Self::with_room(value, USUAL_LENGTH)
    }

    fn with_room(value: &impl Serialize, room: usize) -> Result<Self> {
        let mut bytes = Vec::with_capacity(room);
        sonic_rs::to_writer(&mut bytes, value).map_err(Error::internal)?;
        Ok(Document(bytes))
    }

    /// The tag of what is shown, where that changes without a new version of the resource.
    pub fn tag(&self, actor: &Actor, version: i64) -> String {
        // FNV-1a, as for the rest of the tag.
        let content = self.0.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        etag(actor, version, i64::from_ne_bytes(content.to_ne_bytes()))
    }

    /// [`Document::tag`] of something that is not written yet.
    pub fn tag_of(shown: &impl Serialize, actor: &Actor, version: i64) -> String {
        // What has no JSON is never shown, so it needs no other tag.
        Document::of(shown).map_or_else(|_| etag(actor, version, 0), |document| document.tag(actor, version))
    }

    fn body(self, mut response: HttpResponseBuilder) -> HttpResponse {
        response.insert_header(ContentType::json()).body(self.0)
    }
}

/// A page as it goes out, with what its link needs.
#[derive(Debug)]
pub struct PageDocument {
    document: Document,
    next: Option<String>,
}

impl PageDocument {
    /// # Errors
    /// When a line has no JSON.
    pub fn of<T: Serialize>(page: &Page<T>) -> Result<Self> {
        /// Room for most lines of a list.
        const USUAL_LINE: usize = 1_300;
        let document = Document::with_room(page, 200 + page.data.len() * USUAL_LINE)?;
        Ok(PageDocument { document, next: page.page.next.clone() })
    }
}

/// 200 with a JSON body.
pub fn ok(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 200 with a JSON body and its tag.
pub fn ok_tagged(body: &impl Serialize, tag: &str) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, tag)).json(body)
}

/// [`ok_tagged`] with a document that is written already.
pub fn ok_document(document: Document, tag: &str) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((ETAG, tag));
    document.body(response)
}

/// 304 if the client has this representation already.
pub fn not_modified(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    let known = request.headers().get(IF_NONE_MATCH)?.to_str().ok()?;
    let has = known.split(',').any(|item| {
        let item = item.trim();
        item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag
    });
    has.then(|| HttpResponse::build(StatusCode::NOT_MODIFIED).insert_header((ETAG, tag)).finish())
}

/// 201 with the new resource, its place and its tag.
pub fn created(body: &impl Serialize, location: &str, tag: &str, replayed: bool) -> HttpResponse {
    created_head(location, tag, replayed).json(body)
}

/// [`created`] with a document that is written already.
pub fn created_document(document: Document, location: &str, tag: &str, replayed: bool) -> HttpResponse {
    document.body(created_head(location, tag, replayed))
}

fn created_head(location: &str, tag: &str, replayed: bool) -> HttpResponseBuilder {
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, location)).insert_header((ETAG, tag));
    if replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response
}

/// 204.
pub fn deleted() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// 200 with a page and the link to the next one.
pub fn page<T: Serialize>(request: &HttpRequest, page: &Page<T>) -> HttpResponse {
    page_head(request, page.page.next.as_deref()).json(page)
}

/// [`page`] with a document that is written already.
pub fn page_document(request: &HttpRequest, page: PageDocument) -> HttpResponse {
    page.document.body(page_head(request, page.next.as_deref()))
}

fn page_head(request: &HttpRequest, next: Option<&str>) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    if let (Some(next), &actix_web::http::Method::GET) = (next, request.method()) {
        let others =
            request.query_string().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
        let mut query: Vec<String> = others.map(str::to_owned).collect();
        query.push(format!("cursor={next}"));
        response.insert_header((LINK, format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))));
    }
    response
}

/// Says that the answer is one to a request that was done before.
pub fn mark_replayed(response: &mut HttpResponse) {
    response
        .headers_mut()
        .insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\"\\\\/\u{0}-\u{20}\u{7f}\u{2028}a张😀]{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn documents_are_written_as_serde_json_writes_them(value in any_value()) {
            let Document(bytes) = Document::of(&value).expect("it has JSON");
            prop_assert_eq!(String::from_utf8(bytes).expect("text"), value.to_string());
        }
    }
}

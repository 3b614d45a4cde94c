//! Which handler a request is for. The router tries patterns one after the other, and those with parameters are regular
//! expressions: sorted by what a path begins with and by how many parts it has, a request meets a few of the hundreds.

use std::collections::BTreeMap;

use actix_web::dev::HttpServiceFactory;
use actix_web::guard::fn_guard;
use actix_web::{Scope, web};
use percent_encoding::percent_decode_str;
use utoipa_actix_web::OpenApiFactory;

use super::API;

/// Where rooms register their handlers: a worker takes what answers, a description what the handlers say of themselves.
pub trait Routes {
    fn service<H>(&mut self, handler: H) -> &mut Self
    where
        H: HttpServiceFactory + utoipa::Path + OpenApiFactory + 'static;
}

/// The handlers of a worker, by the first part of their paths and the number of parts.
///
/// Two patterns that are in different places here match no path both, so only the order of registration within a place
/// decides, as it would without them. First parts are never parameters, and a parameter is one part.
#[derive(Default)]
pub struct RouteTable {
    places: BTreeMap<String, BTreeMap<usize, Scope>>,
}

impl Routes for RouteTable {
    fn service<H>(&mut self, handler: H) -> &mut Self
    where
        H: HttpServiceFactory + utoipa::Path + OpenApiFactory + 'static,
    {
        let path = H::path();
        let scopes = self.places.entry(first_part(&path).to_owned()).or_default();
        let parts = parts(&path);
        let scope = scopes.remove(&parts).unwrap_or_else(|| web::scope("")).service(handler);
        scopes.insert(parts, scope);
        self
    }
}

impl RouteTable {
    /// What answers below [`API`].
    pub fn into_scope(self) -> Scope {
        self.places.into_iter().fold(web::scope(API), |api, (first, scopes)| {
            let place = scopes.into_iter().fold(web::scope(""), |place, (count, scope)| {
                place.service(
                    scope
                        .guard(fn_guard(move |request| parts(below_api(request.head().uri.path())) == count)),
                )
            });
            api.service(place.guard(fn_guard(move |request| {
                let part = first_part(below_api(request.head().uri.path()));
                percent_decode_str(part).eq(first.bytes())
            })))
        })
    }
}

/// What follows [`API`] in the path of a request, with its slash. The router has seen that the path begins so, perhaps
/// in another spelling: then it is not found.
fn below_api(path: &str) -> &str {
    path.strip_prefix(API).unwrap_or_default()
}

fn first_part(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').map_or(path, |(first, _)| first)
}

fn parts(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_first_part_and_a_number_of_parts() {
        let told = |path| (first_part(path), parts(path));
        assert_eq!(told("/customers"), ("customers", 1));
        assert_eq!(told("/customers/1/holdings"), ("customers", 3));
        assert_eq!(told("/customers/"), ("customers", 2));
        assert_eq!(told(""), ("", 0));
        assert_eq!(told(below_api("/api/v1/tasks/1")), ("tasks", 2));
        assert_eq!(told(below_api("/api/%761/tasks")), ("", 0));
    }
}

use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use crate::access::actor::{Actor, Ids, Who};
use crate::access::rights::Right;
use crate::access::rights::kinds::{Kind, UseOwnAccount};
use crate::app::AppState;
use crate::error::{Code, Error, Result};
use crate::web::RequestContext;

/// The signed-in actor, who has the right `R`: the only way from a request to an [`Actor`]. A handler that forgets it cannot
/// call a room's functions, because they demand one.
pub struct May<R> {
    actor: Actor,
    right: PhantomData<R>,
}

impl<R> May<R> {
    /// The actor, to be taken into a database closure.
    pub fn actor(&self) -> Actor {
        self.actor.clone()
    }
}

impl<R> Deref for May<R> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl<R: Kind> FromRequest for May<R> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<AppState>>().cloned();
        let context = request.extensions().get::<RequestContext>().cloned();
        let token = bearer(request);
        let request = request.clone();
        Box::pin(async move {
            let (Some(state), Some(context)) = (state, context) else {
                return Err(Error::internal("the app is put together without its state"));
            };
            let token = token.ok_or_else(|| Error::new(Code::Unauthenticated))?;
            let user = state.gate.admit(&state, &token, context.now).await?;
            let allowance = state.quotas.take(user.id.uuid());
            if let Some(allowance) = allowance {
                // For the headers of the answer, whatever it will be.
                request.extensions_mut().insert(allowance);
                allowance.check()?;
            }
            let actor = Actor {
                who: Who::User(user),
                now: context.now,
                request_id: Arc::clone(&context.request_id),
                language: context.language,
                ids: Ids::default(),
            };
            // Someone else knows the password: nothing but changing it until it is changed.
            let must_change = actor.user().is_some_and(|user| user.must_change_password);
            if must_change && R::RIGHT != UseOwnAccount::RIGHT {
                return Err(Error::new(Code::PasswordChangeRequired));
            }
            if !actor.may(R::RIGHT) {
                return Err(refused(R::RIGHT));
            }
            Ok(May { actor, right: PhantomData })
        })
    }
}

fn refused(right: Right) -> Error {
    Error { cause: Some(format!("needs {}", right.as_str())), ..Error::forbidden() }
}

fn bearer(request: &HttpRequest) -> Option<String> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let text = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

use guanxi_api::{FieldProblem, Problem};
use yew::AttrValue;

use crate::i18n::{I18n, Msg};

/// Why a request came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The server was not reached.
    Unreachable,
    /// The server refused, and said why.
    Refused,
    /// The answer was not what the contract says.
    Unreadable,
    /// Somebody else than the user of this page is signed in in this browser.
    SomeoneElse,
}

/// A request that came to nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct ApiError {
    pub failure: Failure,
    /// The status of the answer; 0 without one.
    pub status: u16,
    /// The stable code of the problem.
    pub code: String,
    detail: String,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
    /// The fields that are wrong.
    pub errors: Vec<FieldProblem>,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u32>,
}

impl ApiError {
    fn new(failure: Failure, detail: &str) -> Self {
        ApiError {
            failure,
            status: 0,
            code: String::new(),
            detail: detail.to_owned(),
            request_id: None,
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Nothing came from the server.
    pub fn unreachable() -> Self {
        ApiError::new(Failure::Unreachable, "")
    }

    /// What this page asks for would be asked for in another user's name.
    pub(super) fn someone_else() -> Self {
        ApiError { status: 401, ..ApiError::new(Failure::SomeoneElse, "") }
    }

    /// Others kept changing what was to be changed.
    pub fn busy() -> Self {
        ApiError { status: 412, ..ApiError::new(Failure::Unreadable, "") }
    }

    pub(super) fn unreadable(detail: &str) -> Self {
        ApiError::new(Failure::Unreadable, detail)
    }

    pub(super) fn from_answer(
        status: u16,
        body: &str,
        request_id: Option<String>,
        retry_after: Option<u32>,
    ) -> Self {
        let Ok(problem) = serde_json::from_str::<Problem>(body) else {
            // Whatever stands in front of the server may answer in its own words.
            return ApiError { status, request_id, retry_after, ..ApiError::new(Failure::Unreadable, "") };
        };
        ApiError {
            failure: Failure::Refused,
            status,
            code: problem.code,
            detail: if problem.detail.is_empty() { problem.title } else { problem.detail },
            request_id: Some(problem.request_id),
            errors: problem.errors,
            retry_after,
        }
    }

    /// The resource was changed by someone else in the meantime.
    pub fn is_conflict(&self) -> bool {
        self.status == 412
    }

    /// The server has said that it does not do it. That it is still doing it, or has failed, says nothing of whether it was done.
    pub fn is_refusal(&self) -> bool {
        self.failure == Failure::Refused && self.status < 500 && self.code != "idempotency_in_progress"
    }

    /// There is no such thing, or none that this user may see.
    pub fn is_missing(&self) -> bool {
        self.status == 404
    }

    /// This user sees no such thing, or no longer does.
    pub fn is_withheld(&self) -> bool {
        matches!(self.status, 403 | 404)
    }

    /// What went wrong, in a sentence.
    pub fn detail(&self, i: I18n) -> AttrValue {
        match self.failure {
            Failure::Unreachable => i.t(Msg::ErrorUnreachableDetail),
            Failure::Refused => self.detail.clone().into(),
            Failure::Unreadable => i.t(Msg::ErrorUnreadableDetail),
            Failure::SomeoneElse => i.t(Msg::SignInOtherTitle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_says_that_nothing_was_done() {
        let answer = |status: u16, code: &str| {
            let problem = Problem {
                kind: format!("/problems/{code}"),
                title: String::new(),
                status,
                code: code.to_owned(),
                detail: String::new(),
                request_id: String::new(),
                errors: Vec::new(),
            };
            let body = serde_json::to_string(&problem).unwrap();
            ApiError::from_answer(status, &body, None, None).is_refusal()
        };
        assert!(answer(422, "validation_failed"));
        assert!(answer(412, "stale"));
        assert!(!answer(409, "idempotency_in_progress"));
        assert!(!answer(503, "unavailable"));
        assert!(!ApiError::unreachable().is_refusal());
        assert!(!ApiError::from_answer(422, "<html>", None, None).is_refusal());
    }
}

use std::sync::{Arc, Mutex, PoisonError};

use guanxi_api::{Language, Role};
use guanxi_db::{Id, Moment};
use uuid::{ContextV7, Timestamp, Uuid};

use crate::access::rights::{MaskProfile, Reach, Right};

/// Marks ids of users.
#[derive(Debug)]
pub enum UserMark {}
/// Marks ids of units.
#[derive(Debug)]
pub enum OrgUnitMark {}
/// Marks ids of sessions.
#[derive(Debug)]
pub enum SessionMark {}

pub type UserId = Id<UserMark>;
pub type OrgUnitId = Id<OrgUnitMark>;
pub type SessionId = Id<SessionMark>;

/// Who acts, and when: everything a room may know about the request. One instant holds for the whole request.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(in crate::access) who: Who,
    pub(in crate::access) now: Moment,
    pub(in crate::access) request_id: Arc<str>,
    pub(in crate::access) language: Language,
    pub(in crate::access) ids: Ids,
}

/// Makes the ids of one request: at one instant, and each after those made before it, so that what a request does in turn stands in turn.
#[derive(Clone, Debug, Default)]
pub(in crate::access) struct Ids(Arc<Mutex<ContextV7>>);

impl Ids {
    fn next(&self, now: Moment) -> Uuid {
        let micros = u64::try_from(now.0).unwrap_or_default();
        let nanos = u32::try_from((micros % 1_000_000) * 1000).unwrap_or_default();
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, micros / 1_000_000, nanos))
    }
}

#[derive(Clone, Debug)]
pub(in crate::access) enum Who {
    User(Arc<SignedInUser>),
    /// The command line, which the operating system has let in.
    Operator,
    /// The job loop.
    Job,
    /// The job loop, for the user who started the job: with the rights and the scope that this user has by now.
    JobFor(Arc<SignedInUser>),
    /// Someone at the door: nobody yet, or the user that a sign-in or a refresh has just shown to be there. Has no right
    /// and sees nothing; leaves traces only.
    Visitor(Option<UserId>),
    /// A customer who answers by a link of their own. Has no right and sees nothing; the link is what lets in.
    Respondent,
}

/// A user as of the last look at the session, at most five seconds ago.
#[derive(Clone, Debug)]
pub(in crate::access) struct SignedInUser {
    pub(in crate::access) id: UserId,
    pub(in crate::access) session_id: SessionId,
    pub(in crate::access) role: Role,
    pub(in crate::access) org_unit_id: OrgUnitId,
    pub(in crate::access) org_unit_path: String,
    pub(in crate::access) auth_epoch: i64,
    pub(in crate::access) must_change_password: bool,
    /// The colleagues who are away and whose customers this user looks after meanwhile.
    pub(in crate::access) stands_in_for: Vec<UserId>,
}

impl Actor {
    /// The command line.
    pub fn operator(now: Moment) -> Self {
        Actor {
            who: Who::Operator,
            now,
            request_id: "operator".into(),
            language: Language::En,
            ids: Ids::default(),
        }
    }

    /// The job loop.
    pub fn job(now: Moment) -> Self {
        Actor { who: Who::Job, now, request_id: "job".into(), language: Language::En, ids: Ids::default() }
    }

    /// The job loop at a job that the command line has started.
    pub fn operator_job(now: Moment, job: Uuid) -> Self {
        Actor { request_id: format!("job {job}").into(), ..Actor::operator(now) }
    }

    /// The job loop at a job of this user.
    pub(in crate::access) fn job_for(user: SignedInUser, now: Moment, job: Uuid) -> Self {
        Actor { who: Who::JobFor(Arc::new(user)), request_id: format!("job {job}").into(), ..Actor::job(now) }
    }

    /// A customer who answers by a link of their own.
    pub fn respondent(now: Moment, request_id: Arc<str>, language: Language) -> Self {
        Actor { who: Who::Respondent, now, request_id, language, ids: Ids::default() }
    }

    /// The same request, now that it is known to be this user's.
    pub(in crate::access) fn shown_to_be(&self, user: UserId) -> Self {
        Actor { who: Who::Visitor(Some(user)), ..self.clone() }
    }

    /// The instant of this request.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// A new id, made at this request's instant, after those that the request has made before.
    pub fn new_id<T>(&self) -> Id<T> {
        Id::new(self.ids.next(self.now))
    }

    /// A new id that tells neither when nor in which order it was made.
    pub fn new_unordered_id<T>(&self) -> Id<T> {
        Id::new(Uuid::new_v4())
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// What stands in audit entries: `user`, `operator`, `job`, `respondent` or `anonymous`.
    pub fn kind(&self) -> &'static str {
        match self.who {
            Who::User(_) | Who::Visitor(Some(_)) => "user",
            Who::Visitor(None) => "anonymous",
            Who::Operator => "operator",
            Who::Job | Who::JobFor(_) => "job",
            Who::Respondent => "respondent",
        }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match &self.who {
            Who::Visitor(user) => *user,
            _ => self.user().map(|user| user.id),
        }
    }

    pub fn session_id(&self) -> Option<SessionId> {
        match &self.who {
            Who::User(user) => Some(user.session_id),
            _ => None,
        }
    }

    pub fn role(&self) -> Option<Role> {
        self.user().map(|user| user.role)
    }

    pub fn org_unit_id(&self) -> Option<OrgUnitId> {
        self.user().map(|user| user.org_unit_id)
    }

    /// Whether the policy gives this actor a right.
    pub fn may(&self, right: Right) -> bool {
        match &self.who {
            Who::User(user) | Who::JobFor(user) => right.is_given_to(user.role),
            Who::Operator | Who::Job => true,
            Who::Visitor(_) | Who::Respondent => false,
        }
    }

    /// Whose customers this actor sees.
    pub fn reach(&self) -> Reach {
        match &self.who {
            Who::User(user) | Who::JobFor(user) => Reach::of(user.role),
            Who::Operator | Who::Job => Reach::All,
            Who::Visitor(_) | Who::Respondent => Reach::Nobody,
        }
    }

    /// Which values this actor sees masked.
    pub fn mask_profile(&self) -> MaskProfile {
        match &self.who {
            Who::User(user) | Who::JobFor(user) => MaskProfile::of(user.role),
            Who::Operator | Who::Job => MaskProfile::Standard,
            Who::Visitor(_) | Who::Respondent => MaskProfile::Restricted,
        }
    }

    /// The colleagues for whom this actor stands in now.
    pub fn stands_in_for(&self) -> &[UserId] {
        self.user().map_or(&[], |user| &user.stands_in_for)
    }

    /// Names whom cursors and idempotency keys belong to.
    pub fn principal(&self) -> Uuid {
        self.user_id().map_or(Uuid::nil(), Id::uuid)
    }

    pub(in crate::access) fn user(&self) -> Option<&SignedInUser> {
        match &self.who {
            Who::User(user) | Who::JobFor(user) => Some(user),
            Who::Operator | Who::Job | Who::Visitor(_) | Who::Respondent => None,
        }
    }
}

#[cfg(test)]
impl Actor {
    /// The actor that the gate makes of a session, for tests that call a room without a request.
    pub(crate) fn of_session(
        conn: &mut guanxi_db::DbConn,
        session: Uuid,
        now: Moment,
    ) -> crate::error::Result<Actor> {
        let user = crate::access::sessions::seen(conn, Id::new(session), now)?
            .ok_or_else(crate::error::Error::not_found)?;
        Ok(Actor {
            who: Who::User(Arc::new(user)),
            now,
            request_id: "test".into(),
            language: Language::En,
            ids: Ids::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn what_a_request_makes_in_turn_has_ids_in_turn() {
        let actor = Actor::operator(clock::now());
        let same = actor.clone();
        let ids: Vec<Uuid> =
            (0..2000).map(|n| if n % 2 == 0 { actor.new_id::<()>() } else { same.new_id() }.uuid()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_ne!(Actor::operator(actor.now()).new_id::<()>(), Actor::operator(actor.now()).new_id());
    }
}

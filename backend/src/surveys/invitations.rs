use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guanxi_api::{
    CustomerRef, Instant, Invitation, InvitationLink, InvitationState, NewInvitations, Page, SkipReason,
    Skipped, SurveyStatus,
};
use guanxi_db::{DbConn, Id, Value};
use serde_json::json;

use crate::access::tokens::token_hash;
use crate::access::{Actor, Keys, Scope};
use crate::audit;
use crate::customers::{self, CustomerBrief, CustomerId};
use crate::error::{Code, Error, Result};
use crate::listing::filter::FieldType;
use crate::listing::{Field, ListRequest, Resource, set_total};
use crate::surveys::store::{self, InvitationRow, NamedInvitation};
use crate::surveys::{InvitationId, SurveyId, waves};

/// Most customers that are invited at once.
const MOST: usize = 1000;

/// The secret part of a link: 256 random bits as 43 characters that need no escaping. Neither printed nor logged; the database has
/// only its SHA-256.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    fn generate() -> Result<Token> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(Error::internal)?;
        Ok(Token(URL_SAFE_NO_PAD.encode(bytes)))
    }

    fn hash(&self) -> Vec<u8> {
        token_hash(&self.0).to_vec()
    }

    /// The link that a customer is sent; `origin` is how the bank's customers reach the server.
    pub fn link(&self, origin: &str) -> String {
        format!("{origin}/s/{}", self.0)
    }
}

/// The hash of what stands in a link, if it can be a token at all.
pub(super) fn hash_of(text: &str) -> Option<Vec<u8>> {
    let is_token =
        text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_token.then(|| token_hash(text).to_vec())
}

static FIELDS: &[Field] = &[
    Field::new("opened", "survey_invitation.opened", FieldType::Bool),
    Field::new("answered", "survey_invitation.used", FieldType::Bool),
    Field::new("revoked", "survey_invitation.revoked", FieldType::Bool),
    Field::new("customer_id", "survey_invitation.customer_id", FieldType::Id),
    Field::new("created_at", "survey_invitation.created_at", FieldType::Instant).sortable(),
];

pub(crate) static INVITATIONS: Resource = Resource {
    name: "survey-invitations",
    fields: FIELDS,
    default_sort: "-created_at",
    id_column: "survey_invitation.id",
    unless_asked: None,
};

/// What an invitation of many came to; the only place where the tokens are.
#[derive(Debug, Default)]
pub struct NewLinks {
    links: Vec<(InvitationId, CustomerBrief, Token)>,
    pub skipped: Vec<Skipped>,
    /// The filter finds more customers than are invited at once.
    pub more: bool,
}

impl NewLinks {
    /// The links as customers are sent them.
    pub fn links(&self, origin: &str) -> Vec<InvitationLink> {
        self.links
            .iter()
            .map(|(id, customer, token)| InvitationLink {
                invitation_id: id.uuid(),
                customer: CustomerRef {
                    id: customer.id.uuid(),
                    customer_no: customer.customer_no.clone(),
                    name: customer.name.clone(),
                },
                url: token.link(origin),
            })
            .collect()
    }
}

/// Invites customers that the actor sees: those with these ids, or the next that a filter finds and who were neither invited nor have
/// answered. Skips, and says so, who is archived or wants no contact.
///
/// # Errors
/// 404; 409 for a closed survey; 422 unless either ids or a filter are given; for the filter as every list.
pub fn invite(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: SurveyId,
    new: &NewInvitations,
) -> Result<NewLinks> {
    store::lock_survey(conn, id)?;
    let survey = store::survey(conn, id)?.survey;
    if waves::status(&survey, actor.now())? == SurveyStatus::Closed {
        return Err(Error::conflict("", "survey_closed"));
    }
    let mut made = NewLinks::default();
    let mut skip = |customer: CustomerId, reason| {
        made.skipped.push(Skipped { customer_id: customer.uuid(), reason });
    };
    let mut chosen = Vec::new();
    match (&new.customer_ids, &new.filter) {
        (Some(ids), None) => {
            let mut ids: Vec<CustomerId> = ids.iter().copied().map(CustomerId::new).collect();
            ids.sort_unstable();
            ids.dedup();
            let invited = store::invited_of(conn, id, &ids)?;
            let answered = store::answered_of(conn, id, &ids)?;
            let known = customers::briefs(conn, actor, &ids)?;
            for customer in ids {
                match known.iter().find(|brief| brief.id == customer) {
                    None => skip(customer, SkipReason::NotFound),
                    Some(_) if answered.contains(&customer) => skip(customer, SkipReason::AlreadyAnswered),
                    Some(_) if invited.contains(&customer) => skip(customer, SkipReason::AlreadyInvited),
                    Some(brief) => chosen.push(brief.clone()),
                }
            }
        }
        (None, Some(filter)) => {
            let mut find = |wants: bool, most| {
                let condition = store::not_reached(id).and(customers::wants_no_contact(wants));
                customers::briefs_by_filter(conn, actor, keys, filter, condition, most)
            };
            chosen = find(false, MOST + 1)?;
            for brief in find(true, MOST)? {
                skip(brief.id, SkipReason::DoNotContact);
            }
        }
        _ => return Err(Error::field("", "either_ids_or_filter")),
    }
    chosen.retain(|brief| {
        let reason = if brief.archived {
            SkipReason::Archived
        } else if brief.do_not_contact {
            SkipReason::DoNotContact
        } else {
            return true;
        };
        skip(brief.id, reason);
        false
    });
    made.more = chosen.len() > MOST;
    chosen.truncate(MOST);
    let mut rows = Vec::with_capacity(chosen.len());
    for customer in chosen {
        let token = Token::generate()?;
        let row = row(actor, id, customer.id, token.hash());
        made.links.push((row.id, customer, token));
        rows.push(row);
    }
    if !rows.is_empty() {
        store::insert_invitations(conn, &rows)?;
        waves::touch(conn, actor, &survey, "invited", rows.len())?;
    }
    Ok(made)
}

fn row(actor: &Actor, survey: SurveyId, customer: CustomerId, token_hash: Vec<u8>) -> InvitationRow {
    InvitationRow {
        id: actor.new_id(),
        survey_id: survey,
        customer_id: customer,
        token_hash,
        opened: false,
        used: false,
        revoked: false,
        opened_at: None,
        answered_at: None,
        version: 1,
        created_at: actor.now(),
    }
}

/// An invitation whose link nobody gets: for what was asked elsewhere.
pub(super) fn unsent(actor: &Actor, survey: SurveyId, customer: CustomerId) -> Result<InvitationRow> {
    Ok(row(actor, survey, customer, Token::generate()?.hash()))
}

/// Who is invited to a survey, of the customers that the actor sees; the newest first.
///
/// # Errors
/// 404 when there is no such survey; as every list.
pub fn list_invitations(
    conn: &mut DbConn,
    actor: &Actor,
    keys: &Keys,
    id: SurveyId,
    request: &ListRequest,
) -> Result<Page<Invitation>> {
    let survey = store::survey(conn, id)?.survey;
    let status = waves::status(&survey, actor.now())?;
    let bound = ListRequest { q: Some(id.to_string()), ..request.clone() };
    let listing = bound.read(&INVITATIONS, actor, keys.cursor())?;
    let scope = Scope::of(actor);
    let mut rows = store::list_invitations(conn, &scope, id, &listing)?;
    let mut info = listing.page(
        &mut rows,
        keys.cursor(),
        |row, _| Value::Moment(row.invitation.created_at),
        |row| Id::new(row.invitation.id.uuid()),
    )?;
    if listing.total {
        set_total(&mut info, store::count_invitations(conn, &scope, id, &listing)?);
    }
    Ok(Page { data: rows.into_iter().map(|row| wire(row, status)).collect(), page: info })
}

/// The tag of an invitation.
pub fn invitation_tag(actor: &Actor, invitation: &Invitation) -> String {
    crate::web::etag(actor, invitation.version, 0)
}

/// Withdraws an invitation: its link opens nothing any more.
///
/// # Errors
/// 404 for a customer that the actor does not see; 409 when it was used or withdrawn; 412.
pub fn revoke_invitation(
    conn: &mut DbConn,
    actor: &Actor,
    (survey, id): (SurveyId, InvitationId),
    version: i64,
) -> Result<Invitation> {
    let before = to_change(conn, actor, (survey, id), version)?;
    if before.invitation.revoked {
        return Err(Error::conflict("", "already_revoked"));
    }
    write(conn, actor, (survey, &before.invitation), None, "revoked")
}

/// An invitation with its new token; none when the request was done before.
#[derive(Debug)]
pub struct Renewal {
    pub invitation: Invitation,
    pub token: Option<Token>,
}

/// Gives an invitation a new link, whether the old one was lost or withdrawn; the old one opens nothing any more.
///
/// # Errors
/// 404 for a customer that the actor does not see; 409 when it was used or the survey is closed; 412.
pub fn renew_invitation(
    conn: &mut DbConn,
    actor: &Actor,
    (survey, id): (SurveyId, InvitationId),
    version: i64,
) -> Result<Renewal> {
    let before = to_change(conn, actor, (survey, id), version)?;
    if waves::status(&store::survey(conn, survey)?.survey, actor.now())? == SurveyStatus::Closed {
        return Err(Error::conflict("", "survey_closed"));
    }
    let token = Token::generate()?;
    let invitation = write(conn, actor, (survey, &before.invitation), Some(&token), "renewed")?;
    Ok(Renewal { invitation, token: Some(token) })
}

/// An invitation as it is now, for a repeated request.
///
/// # Errors
/// 404 for a customer that the actor does not see.
pub(super) fn details(
    conn: &mut DbConn,
    actor: &Actor,
    (survey, id): (SurveyId, InvitationId),
) -> Result<Invitation> {
    let status = waves::status(&store::survey(conn, survey)?.survey, actor.now())?;
    Ok(wire(store::invitation(conn, &Scope::of(actor), survey, id)?, status))
}

fn to_change(
    conn: &mut DbConn,
    actor: &Actor,
    (survey, id): (SurveyId, InvitationId),
    version: i64,
) -> Result<NamedInvitation> {
    let row = store::invitation(conn, &Scope::of(actor), survey, id)?;
    if row.invitation.version != version {
        return Err(stale(actor, row.invitation.version));
    }
    if row.invitation.used {
        return Err(Error::conflict("", "already_answered"));
    }
    Ok(row)
}

fn stale(actor: &Actor, version: i64) -> Error {
    Error::new(Code::Stale).with_header("ETag", crate::web::etag(actor, version, 0))
}

fn write(
    conn: &mut DbConn,
    actor: &Actor,
    (survey, before): (SurveyId, &InvitationRow),
    token: Option<&Token>,
    action: &'static str,
) -> Result<Invitation> {
    let hash = token.map(Token::hash);
    if !store::update_invitation(conn, before.id, before.version, hash.as_deref())? {
        // It was used or changed since it was read.
        let now = details(conn, actor, (survey, before.id))?;
        return Err(if now.version == before.version {
            Error::conflict("", "already_answered")
        } else {
            stale(actor, now.version)
        });
    }
    let change = audit::Change {
        resource_type: "survey_invitation",
        resource_id: before.id.uuid(),
        action,
        version: before.version + 1,
        changes: vec![
            guanxi_api::FieldChange {
                field: "survey_id".into(),
                before: None,
                after: Some(json!(survey.uuid())),
            },
            guanxi_api::FieldChange {
                field: "customer_id".into(),
                before: None,
                after: Some(json!(before.customer_id.uuid())),
            },
        ],
        reason: None,
    };
    audit::record(conn, actor, &change)?;
    details(conn, actor, (survey, before.id))
}

fn wire(row: NamedInvitation, survey: SurveyStatus) -> Invitation {
    let NamedInvitation { invitation, customer_no, customer_name } = row;
    let state = if invitation.used {
        InvitationState::Answered
    } else if invitation.revoked {
        InvitationState::Revoked
    } else if survey == SurveyStatus::Closed {
        InvitationState::Expired
    } else if invitation.opened {
        InvitationState::Opened
    } else {
        InvitationState::Invited
    };
    Invitation {
        id: invitation.id.uuid(),
        customer: CustomerRef { id: invitation.customer_id.uuid(), customer_no, name: customer_name },
        state,
        opened_at: invitation.opened_at.map(|at| Instant(at.to_utc())),
        answered_at: invitation.answered_at.map(|at| Instant(at.to_utc())),
        version: invitation.version,
        created_at: Instant(invitation.created_at.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn b9_tokens_have_256_bits_and_are_never_printed() {
        let tokens: Vec<Token> = (0..2000).map(|_| Token::generate().unwrap()).collect();
        let different: HashSet<&str> = tokens.iter().map(|token| token.0.as_str()).collect();
        assert_eq!(different.len(), tokens.len());
        let mut ones = [0_u32; 256];
        for token in &tokens {
            let bytes = URL_SAFE_NO_PAD.decode(&token.0).unwrap();
            assert_eq!(bytes.len(), 32);
            assert!(hash_of(&token.0).is_some());
            for (n, count) in ones.iter_mut().enumerate() {
                *count += u32::from(bytes[n / 8] >> (n % 8) & 1);
            }
            assert!(!format!("{token:?}").contains(&token.0));
        }
        // Every bit is 0 or 1 about as often: 1000 ± 5.6 standard deviations of √500.
        assert!(ones.iter().all(|count| (875..=1125).contains(count)), "{ones:?}");
    }

    #[test]
    fn what_cannot_be_a_token_is_not_looked_up() {
        let long = "a".repeat(44);
        for text in [
            "",
            "a",
            "../../etc/passwd",
            long.as_str(),
            "0123456789012345678901234567890123456789 12",
            &"é".repeat(21),
        ] {
            assert_eq!(hash_of(text), None, "{text}");
        }
    }
}

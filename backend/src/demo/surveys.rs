use std::sync::Arc;

use guanxi_api::{AnswerSource, Instant, Language, NewInvitations, NewQuestionnaire, NewSurvey};
use guanxi_db::{Db, DbConn, Id};

use super::generator;
use crate::access::{Actor, Keys};
use crate::clock;
use crate::customers::{self, House};
use crate::error::Result;
use crate::installation::Settings;
use crate::org::Directory;
use crate::surveys::{self, Recorded, SurveyId};

/// Most customers that are asked, however large the bank is.
const MOST: usize = 50_000;
/// Answers a transaction.
const CHUNK: usize = 500;
/// How many are invited to the survey that is still open.
const INVITED: usize = 60;

fn new_survey(
    name: &str,
    questionnaire: uuid::Uuid,
    actor: &Actor,
    days_ago: i64,
    days_left: i64,
) -> NewSurvey {
    let at = |days: i64| Instant(actor.now().plus_seconds(days * 86_400).to_utc());
    NewSurvey {
        name: name.to_owned(),
        questionnaire_id: questionnaire,
        language: Some(Language::ZhCn),
        anonymous: false,
        opens_at: Some(at(-days_ago)),
        closes_at: at(days_left),
        low_score: None,
    }
}

fn open(conn: &mut DbConn, actor: &Actor, new: &NewSurvey) -> Result<SurveyId> {
    let id: SurveyId = Id::new(surveys::create_survey(conn, actor, new)?.id);
    surveys::open_survey(conn, actor, id, 1)?;
    Ok(id)
}

fn published(conn: &mut DbConn, actor: &Actor, new: &NewQuestionnaire) -> Result<uuid::Uuid> {
    let id = surveys::create_questionnaire(conn, actor, new)?.id;
    surveys::publish_questionnaire(conn, actor, Id::new(id), 1)?;
    Ok(id)
}

/// One questionnaire, a survey that has ended with the answers of a part of the customers, and one that goes on.
pub(super) fn make(db: &Db, keys: &Arc<Keys>, settings: &Settings, seed: u64) -> Result<()> {
    let now = clock::now();
    let actor = Actor::operator(now);
    let (own_keys, acting) = (Arc::clone(keys), actor.clone());
    let (ended, running, asked) = db.write_blocking(move |conn| {
        let actor = &acting;
        let questionnaire = published(conn, actor, &generator::questionnaire())?;
        let ended = open(conn, actor, &new_survey("2026 年客户满意度调查", questionnaire, actor, 21, 1))?;
        let running = open(conn, actor, &new_survey("新客户回访", questionnaire, actor, 3, 30))?;
        let wants_none = customers::wants_no_contact(false);
        let asked =
            customers::briefs_by_filter(conn, actor, &own_keys, "archived eq false", wants_none, MOST)?;
        Ok::<_, crate::error::Error>((ended, running, asked))
    })?;
    let mut recorded = Vec::new();
    for (n, customer) in asked.iter().enumerate() {
        let given = generator::survey_answer(seed, n as u64);
        let (answers, days) = given.map_or((None, 0), |(answers, days)| (Some(answers), days));
        // Not all at the same second.
        let at = now.plus_seconds(-i64::from(days) * 86_400 - i64::try_from(n % 400).unwrap_or(0) * 37 - 60);
        if n % 10 < 8 || answers.is_some() {
            recorded.push(Recorded {
                customer_id: customer.id,
                answers,
                at,
                source: AnswerSource::Link,
                followed_up: true,
            });
        }
    }
    for chunk in recorded.chunks(CHUNK) {
        let (chunk, actor, settings) = (chunk.to_vec(), actor.clone(), settings.clone());
        let keys = Arc::clone(keys);
        db.write_blocking(move |conn| {
            let house = House { keys: &keys, settings: &settings, directory: &Directory::default() };
            surveys::record_many(conn, &actor, house, ended, &chunk).map(drop)
        })?;
    }
    let keys = Arc::clone(keys);
    let invited: Vec<uuid::Uuid> =
        asked.iter().rev().take(INVITED).map(|customer| customer.id.uuid()).collect();
    db.write_blocking(move |conn| {
        let version = surveys::survey_details(conn, &actor, ended)?.version;
        surveys::close_survey(conn, &actor, ended, version)?;
        if !invited.is_empty() {
            let new = NewInvitations { customer_ids: Some(invited.clone()), filter: None };
            surveys::invite(conn, &actor, &keys, running, &new)?;
        }
        guanxi_db::analyse(conn)?;
        Ok::<_, crate::error::Error>(())
    })
}

#[cfg(test)]
mod tests {
    use guanxi_api::Role;
    use serde_json::json;

    use crate::testing::TestApp;

    #[test]
    fn the_demo_has_a_survey_that_has_ended_and_one_that_goes_on() {
        let app = TestApp::start();
        let head = app.role(Role::OutletHead);
        for n in 0..60 {
            head.post("/customers", &json!({"kind": "person", "name": format!("客户{n}")})).expect(201);
        }
        super::make(&app.state.db, &app.state.keys, &app.state.settings, 42).expect("it is made");
        let surveys = head.get("/surveys").expect(200).json();
        let of = |status: &str| {
            let all = surveys["data"].as_array().expect("surveys");
            let id = all.iter().find(|survey| survey["status"] == status).expect("a survey")["id"].clone();
            let path = format!("/surveys/{}/results", id.as_str().expect("an id"));
            head.get(&path).expect(200).json()
        };
        let ended = of("closed");
        let answered = ended["answered"].as_i64().expect("a number");
        assert!((12..=36).contains(&answered), "{ended}");
        let share = ended["figures"]["satisfaction"]["share"].as_f64().expect("a share");
        assert!((0.5..=1.0).contains(&share), "{share}");
        assert_eq!(of("open")["invited"], 60);
    }
}

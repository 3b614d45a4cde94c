use chrono::NaiveTime;
use guanxi_api::{
    Instant, Language, LowScore, NewSurvey, Page as Rows, QuestionKind, QuestionnaireSummary, Survey,
    SurveyPatch, SurveyStatus,
};
use uuid::Uuid;
use yew::prelude::*;

use super::said;
use crate::api::{self, ApiError, Tagged};
use crate::checks::Errors;
use crate::draft::{Values, use_draft};
use crate::fetch::use_query;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options, yes_no};
use crate::once::use_once;
use crate::ui::{Button, Check, DateField, Dialog, HelpNote, Look, Notice, Select, TextField, read_date};

const NAME: &str = "/name";
const QUESTIONNAIRE: &str = "/questionnaire_id";
const OPENS: &str = "/opens_at";
const CLOSES: &str = "/closes_at";
const LANGUAGE: &str = "/language";
const ANONYMOUS: &str = "/anonymous";
/// The scores that may be low, with the one that means never.
const SCORES: [(&str, QuestionKind); 3] = [
    ("/low_score/csat", QuestionKind::Csat),
    ("/low_score/nps", QuestionKind::Nps),
    ("/low_score/ces", QuestionKind::Ces),
];

fn low_values(low: LowScore) -> impl Iterator<Item = (String, String)> {
    let scores = [low.csat, low.nps, low.ces];
    SCORES.iter().zip(scores).map(|((pointer, _), score)| ((*pointer).to_owned(), score.to_string()))
}

/// A survey as its form shows it.
fn values(survey: &Survey, i: I18n) -> Values {
    let day = |at| i.day_of(at).map(|day| day.to_string()).unwrap_or_default();
    let own = [
        (NAME, survey.name.clone()),
        (QUESTIONNAIRE, survey.questionnaire.id.to_string()),
        (OPENS, day(survey.opens_at)),
        (CLOSES, day(survey.closes_at)),
        (LANGUAGE, survey.language.code().to_owned()),
        (ANONYMOUS, survey.anonymous.to_string()),
    ];
    own.into_iter()
        .map(|(pointer, text)| (pointer.to_owned(), text))
        .chain(low_values(survey.low_score))
        .collect()
}

/// A typed day at a time of the bank's; what is none is noted as wrong.
fn instant(text: &str, time: NaiveTime, pointer: &str, errors: &mut Errors, i: I18n) -> Option<Instant> {
    let at = read_date(text).and_then(|day| i.instant(day.and_time(time)));
    if at.is_none() {
        errors.add(pointer, i.t(Msg::CheckDate));
    }
    at
}

/// The last second of a day, so that what ends there shows the day that was chosen.
fn last_second() -> NaiveTime {
    NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default()
}

#[derive(Properties, PartialEq)]
pub struct SurveyDialogProps {
    /// The survey to change, as it is now; without it, one is prepared.
    #[prop_or_default]
    pub survey: Option<Tagged<Survey>>,
    /// Takes what the server has made of it.
    pub ondone: Callback<Tagged<Survey>>,
    /// Somebody else was faster, and the newest is wanted.
    #[prop_or_default]
    pub onstale: Callback<()>,
    pub onclose: Callback<()>,
}

/// The form of a survey.
#[function_component]
pub fn SurveyDialog(props: &SurveyDialogProps) -> Html {
    let i = use_i18n();
    let form = use_form(Callback::noop());
    let before = props.survey.clone();
    let draft = use_draft(match &before {
        Some(survey) => values(&survey.value, i),
        None => {
            low_values(LowScore::default()).chain([(LANGUAGE.to_owned(), i.lang.code().to_owned())]).collect()
        }
    });
    let once = use_once();
    let known =
        use_query::<Rows<QuestionnaireSummary>, _, _>(Some("questionnaires?published".into()), || async {
            api::surveys::questionnaires("state eq \"published\" and archived eq false", "").await
        });
    let version = |id: Uuid, number: u32, title: &guanxi_api::LocalText| {
        let words = i.t(Msg::QuestionnaireVersion { title: &said(title, i), number: &number.to_string() });
        (AttrValue::from(id.to_string()), words)
    };
    let mut offered: Vec<(AttrValue, AttrValue)> = known
        .remote
        .data
        .iter()
        .flat_map(|rows| rows.data.iter())
        .map(|row| version(row.id, row.number, &row.title))
        .collect();
    if let Some(own) = before.as_ref().map(|survey| &survey.value.questionnaire)
        && !offered.iter().any(|(id, _)| *id == own.id.to_string())
    {
        offered.insert(0, version(own.id, own.number, &own.title));
    }
    let asked = Some(draft.at(QUESTIONNAIRE)).filter(|id| !id.is_empty());
    let asked = asked.or_else(|| offered.first().map(|(id, _)| id.to_string())).unwrap_or_default();
    // Once customers may answer, what they are asked stays.
    let fixed = before.as_ref().is_some_and(|survey| survey.value.status != SurveyStatus::Draft);

    let (ondone, onstale) = (&props.ondone, &props.onstale);
    let onsubmit = cb!((form, draft, before, asked, once, ondone, onstale), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let score =
            |n: usize| SCORES.get(n).and_then(|(at, _)| draft.at(at).parse().ok()).unwrap_or_default();
        let low = LowScore { csat: score(0), nps: score(1), ces: score(2) };
        let opens = draft.changed(OPENS).filter(|text| before.is_some() || !text.trim().is_empty());
        let opens_at = opens.and_then(|text| instant(&text, NaiveTime::MIN, OPENS, &mut errors, i));
        let closes = if before.is_some() { draft.changed(CLOSES) } else { Some(draft.at(CLOSES)) };
        let closes_at = closes.and_then(|text| instant(&text, last_second(), CLOSES, &mut errors, i));
        let name = draft.at(NAME).trim().to_owned();
        let language = by_code::<Language>(&draft.at(LANGUAGE));
        let Some(before) = before.clone() else {
            let new = NewSurvey {
                name,
                questionnaire_id: Uuid::parse_str(&asked).unwrap_or_default(),
                language,
                anonymous: draft.at(ANONYMOUS) == "true",
                opens_at,
                closes_at: closes_at.unwrap_or(Instant(chrono::DateTime::default())),
                low_score: Some(low),
            };
            for (pointer, message) in Errors::check(&new, i).iter() {
                errors.add(pointer, message);
            }
            let (once, ondone) = (once.clone(), ondone.clone());
            form.send(errors, async move {
                ondone.emit(once.answered(api::surveys::create(&new, &once.key(&new)).await)?);
                Ok(())
            });
            return;
        };
        let patch = SurveyPatch {
            name: Some(name).filter(|name| *name != before.value.name),
            questionnaire_id: draft.changed(QUESTIONNAIRE).and_then(|id| Uuid::parse_str(&id).ok()),
            language: draft.changed(LANGUAGE).and(language),
            anonymous: draft.changed(ANONYMOUS).map(|text| text == "true"),
            opens_at,
            closes_at,
            low_score: Some(low).filter(|low| *low != before.value.low_score),
        };
        for (pointer, message) in Errors::check(&patch, i).iter() {
            errors.add(pointer, message);
        }
        let (ondone, onstale) = (ondone.clone(), onstale.clone());
        form.send(errors, async move {
            let outcome = api::surveys::patch(before.value.id, &before.etag, &patch).await;
            if outcome.as_ref().is_err_and(ApiError::is_conflict) {
                onstale.emit(());
            }
            ondone.emit(outcome?);
            Ok(())
        });
    });
    let words = |pointer: &str, value: &str| {
        let found = |list: &[(AttrValue, AttrValue)]| {
            list.iter().find(|(code, _)| code == value).map(|(_, words)| words.clone())
        };
        let score = SCORES.iter().find(|(at, _)| *at == pointer);
        let (label, words) = match (pointer, score) {
            (QUESTIONNAIRE, _) => (i.t(Msg::SurveyQuestionnaire), found(&offered)),
            (OPENS, _) => (i.t(Msg::SurveyFirstDay), None),
            (CLOSES, _) => (i.t(Msg::SurveyLastDay), None),
            (LANGUAGE, _) => (i.t(Msg::SurveyLanguage), found(&options::<Language>(i))),
            (ANONYMOUS, _) => (i.t(Msg::SurveyAnonymous), found(&yes_no(i))),
            (_, Some((_, kind))) => (kind.label(i), found(&at_most(*kind, i))),
            _ => (i.t(Msg::SurveyName), None),
        };
        (label, words.unwrap_or_else(|| value.to_owned().into()))
    };
    let (title, action) = match &before {
        None => (Msg::SurveyNew, Msg::SurveyCreate),
        Some(_) => (Msg::SurveyEdit, Msg::CommonSave),
    };
    let anonymous = draft.at(ANONYMOUS) == "true";
    let set_anonymous = draft.set(ANONYMOUS).reform(|on: bool| on.to_string());
    let mut shown = vec![NAME, QUESTIONNAIRE, OPENS, CLOSES];
    shown.extend(SCORES.iter().map(|(at, _)| *at));
    html! {
        <Dialog title={i.t(title)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                { draft.notice(&form, &shown, words) }
                if fixed { <HelpNote text={i.t(Msg::SurveyFixed)} /> }
                if known.remote.data.is_some() && offered.is_empty() { <Notice tone="warn">{ i.t(Msg::SurveyNeedsQuestionnaire) }</Notice> }
                <TextField id="survey-name" label={i.t(Msg::SurveyName)} value={draft.at(NAME)} hint={i.t(Msg::SurveyNameHint)} required=true autofocus=true
                    error={form.at(NAME)} oninput={draft.set(NAME)} />
                <Select id="survey-questionnaire" label={i.t(Msg::SurveyQuestionnaire)} options={offered.clone()} value={asked} error={form.at(QUESTIONNAIRE)} disabled={fixed}
                    onchange={draft.set(QUESTIONNAIRE)} />
                <div class="form__grid">
                    <DateField id="survey-opens" label={i.t(Msg::SurveyFirstDay)} value={draft.at(OPENS)} optional={before.is_none()} disabled={fixed} error={form.at(OPENS)}
                        hint={before.is_none().then(|| i.t(Msg::SurveyFirstDayHint))} oninput={draft.set(OPENS)} />
                    <DateField id="survey-closes" label={i.t(Msg::SurveyLastDay)} value={draft.at(CLOSES)} required=true error={form.at(CLOSES)} oninput={draft.set(CLOSES)} />
                </div>
                <Select id="survey-language" label={i.t(Msg::SurveyLanguage)} options={options::<Language>(i)} value={draft.at(LANGUAGE)} disabled={fixed} hint={i.t(Msg::SurveyLanguageHint)}
                    onchange={draft.set(LANGUAGE)} />
                <Check label={i.t(Msg::SurveyAnonymousLong)} checked={anonymous} disabled={fixed} onchange={set_anonymous} />
                <fieldset class="field">
                    <legend class="field__label">{ i.t(Msg::SurveyLow) }</legend>
                    <p class="field__hint">{ i.t(if anonymous { Msg::SurveyLowAnonymous } else { Msg::SurveyLowHint }) }</p>
                    <div class="form__grid form__grid--three">
                        { for SCORES.iter().map(|(at, kind)| html! {
                            <Select id={format!("survey-{}", kind.code())} label={kind.label(i)} options={at_most(*kind, i)} value={draft.at(at)} error={form.at(at)} onchange={draft.set(at)} />
                        }) }
                    </div>
                </fieldset>
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(action) }</Button></div>
            </form>
        </Dialog>
    }
}

/// From which score down an answer is low: never, or any score of its scale.
fn at_most(kind: QuestionKind, i: I18n) -> Vec<(AttrValue, AttrValue)> {
    let Some((low, high)) = kind.scale() else { return Vec::new() };
    let score = |score: i16| {
        let text = score.to_string();
        let words =
            if score < low { i.t(Msg::SurveyLowNever) } else { i.t(Msg::SurveyLowAtMost { score: &text }) };
        (AttrValue::from(text), words)
    };
    (low - 1..=high).map(score).collect()
}

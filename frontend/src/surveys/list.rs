use std::rc::Rc;

use chrono::{DateTime, Datelike};
use guanxi_api::{
    Instant, Language, NewQuestionnaire, NewSurvey, Page as Rows, QuestionnaireState, QuestionnaireSummary,
    Survey,
};
use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::{Pages, said, status_badge};
use crate::api;
use crate::checks::Errors;
use crate::dom;
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Check, Column, DateField, Dialog, EmptyState, ErrorPanel, HelpNote, Icon, Link, Look,
    Notice, OnPhone, Page, Row, Select, Skeleton, Tab, Table, Tabs, TextField, Time, Tone, read_date,
    use_toasts,
};

/// The surveys and the questionnaires that they ask.
#[function_component]
pub fn SurveysPage() -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let location = use_location();
    let params = location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok());
    let shown = params.and_then(|p| p.get("tab")).filter(|tab| tab == "questionnaires");
    let adding = use_state(|| false);
    let once = use_state(dom::random_id);
    let can = |right: &str| me.as_ref().is_some_and(|me| may(me, right));

    let add_questionnaire = cb!((toasts, once), |_: MouseEvent| {
        spawn!((toasts, once), {
            let new = NewQuestionnaire { title: super::builder::first_title(), questions: Vec::new() };
            match api::surveys::create_questionnaire(&new, &once).await {
                Ok(made) => {
                    fetch::forget("questionnaires");
                    route::go(&Route::Questionnaire { id: made.id }.to_path());
                }
                Err(error) => toasts.fail(&error, i),
            }
        });
    });
    let actions = html! {
        if shown.is_some() {
            if can(right::MANAGE_QUESTIONNAIRES) { <Button look={Look::Primary} icon={Icon::Plus} onclick={add_questionnaire}>{ i.t(Msg::QuestionnaireNew) }</Button> }
        } else if can(right::MANAGE_SURVEYS) {
            <Button look={Look::Primary} icon={Icon::Plus} onclick={cb!((adding), |_: MouseEvent| adding.set(true))}>{ i.t(Msg::SurveyNew) }</Button>
        }
    };
    let chosen = if shown.is_some() { "questionnaires" } else { "surveys" };
    let onchoose = |tab: AttrValue| {
        let path = Route::Surveys.to_path();
        route::replace(&if tab == "surveys" { path } else { format!("{path}?tab={tab}") });
    };
    let tabs = vec![
        Tab { key: "surveys".into(), text: i.t(Msg::SurveyList) },
        Tab { key: "questionnaires".into(), text: i.t(Msg::QuestionnaireList) },
    ];
    html! {
        <Page title={i.t(Msg::SurveysTitle)} {actions}>
            <HelpNote text={i.t(if shown.is_some() { Msg::QuestionnairesHelp } else { Msg::SurveysHelp })} />
            <Tabs label={i.t(Msg::SurveysTitle)} {tabs} {chosen} {onchoose}>
                if shown.is_some() { <Questionnaires /> } else { <Surveys /> }
            </Tabs>
            if *adding { <NewSurveyDialog onclose={cb!((adding), |()| adding.set(false))} /> }
        </Page>
    }
}

#[function_component]
fn Surveys() -> Html {
    let i = use_i18n();
    let place = use_state(Vec::<String>::new);
    let cursor = place.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<Survey>, _, _>(Some(format!("surveys?{cursor}")), move || async move {
        api::surveys::list(&cursor).await
    });
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::SurveyName)).phone(OnPhone::Title),
        Column::new("status", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("questionnaire", i.t(Msg::SurveyQuestionnaire)).phone(OnPhone::Line),
        Column::new("closes_at", i.t(Msg::SurveyClosesAt)).phone(OnPhone::Line),
        Column::new("org_unit", i.t(Msg::FieldOrgUnit)),
    ]);
    let row = |survey: &Survey| Row {
        key: survey.id.to_string().into(),
        name: survey.name.clone().into(),
        off: false,
        cells: vec![
            html! { <Link to={Route::Survey { id: survey.id }.to_path()} class="table__link">{ &survey.name }</Link> },
            html! { <>{ status_badge(survey.status, i) } if survey.anonymous { { " " }<Badge>{ i.t(Msg::SurveyAnonymous) }</Badge> }</> },
            html! { { said(&survey.questionnaire.title, i) } },
            html! { <Time at={survey.closes_at} /> },
            html! { { survey.org_unit.name.in_language(i.lang).to_owned() } },
        ],
    };
    match (&rows.remote.data, &rows.remote.error) {
        (Some(data), _) if data.data.is_empty() => {
            html! { <EmptyState icon={Icon::MessageCircle} title={i.t(Msg::SurveysNone)} text={i.t(Msg::SurveysNoneText)} /> }
        }
        (Some(data), _) => html! {
            <>
                <Table plain=true caption={i.t(Msg::SurveyList)} {columns} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                <Pages {place} next={data.page.next.clone()} />
            </>
        },
        (None, Some(error)) => {
            html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={rows.reload.clone()} /> }
        }
        (None, None) => html! { <Skeleton rows=6 /> },
    }
}

fn state_badge(row: &QuestionnaireSummary, i: I18n) -> Html {
    let tone = if row.state == QuestionnaireState::Draft { Tone::Information } else { Tone::Good };
    html! {
        <>
            <Badge {tone}>{ row.state.label(i) }</Badge>
            if row.archived_at.is_some() { { " " }<Badge>{ i.t(Msg::CommonArchived) }</Badge> }
        </>
    }
}

#[function_component]
fn Questionnaires() -> Html {
    let i = use_i18n();
    let place = use_state(Vec::<String>::new);
    let archived = use_state(|| false);
    let cursor = place.last().cloned().unwrap_or_default();
    let filter = if *archived { "archived eq true or archived eq false" } else { "" };
    let rows =
        use_query::<Rows<QuestionnaireSummary>, _, _>(Some(format!("questionnaires?{filter}&{cursor}")), {
            move || async move { api::surveys::questionnaires(filter, &cursor).await }
        });
    let columns = Rc::new(vec![
        Column::new("title", i.t(Msg::QuestionnaireTitle)).phone(OnPhone::Title),
        Column::new("state", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("number", i.t(Msg::QuestionnaireNumber)).number().phone(OnPhone::Line),
        Column::new("questions", i.t(Msg::QuestionnaireQuestions)).number().phone(OnPhone::Line),
        Column::new("updated_at", i.t(Msg::FieldUpdatedAt)),
    ]);
    let row = |row: &QuestionnaireSummary| Row {
        key: row.id.to_string().into(),
        name: said(&row.title, i).into(),
        off: row.archived_at.is_some(),
        cells: vec![
            html! { <Link to={Route::Questionnaire { id: row.id }.to_path()} class="table__link">{ said(&row.title, i) }</Link> },
            state_badge(row, i),
            html! { { i.number(row.number) } },
            html! { { i.number(row.questions) } },
            html! { <Time at={row.updated_at} relative=true /> },
        ],
    };
    html! {
        <>
            <Check label={i.t(Msg::CommonShowArchived)} checked={*archived} onchange={cb!((archived, place), |on| { archived.set(on); place.set(Vec::new()); })} />
            { match (&rows.remote.data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::ListFilter} title={i.t(Msg::QuestionnairesNone)} text={i.t(Msg::QuestionnairesNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table plain=true caption={i.t(Msg::QuestionnaireList)} {columns} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                        <Pages place={place.clone()} next={data.page.next.clone()} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=6 /> },
            } }
        </>
    }
}

/// The end of a day, where the browser is.
fn end_of(day: chrono::NaiveDate) -> Option<Instant> {
    let date = js_sys::Date::new_with_year_month_day(
        u32::try_from(day.year()).ok()?,
        i32::try_from(day.month0()).ok()?,
        i32::try_from(day.day()).ok()? + 1,
    );
    DateTime::from_timestamp_millis(date.get_time() as i64).map(Instant)
}

#[derive(Properties, PartialEq)]
struct NewSurveyProps {
    onclose: Callback<()>,
}

#[function_component]
fn NewSurveyDialog(props: &NewSurveyProps) -> Html {
    let i = use_i18n();
    let name = use_state(String::new);
    let questionnaire = use_state(String::new);
    let closes = use_state(String::new);
    let anonymous = use_state(|| false);
    let language = use_state(|| i.lang);
    let errors = use_state(Errors::default);
    let refused = use_state(|| None::<AttrValue>);
    let busy = use_state(|| false);
    let once = use_state(dom::random_id);
    let known =
        use_query::<Rows<QuestionnaireSummary>, _, _>(Some("questionnaires?published".into()), || async {
            api::surveys::questionnaires("state eq \"published\" and archived eq false", "").await
        });
    let offered: Vec<(AttrValue, AttrValue)> = known
        .remote
        .data
        .iter()
        .flat_map(|rows| rows.data.iter())
        .map(|row| {
            let number = row.number.to_string();
            let words = i.t(Msg::QuestionnaireVersion { title: &said(&row.title, i), number: &number });
            (row.id.to_string().into(), words)
        })
        .collect();
    let chosen = if questionnaire.is_empty() {
        offered.first().map(|(id, _)| id.to_string()).unwrap_or_default()
    } else {
        (*questionnaire).clone()
    };
    let onsubmit = cb!(
        (name, chosen, closes, anonymous, language, errors, refused, busy, once),
        |event: SubmitEvent| {
            event.prevent_default();
            let mut found = Errors::default();
            let end = read_date(&closes).and_then(end_of);
            if end.is_none() {
                found.add("/closes_at", i.t(Msg::CheckDate));
            }
            let new = NewSurvey {
                name: name.trim().to_owned(),
                questionnaire_id: Uuid::parse_str(&chosen).unwrap_or_default(),
                language: Some(*language),
                anonymous: *anonymous,
                opens_at: None,
                closes_at: end.unwrap_or(Instant(DateTime::default())),
                low_score: None,
            };
            for (pointer, message) in Errors::check(&new, i).iter() {
                found.add(pointer, message);
            }
            errors.set(found.clone());
            refused.set(None);
            if !found.is_empty() || *busy {
                return;
            }
            busy.set(true);
            spawn!((errors, refused, busy, once), {
                match api::surveys::create(&new, &once).await {
                    Ok(survey) => {
                        fetch::forget("surveys?");
                        route::go(&Route::Survey { id: survey.id }.to_path());
                    }
                    Err(error) => {
                        errors.set(Errors::of(&error));
                        refused.set(error.errors.is_empty().then(|| error.detail(i)));
                        once.set(dom::random_id());
                    }
                }
                busy.set(false);
            });
        }
    );
    html! {
        <Dialog title={i.t(Msg::SurveyNew)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                if let Some(text) = &*refused { <Notice tone="bad" alert=true>{ text }</Notice> }
                if known.remote.data.is_some() && offered.is_empty() { <Notice tone="warn">{ i.t(Msg::SurveyNeedsQuestionnaire) }</Notice> }
                <TextField id="survey-name" label={i.t(Msg::SurveyName)} value={(*name).clone()} hint={i.t(Msg::SurveyNameHint)} required=true autofocus=true
                    error={errors.at("/name")} oninput={cb!((name), |text| name.set(text))} />
                <Select id="survey-questionnaire" label={i.t(Msg::SurveyQuestionnaire)} options={offered} value={chosen} error={errors.at("/questionnaire_id")}
                    onchange={cb!((questionnaire), |id| questionnaire.set(id))} />
                <DateField id="survey-closes" label={i.t(Msg::SurveyLastDay)} value={(*closes).clone()} required=true error={errors.at("/closes_at")}
                    oninput={cb!((closes), |text| closes.set(text))} />
                <Select id="survey-language" label={i.t(Msg::SurveyLanguage)} options={options::<Language>(i)} value={language.code()}
                    onchange={cb!((language), |code: String| language.set(by_code(&code).unwrap_or(*language)))} />
                <Check label={i.t(Msg::SurveyAnonymousLong)} checked={*anonymous} onchange={cb!((anonymous), |on| anonymous.set(on))} />
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={*busy}>{ i.t(Msg::SurveyCreate) }</Button></div>
            </form>
        </Dialog>
    }
}

use std::rc::Rc;

use guanxi_api::{NewQuestionnaire, Page as Rows, QuestionnaireState, QuestionnaireSummary, Survey};
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::form::SurveyDialog;
use super::{Pages, said, status_badge};
use crate::api::{self, Tagged};
use crate::fetch::{self, use_query};
use crate::i18n::{I18n, Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::Label;
use crate::once::use_once;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, Check, Column, EmptyState, ErrorPanel, HelpNote, Icon, Link, Look, OnPhone, Page, Row,
    Skeleton, Tab, Table, Tabs, Time, Tone, use_toasts,
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
    let once = use_once();
    let can = |right: &str| me.as_ref().is_some_and(|me| may(me, right));

    let add_questionnaire = cb!((toasts, once), |_: MouseEvent| {
        spawn!((toasts, once), {
            let new = NewQuestionnaire { title: super::builder::first_title(), questions: Vec::new() };
            match once.answered(api::surveys::create_questionnaire(&new, &once.key(&new)).await) {
                Ok(made) => {
                    fetch::forget("questionnaires");
                    route::go(&Route::Questionnaire { id: made.id }.to_path());
                }
                Err(error) => toasts.fail(&error, i),
            }
        });
    });
    let made = |survey: Tagged<Survey>| {
        fetch::forget("surveys?");
        route::go(&Route::Survey { id: survey.value.id }.to_path());
    };
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
            if *adding { <SurveyDialog ondone={made} onclose={cb!((adding), |()| adding.set(false))} /> }
        </Page>
    }
}

#[function_component]
fn Surveys() -> Html {
    let i = use_i18n();
    let place = use_kept("surveys-place", Vec::<String>::new);
    let cursor = place.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<Survey>, _, _>(Some(format!("surveys?{cursor}")), move || async move {
        api::surveys::list(&cursor).await
    });
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::SurveyName)).phone(OnPhone::Title),
        Column::new("status", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("questionnaire", i.t(Msg::SurveyQuestionnaire)).phone(OnPhone::Line),
        Column::new("closes_at", i.t(Msg::SurveyClosesAt)).phone(OnPhone::Named),
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

/// A figure whose column says what it is; on a card, where there are no columns, it says so itself.
fn on_phone(figure: String, words: impl Fn(&str) -> AttrValue) -> Html {
    let words = words(&figure);
    html! { <><span class="wide-only">{ figure }</span><span class="narrow-only">{ words }</span></> }
}

#[function_component]
fn Questionnaires() -> Html {
    let i = use_i18n();
    let place = use_kept("questionnaires-place", Vec::<String>::new);
    let archived = use_kept("questionnaires-archived", || false);
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
            on_phone(i.number(row.number), |number| i.t(Msg::QuestionnaireVersionShort { number })),
            on_phone(i.number(row.questions), |count| i.t(Msg::QuestionnaireCount { count })),
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

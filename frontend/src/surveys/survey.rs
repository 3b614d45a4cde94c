use guanxi_api::{AuditEntry, Page as Rows, Survey, SurveyStatus};
use uuid::Uuid;
use web_sys::UrlSearchParams;
use yew::prelude::*;
use yew_router::Routable;
use yew_router::hooks::use_location;

use super::answers::AnswersTab;
use super::form::SurveyDialog;
use super::invite::InviteTab;
use super::results::ResultsTab;
use super::{said, status_badge, survey_words};
use crate::api::{self, Tagged};
use crate::audit::{HistoryPages, Reading};
use crate::fetch::{self, use_query};
use crate::i18n::{Msg, use_i18n};
use crate::labels::Label;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, ConfirmDialog, EmptyState, ErrorPanel, HelpNote, Icon, Link, Look, Page, Skeleton, Tab,
    Tabs, Time, use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct SurveyPageProps {
    pub id: Uuid,
}

/// One survey: its results, its answers, whom it asks, and what happened to it.
#[function_component]
pub fn SurveyPage(props: &SurveyPageProps) -> Html {
    let i = use_i18n();
    let id = props.id;
    let me = use_me();
    let toasts = use_toasts();
    let closing = use_state(|| false);
    let editing = use_state(|| false);
    let location = use_location();
    let query =
        use_query::<Tagged<Survey>, _, _>(Some(format!("survey/{id}")), move || api::surveys::get(id));
    let read = use_callback(id, |cursor: String, id| {
        let id = *id;
        Box::pin(async move { api::surveys::history("surveys", id, &cursor).await })
            as Reading<Rows<AuditEntry>>
    });
    let Some(tagged) = query.remote.data.clone() else {
        return html! {
            <Page title={i.t(Msg::SurveyTitle)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! { <EmptyState icon={Icon::MessageCircle} title={i.t(Msg::SurveyMissing)} /> },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=8 /> },
                } }
            </Page>
        };
    };
    let survey = tagged.value.clone();
    // Those of other units are seen and not changed.
    let manage = me.as_ref().is_some_and(|me| may(me, right::MANAGE_SURVEYS)) && survey.can_change;
    let (set, reload, etag) = (&query.set, &query.reload, tagged.etag.clone());
    let act = cb!((set, reload, etag, toasts, closing), |verb: &'static str| {
        closing.set(false);
        spawn!((set, reload, etag, toasts), {
            match api::surveys::act(id, &etag, verb).await {
                Ok(tagged) => set.emit(tagged),
                Err(error) => {
                    toasts.fail(&error, i);
                    reload.emit(());
                }
            }
            fetch::forget("surveys?");
        });
    });
    let saved = cb!((set, toasts, editing), |tagged: Tagged<Survey>| {
        editing.set(false);
        set.emit(tagged);
        fetch::forget("surveys?");
        toasts.say(i.t(Msg::SurveySaved));
    });
    let actions = html! {
        <>
        if manage && survey.status != SurveyStatus::Closed {
            <Button icon={Icon::Pencil} onclick={cb!((editing), |_: MouseEvent| editing.set(true))}>{ i.t(Msg::SurveyEdit) }</Button>
        }
        if manage && survey.status == SurveyStatus::Draft {
            <Button look={Look::Primary} onclick={cb!((act), |_: MouseEvent| act.emit("open"))}>{ i.t(Msg::SurveyOpen) }</Button>
        }
        if manage && survey.status == SurveyStatus::Open {
            <Button onclick={cb!((closing), |_: MouseEvent| closing.set(true))}>{ i.t(Msg::SurveyClose) }</Button>
        }
        </>
    };
    let heading = html! {
        <h1><span class="header__title">
            <span>{ &survey.name }</span>{ status_badge(survey.status, i) }
            if survey.anonymous { <Badge>{ i.t(Msg::SurveyAnonymous) }</Badge> }
        </span></h1>
    };
    let names = [
        ("results", Msg::SurveyResults),
        ("answers", Msg::SurveyAnswers),
        ("invitations", Msg::SurveyInvitations),
        ("history", Msg::CustomerHistory),
    ];
    let asked =
        location.and_then(|l| UrlSearchParams::new_with_str(l.query_str()).ok()).and_then(|p| p.get("tab"));
    let first = if survey.status == SurveyStatus::Draft { "invitations" } else { "results" };
    let chosen =
        names.iter().map(|(key, _)| *key).find(|key| asked.as_deref() == Some(*key)).unwrap_or(first);
    let tabs = names.map(|(key, text)| Tab { key: key.into(), text: i.t(text) }).to_vec();
    let onchoose =
        move |tab: AttrValue| route::replace(&format!("{}?tab={tab}", Route::Survey { id }.to_path()));
    let version = survey.version;
    let asked = survey.questionnaire.id.to_string();
    let asked_words = AttrValue::from(said(&survey.questionnaire.title, i));
    html! {
        <Page title={survey.name.clone()} {heading} {actions}>
            <div class="header__facts">
                <span>{ i.t(Msg::SurveyQuestionnaire) }{ " " }<b><Link to={Route::Questionnaire { id: survey.questionnaire.id }.to_path()} class="link">{ said(&survey.questionnaire.title, i) }</Link></b></span>
                <span>{ i.t(Msg::SurveyOpensAt) }{ " " }<b><Time at={survey.opens_at} /></b></span>
                <span>{ i.t(Msg::SurveyClosesAt) }{ " " }<b><Time at={survey.closes_at} /></b></span>
                <span>{ i.t(Msg::FieldOrgUnit) }{ " " }<b>{ survey.org_unit.name.in_language(i.lang).to_owned() }</b></span>
                <span>{ i.t(Msg::SurveyLanguage) }{ " " }<b>{ survey.language.label(i) }</b></span>
            </div>
            <HelpNote text={i.t(if survey.anonymous { Msg::SurveyHelpAnonymous } else { Msg::SurveyHelp })} />
            <Tabs label={i.t(Msg::SurveyTitle)} {tabs} {chosen} {onchoose}>
                { match chosen {
                    "answers" => html! { <AnswersTab survey={survey.clone()} /> },
                    "invitations" => html! { <InviteTab survey={survey.clone()} reload={query.reload.clone()} /> },
                    "history" => html! {
                        <HistoryPages key={version.to_string()} name={format!("survey/{id}/history/{version}")} {read}
                            words={Callback::from(move |change: (String, serde_json::Value)| {
                                let own = change.1.as_str() == Some(&*asked);
                                let (label, words) = survey_words(change, i);
                                (label, if own { asked_words.clone() } else { words })
                            })} />
                    },
                    _ => html! { <ResultsTab {id} /> },
                } }
            </Tabs>
            if *editing {
                <SurveyDialog survey={(*tagged).clone()} ondone={saved} onstale={query.reload.clone()} onclose={cb!((editing), |()| editing.set(false))} />
            }
            if *closing {
                <ConfirmDialog title={i.t(Msg::SurveyClose)} action={i.t(Msg::SurveyClose)} danger=true onconfirm={cb!((act), |()| act.emit("close"))} onclose={cb!((closing), |()| closing.set(false))}>
                    <p>{ i.t(Msg::SurveyCloseText) }</p>
                </ConfirmDialog>
            }
        </Page>
    }
}

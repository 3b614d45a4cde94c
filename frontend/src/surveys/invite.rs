use std::rc::Rc;

use guanxi_api::{
    CustomerSearch, CustomerSummary, Invitation, InvitationState, Invited, NewInvitations, Page as Rows,
    Survey, SurveyStatus, Tier,
};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::Pages;
use crate::api;
use crate::dom;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::kept::use_kept;
use crate::labels::{Label, options};
use crate::once::use_once;
use crate::org::{unit_options, use_units};
use crate::route::Route;
use crate::session::{may, right, sees_masked, use_me};
use crate::ui::{
    Badge, Button, Choice, Column, Combobox, Dialog, EmptyState, ErrorPanel, FilterChips, FilterField,
    FilterKind, FilterTerm, Icon, IconButton, Link, Look, Notice, OnPhone, Panel, Row, Search, Skeleton,
    Table, Time, Tone, use_toasts,
};

/// Finds customers by their names, for a field to choose from.
#[hook]
pub fn use_customer_search() -> Callback<Search> {
    use_callback((), |search: Search, ()| {
        spawn!((search), {
            let asked = CustomerSearch {
                q: (!search.text.is_empty()).then(|| search.text.clone()),
                limit: Some(10),
                ..CustomerSearch::default()
            };
            let choice = |customer: CustomerSummary| Choice {
                key: customer.id.to_string().into(),
                text: customer.name.into(),
                note: customer.customer_no.into(),
            };
            let found = api::customers::search(&asked).await;
            search.give.emit(found.map(|page| page.data.into_iter().map(choice).collect()));
        });
    })
}

#[derive(Properties, PartialEq)]
pub struct InviteTabProps {
    pub survey: Survey,
    pub reload: Callback<()>,
}

/// Whom a survey asks, and asking more.
#[function_component]
pub fn InviteTab(props: &InviteTabProps) -> Html {
    let i = use_i18n();
    let me = use_me();
    let toasts = use_toasts();
    let survey = &props.survey;
    let id = survey.id;
    let once = use_once();
    let place = use_kept("invitations-place", Vec::<String>::new);
    let made = use_state(|| None::<Invited>);
    let cursor = place.last().cloned().unwrap_or_default();
    let rows = use_query::<Rows<Invitation>, _, _>(
        Some(format!("survey/{id}/invitations?{cursor}")),
        move || async move { api::surveys::invitations(id, &cursor).await },
    );
    let manage = me.as_ref().is_some_and(|me| may(me, right::MANAGE_SURVEYS));
    let open = manage && survey.status != SurveyStatus::Closed;
    let (reload, reload_survey) = (rows.reload.clone(), props.reload.clone());
    let show = cb!((made, reload, reload_survey), |invited: Invited| {
        made.set(Some(invited));
        reload.emit(());
        reload_survey.emit(());
    });
    let revoke = cb!((reload, toasts), |invitation: Invitation| {
        spawn!((reload, toasts), {
            match api::surveys::revoke(id, &invitation).await {
                Ok(_) => toasts.say(i.t(Msg::InviteRevoked)),
                Err(error) => toasts.fail(&error, i),
            }
            reload.emit(());
        });
    });
    let renew = cb!((reload, toasts, made, once), |invitation: Invitation| {
        spawn!((reload, toasts, made, once), {
            match once.answered(
                api::surveys::renew(id, &invitation, &once.key(&(invitation.id, invitation.version))).await,
            ) {
                Ok(renewed) => {
                    let link = renewed.url.map(|url| guanxi_api::InvitationLink {
                        invitation_id: renewed.invitation.id,
                        customer: renewed.invitation.customer.clone(),
                        url,
                    });
                    made.set(Some(Invited {
                        links: link.into_iter().collect(),
                        skipped: Vec::new(),
                        more: false,
                        qr: renewed.qr,
                    }));
                }
                Err(error) => toasts.fail(&error, i),
            }
            reload.emit(());
        });
    });
    let columns = Rc::new(vec![
        Column::new("customer", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("customer_no", i.t(Msg::FieldCustomerNo)).phone(OnPhone::Line),
        Column::new("state", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("created_at", i.t(Msg::InviteAt)),
        Column::new("answered_at", i.t(Msg::InviteAnsweredAt)),
        Column::new("actions", i.t(Msg::CommonMore)).phone(OnPhone::Line),
    ]);
    let row = |invitation: &Invitation| {
        let tone = match invitation.state {
            InvitationState::Answered => Tone::Good,
            InvitationState::Opened => Tone::Information,
            InvitationState::Revoked | InvitationState::Expired => Tone::Warning,
            InvitationState::Invited => Tone::Neutral,
        };
        let can = open && invitation.state != InvitationState::Answered;
        Row {
            key: invitation.id.to_string().into(),
            name: invitation.customer.name.clone().into(),
            off: invitation.state == InvitationState::Revoked,
            cells: vec![
                html! { <Link to={Route::Customer { id: invitation.customer.id }.to_path()} class="table__link">{ &invitation.customer.name }</Link> },
                html! { { &invitation.customer.customer_no } },
                html! { <Badge {tone}>{ invitation.state.label(i) }</Badge> },
                html! { <Time at={invitation.created_at} relative=true /> },
                html! { if let Some(at) = invitation.answered_at { <Time {at} relative=true /> } },
                html! {
                    if can {
                        <IconButton small=true icon={Icon::RefreshCw} label={i.t(Msg::InviteRenew { name: &invitation.customer.name })} onclick={cb!((renew, invitation), |_: MouseEvent| renew.emit(invitation.clone()))} />
                        if invitation.state != InvitationState::Revoked {
                            <IconButton small=true icon={Icon::X} label={i.t(Msg::InviteRevoke { name: &invitation.customer.name })} onclick={cb!((revoke, invitation), |_: MouseEvent| revoke.emit(invitation.clone()))} />
                        }
                    }
                },
            ],
        }
    };
    html! {
        <div class="stack">
            if open { <InvitePanel {id} onmade={show} /> }
            { match (&rows.remote.data, &rows.remote.error) {
                (Some(data), _) if data.data.is_empty() => html! { <EmptyState icon={Icon::Mail} title={i.t(Msg::InviteNone)} text={i.t(Msg::InviteNoneText)} /> },
                (Some(data), _) => html! {
                    <>
                        <Table plain=true caption={i.t(Msg::SurveyInvitations)} {columns} rows={data.data.iter().map(row).collect::<Vec<_>>()} />
                        <Pages place={place.clone()} next={data.page.next.clone()} />
                    </>
                },
                (None, Some(error)) => html! { <ErrorPanel what={i.t(Msg::SurveysFailed)} error={error.clone()} retry={rows.reload.clone()} /> },
                (None, None) => html! { <Skeleton rows=6 /> },
            } }
            if let Some(invited) = &*made { <LinksDialog invited={invited.clone()} onclose={cb!((made), |()| made.set(None))} /> }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct InvitePanelProps {
    id: Uuid,
    onmade: Callback<Invited>,
}

#[function_component]
fn InvitePanel(props: &InvitePanelProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let units = use_units();
    let masked = use_me().is_some_and(|me| sees_masked(&me));
    let picked = use_state(Vec::<Choice>::new);
    let terms = use_state(Vec::<FilterTerm>::new);
    let busy = use_state(|| false);
    let search = use_customer_search();
    let once = use_once();
    let (id, onmade) = (props.id, &props.onmade);
    let send = cb!((toasts, busy, onmade, picked, once), |new: NewInvitations| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((toasts, busy, onmade, picked, once), {
            match once.answered(api::surveys::invite(id, &new, &once.key(&new)).await) {
                Ok(invited) => {
                    picked.set(Vec::new());
                    onmade.emit(invited);
                }
                Err(error) => toasts.fail(&error, i),
            }
            busy.set(false);
        });
    });
    let by_ids = cb!((send, picked), |_: MouseEvent| {
        let ids = picked.iter().filter_map(|choice| Uuid::parse_str(&choice.key).ok()).collect();
        send.emit(NewInvitations { customer_ids: Some(ids), filter: None });
    });
    let by_filter = cb!((send, terms), |_: MouseEvent| {
        send.emit(NewInvitations { customer_ids: None, filter: Some(FilterTerm::write_all(&terms)) });
    });
    let field = |key: &'static str, label, kind, nullable| FilterField {
        key: key.into(),
        label: i.t(label),
        kind,
        nullable,
    };
    let mut fields = vec![
        field("org_unit_id", Msg::FieldOrgUnit, FilterKind::Codes(unit_options(&units, i)), false),
        field("status", Msg::FieldStatus, FilterKind::Codes(options::<guanxi_api::CustomerStatus>(i)), false),
    ];
    if !masked {
        fields.insert(0, field("tier", Msg::FieldTier, FilterKind::Codes(options::<Tier>(i)), false));
    }
    let pick = cb!((picked), |choice: Option<Choice>| {
        if let Some(choice) = choice.filter(|choice| !picked.iter().any(|known| known.key == choice.key)) {
            picked.set(picked.iter().cloned().chain([choice]).collect());
        }
    });
    html! {
        <Panel title={i.t(Msg::InviteTitle)}>
            <div class="form">
                <Combobox id="invite-customer" label={i.t(Msg::InvitePick)} {search} onchoose={pick} />
                if !picked.is_empty() {
                    <ul class="lines">
                        { for picked.iter().enumerate().map(|(n, choice)| html! {
                            <li key={choice.key.to_string()}><span class="lines__main">{ &choice.text }</span><small class="muted">{ &choice.note }</small>
                                <IconButton small=true icon={Icon::X} label={i.t(Msg::CommonRemove)} onclick={cb!((picked), |_: MouseEvent| {
                                    let mut rest = (*picked).clone();
                                    rest.remove(n);
                                    picked.set(rest);
                                })} />
                            </li>
                        }) }
                    </ul>
                    <div class="form__actions"><Button look={Look::Primary} busy={*busy} onclick={by_ids}>{ i.t(Msg::InviteThese { count: &picked.len().to_string() }) }</Button></div>
                }
                <div class="filters" role="search" aria-label={i.t(Msg::InviteByFilter)}><FilterChips {fields} terms={(*terms).clone()} onchange={cb!((terms), |next| terms.set(next))} /></div>
                <p class="small muted">{ i.t(Msg::InviteByFilterHint) }</p>
                <div class="form__actions"><Button disabled={terms.is_empty()} busy={*busy} onclick={by_filter}>{ i.t(Msg::InviteByFilter) }</Button></div>
            </div>
        </Panel>
    }
}

#[derive(Properties, PartialEq)]
struct LinksDialogProps {
    invited: Invited,
    onclose: Callback<()>,
}

/// A cell of a CSV file; what a spreadsheet would take for a formula is taken for text.
fn cell(text: &str) -> String {
    let guarded =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    format!("\"{}\"", guarded.replace('"', "\"\""))
}

/// The one time that links are seen.
#[function_component]
fn LinksDialog(props: &LinksDialogProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let Invited { links, skipped, more, qr } = props.invited.clone();
    let lines: Vec<String> = links
        .iter()
        .map(|link| {
            [&link.customer.customer_no, &link.customer.name, &link.url].map(|text| cell(text)).join(",")
        })
        .collect();
    let csv = format!("customer_no,name,url\r\n{}\r\n", lines.join("\r\n"));
    // One link is for a message; many are for a spreadsheet.
    let (taken, copy_words) = match links.as_slice() {
        [only] => (only.url.clone(), Msg::InviteCopyLink),
        _ => (csv.clone(), Msg::InviteCopy),
    };
    let copy = cb!((taken, toasts), |_: MouseEvent| {
        dom::copy(&taken);
        toasts.say(i.t(Msg::CommonCopied));
    });
    let close = props.onclose.clone();
    let footer = html! { <Button look={Look::Primary} onclick={move |_| close.emit(())}>{ i.t(Msg::CommonDone) }</Button> };
    let file = format!(
        "data:text/csv;charset=utf-8,{}",
        String::from(js_sys::encode_uri_component(&format!("\u{feff}{csv}")))
    );
    let picture =
        qr.map(|svg| format!("data:image/svg+xml,{}", String::from(js_sys::encode_uri_component(&svg))));
    let mut reasons: Vec<(AttrValue, u32)> = Vec::new();
    for skipped in &skipped {
        let words = skipped.reason.label(i);
        match reasons.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => reasons.push((words, 1)),
        }
    }
    html! {
        <Dialog title={i.t(Msg::InviteLinks)} {footer}>
            <p>{ i.t(Msg::InviteMade { count: &i.number(links.len() as u32) }) }</p>
            if !links.is_empty() {
                <Notice tone="warn">{ i.t(Msg::InviteOnce) }</Notice>
                <p class="row">
                    <Button icon={Icon::Copy} onclick={copy}>{ i.t(copy_words) }</Button>
                    <a class="button" href={file} download="survey-links.csv">{ i.t(Msg::InviteDownload) }</a>
                </p>
                <ul class="lines survey-links">
                    { for links.iter().take(50).map(|link| html! { <li><span class="lines__main">{ &link.customer.name }</span><code class="survey-links__url">{ &link.url }</code></li> }) }
                </ul>
            }
            if let Some(picture) = picture { <img class="survey-qr" src={picture} alt={i.t(Msg::InviteQr)} width="232" height="232" /> }
            if !reasons.is_empty() {
                <p>{ i.t(Msg::InviteSkipped) }</p>
                <ul class="plain">{ for reasons.iter().map(|(words, count)| html! { <li>{ words }{ ": " }{ i.number(*count) }</li> }) }</ul>
            }
            if more { <Notice>{ i.t(Msg::InviteMore) }</Notice> }
        </Dialog>
    }
}

use std::collections::BTreeMap;

use guanxi_api::{
    DuplicateDismissal, DuplicatePair, DuplicateState, MergePreview, MergeSide, MovedThings, NewCustomerMerge,
};
use serde_json::Value;
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::{evidence, side};
use crate::api::{self, Tagged};
use crate::checks::Errors;
use crate::fetch::{self, use_query};
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::quality::words;
use crate::route::{self, Route};
use crate::session::{may, right, use_me};
use crate::ui::{
    Badge, Button, ConfirmDialog, Dialog, EmptyState, ErrorPanel, HelpNote, Icon, Look, Page, Panel,
    Skeleton, TextField, TierMark, use_toasts,
};

#[derive(Properties, PartialEq)]
pub struct DuplicatePageProps {
    pub id: Uuid,
}

/// Two customers who may be one, and what to do about it.
#[function_component]
pub fn DuplicatePage(props: &DuplicatePageProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let id = props.id;
    let me = use_me();
    let dismissing = use_state(|| false);
    let turned = use_state(|| false);
    let query = use_query::<Tagged<DuplicatePair>, _, _>(Some(format!("duplicate/{id}")), move || {
        api::duplicates::pair(id)
    });
    let Some(tagged) = query.remote.data.clone() else {
        return html! {
            <Page title={i.t(Msg::PairsCompare)}>
                { match &query.remote.error {
                    Some(error) if error.is_missing() => html! { <EmptyState icon={Icon::Users} title={i.t(Msg::PairsMissing)} /> },
                    Some(error) => html! { <ErrorPanel what={i.t(Msg::PairsFailed)} error={error.clone()} retry={query.reload.clone()} /> },
                    None => html! { <Skeleton bare=true rows=8 /> },
                } }
            </Page>
        };
    };
    let (pair, etag) = (tagged.value.clone(), tagged.etag.clone());
    let (set, reload) = (query.set.clone(), query.reload.clone());
    let has = |right: &str| me.as_ref().is_some_and(|me| may(me, right));
    let settled = cb!((set, reload, toasts), |done: Result<Tagged<DuplicatePair>, api::ApiError>| {
        match done {
            Ok(now) => {
                toasts.say(i.t(if now.value.state == DuplicateState::Open {
                    Msg::PairsReopened
                } else {
                    Msg::PairsDismissedSaid
                }));
                set.emit(now);
            }
            Err(error) => {
                toasts.fail(&error, i);
                reload.emit(());
            }
        }
        fetch::forget("duplicates?");
    });
    let reopen = cb!((settled, etag), |_: MouseEvent| {
        spawn!((settled, etag), {
            settled.emit(api::duplicates::reopen(id, &etag).await);
        });
    });
    let dismissed = cb!((settled, dismissing), |now: Tagged<DuplicatePair>| {
        dismissing.set(false);
        settled.emit(Ok(now));
    });
    let ids: Vec<Uuid> =
        pair.customers.iter().filter_map(|side| side.customer.as_ref()).map(|one| one.id).collect();
    let both = match (ids.as_slice(), *turned) {
        ([one, other], false) => Some((*one, *other)),
        ([one, other], true) => Some((*other, *one)),
        _ => None,
    };
    let is_open = pair.state == DuplicateState::Open;
    let turn = cb!((turned), |_: MouseEvent| turned.set(!*turned));
    let actions = html! {
        if is_open && has(right::DECIDE_DUPLICATES) {
            <Button onclick={cb!((dismissing), |_: MouseEvent| dismissing.set(true))}>{ i.t(Msg::PairsDismiss) }</Button>
        } else if pair.state == DuplicateState::Dismissed && has(right::DECIDE_DUPLICATES) {
            <Button onclick={reopen}>{ i.t(Msg::PairsReopen) }</Button>
        }
    };
    let heading = html! {
        <h1><span class="header__title"><span>{ i.t(Msg::PairsCompare) }</span><Badge>{ pair.state.label(i) }</Badge></span></h1>
    };
    html! {
        <Page title={i.t(Msg::PairsCompare)} {heading} {actions}>
            <div class="header__facts"><span>{ i.t(Msg::PairsScore) }{ " " }<b>{ i.number(u32::from(pair.score)) }</b></span>{ evidence(&pair, i) }</div>
            if let Some(reason) = &pair.reason { <p>{ i.t(Msg::PairsReason) }{ " " }{ reason }</p> }
            { match both {
                Some((survivor, other)) if is_open && has(right::MERGE_CUSTOMERS) => html! {
                    <Merge key={survivor.to_string()} {survivor} {other} onturn={turn} />
                },
                _ => html! {
                    <>
                        <HelpNote text={i.t(if both.is_none() { Msg::PairsHiddenHelp } else { Msg::PairsSeenHelp })} />
                        <Panel title={i.t(Msg::PairsBoth)} flush=true>
                            <ul class="lines">{ for pair.customers.iter().map(|one| html! { <li>{ side(one, i) }</li> }) }</ul>
                        </Panel>
                    </>
                },
            } }
            if *dismissing { <DismissDialog {id} etag={etag.clone()} ondone={dismissed} onclose={cb!((dismissing), |()| dismissing.set(false))} /> }
        </Page>
    }
}

#[derive(Properties, PartialEq)]
struct MergeProps {
    survivor: Uuid,
    other: Uuid,
    onturn: Callback<MouseEvent>,
}

/// The fields in which they differ side by side, one value of each to be chosen, and what goes over.
#[function_component]
fn Merge(props: &MergeProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let (survivor, other) = (props.survivor, props.other);
    let chosen = use_state(BTreeMap::<String, MergeSide>::new);
    let asking = use_state(|| false);
    let busy = use_state(|| false);
    let query =
        use_query::<MergePreview, _, _>(Some(format!("merge-preview/{survivor}/{other}")), move || {
            api::duplicates::preview(survivor, other)
        });
    let Some(preview) = query.remote.data.clone() else {
        return match &query.remote.error {
            Some(error) => {
                html! { <ErrorPanel what={i.t(Msg::PairsFailed)} error={error.clone()} retry={query.reload.clone()} /> }
            }
            None => html! { <Skeleton bare=true rows=8 /> },
        };
    };
    let side_of =
        |field: &guanxi_api::MergeField| chosen.get(&field.field).copied().unwrap_or(field.suggested);
    let take: Vec<String> = preview
        .fields
        .iter()
        .filter(|field| side_of(field) == MergeSide::Other)
        .map(|field| field.field.clone())
        .collect();
    let reload = query.reload.clone();
    let merge = cb!((asking, busy, toasts, preview, take, reload), |()| {
        asking.set(false);
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((busy, toasts, preview, take, reload), {
            let new = NewCustomerMerge {
                other_id: other,
                other_version: preview.other_version,
                take,
                reason: None,
            };
            match api::duplicates::merge(survivor, &format!("\"{}-0\"", preview.survivor_version), &new).await
            {
                Ok(_) => {
                    fetch::forget("duplicates?");
                    fetch::forget("customer-merges?");
                    toasts.say(i.t(Msg::MergeDone { name: &preview.survivor.name }));
                    route::go(&Route::Customer { id: survivor }.to_path());
                }
                Err(error) => {
                    toasts.fail(&error, i);
                    reload.emit(());
                }
            }
            busy.set(false);
        });
    });
    let column = |one: &guanxi_api::RelatedCustomer, what: Msg<'static>| {
        html! {
            <th scope="col"><span class="small muted">{ i.t(what) }</span><span class="merge__who"><b>{ &one.name }</b>{ " " }<TierMark tier={one.tier} /></span>
                <span class="small muted">{ &one.customer_no }{ " · " }{ i.amount(one.aum.amount) }{ " " }{ one.aum.currency.to_string() }</span></th>
        }
    };
    let row = |field: &guanxi_api::MergeField| {
        let now = side_of(field);
        let (label, _) = words(&field.field, None, i);
        let cell = |of: MergeSide, value: Option<&Value>| {
            let (_, text) = words(&field.field, value, i);
            let name = field.field.clone();
            let onchange = cb!((chosen, name), |_: Event| {
                let mut next = (*chosen).clone();
                next.insert(name.clone(), of);
                chosen.set(next);
            });
            html! {
                <td><label class="merge__choice"><input type="radio" name={format!("merge-{}", field.field)} checked={now == of} {onchange} />
                    <span>{ text }</span></label></td>
            }
        };
        html! {
            <tr key={field.field.clone()}>
                <th scope="row">{ label }</th>
                { cell(MergeSide::Survivor, field.survivor.as_ref()) }
                { cell(MergeSide::Other, field.other.as_ref()) }
            </tr>
        }
    };
    let close = cb!((asking), |()| asking.set(false));
    let ask = cb!((asking), |_: MouseEvent| asking.set(true));
    html! {
        <>
            <HelpNote text={i.t(Msg::MergeCompareHelp)} />
            <Panel title={i.t(Msg::MergeFields)} actions={html! { <Button small=true icon={Icon::ArrowLeftRight} onclick={props.onturn.clone()}>{ i.t(Msg::MergeTurn) }</Button> }}>
                <table class="merge">
                    <caption class="sr-only">{ i.t(Msg::MergeFields) }</caption>
                    <thead><tr><td></td>{ column(&preview.survivor, Msg::MergeSurvivor) }{ column(&preview.other, Msg::MergeMerged) }</tr></thead>
                    <tbody>{ for preview.fields.iter().map(row) }</tbody>
                </table>
                if preview.fields.is_empty() { <p class="muted">{ i.t(Msg::MergeNoFields) }</p> }
            </Panel>
            <Panel title={i.t(Msg::MergeMoved)}><p>{ moved_words(&preview.moved, i) }</p><p class="small muted">{ i.t(Msg::MergeKept) }</p></Panel>
            <div class="form__actions"><Button look={Look::Primary} icon={Icon::Check} busy={*busy} onclick={ask}>{ i.t(Msg::MergeAction) }</Button></div>
            if *asking {
                <ConfirmDialog title={i.t(Msg::MergeAction)} action={i.t(Msg::MergeAction)} onconfirm={merge} onclose={close}>
                    <p>{ i.t(Msg::MergeText { survivor: &preview.survivor.name, merged: &preview.other.name }) }</p>
                </ConfirmDialog>
            }
        </>
    }
}

/// What goes over, in words.
pub(super) fn moved_words(moved: &MovedThings, i: I18n) -> AttrValue {
    let parts = [
        (moved.contact_points, Msg::MergeContactPoints { count: &i.number(moved.contact_points) }),
        (moved.holdings, Msg::MergeHoldings { count: &i.number(moved.holdings) }),
        (moved.co_owned_holdings, Msg::MergeCoOwned { count: &i.number(moved.co_owned_holdings) }),
        (moved.interactions, Msg::MergeInteractions { count: &i.number(moved.interactions) }),
        (moved.tasks, Msg::MergeTasks { count: &i.number(moved.tasks) }),
        (moved.relations, Msg::MergeRelations { count: &i.number(moved.relations) }),
        (moved.households, Msg::MergeHouseholds { count: &i.number(moved.households) }),
        (moved.team_members, Msg::MergeTeam { count: &i.number(moved.team_members) }),
        (moved.tags, Msg::MergeTags { count: &i.number(moved.tags) }),
        (moved.survey_invitations, Msg::MergeInvitations { count: &i.number(moved.survey_invitations) }),
        (moved.survey_answers, Msg::MergeAnswers { count: &i.number(moved.survey_answers) }),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| i.t(text).to_string()).collect();
    if parts.is_empty() { i.t(Msg::MergeNothing) } else { parts.join(&i.t(Msg::CommonListComma)).into() }
}

#[derive(Properties, PartialEq)]
struct DismissProps {
    id: Uuid,
    etag: String,
    ondone: Callback<Tagged<DuplicatePair>>,
    onclose: Callback<()>,
}

/// Says why two customers are two.
#[function_component]
fn DismissDialog(props: &DismissProps) -> Html {
    let i = use_i18n();
    let DismissProps { id, etag, ondone, onclose } = props;
    let id = *id;
    let form = use_form(Callback::noop());
    let reason = use_state(String::new);
    let onsubmit = cb!((form, reason, etag, ondone), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        if reason.trim().is_empty() {
            errors.add("/reason", i.t(Msg::CheckRequired));
        }
        let why = DuplicateDismissal { reason: reason.trim().to_owned() };
        let (etag, ondone) = (etag.clone(), ondone.clone());
        form.send(errors, async move {
            ondone.emit(api::duplicates::dismiss(id, &etag, &why).await?);
            Ok(())
        });
    });
    html! {
        <Dialog title={i.t(Msg::PairsDismiss)} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <TextField id="dismiss-reason" label={i.t(Msg::PairsReason)} value={(*reason).clone()} required=true
                    oninput={cb!((reason), |text: String| reason.set(text))} error={form.at("/reason")} />
                { form.notice(&["/reason"]) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::PairsDismiss) }</Button></div>
            </form>
        </Dialog>
    }
}

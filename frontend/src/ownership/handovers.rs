use std::rc::Rc;

use guanxi_api::{Handover, HandoverReason, HandoverState, NewHandover, NewHandoverReceiver, Tier};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::pages::use_pages;
use crate::api;
use crate::checks::Errors;
use crate::fetch;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::{Label, by_code, options};
use crate::once::use_once;
use crate::org::{OWNERS, use_colleagues};
use crate::route::{self, Route};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Choice, Column, Combobox, DateField, Dialog, EmptyState, HelpNote, Icon, Link, Look,
    OnPhone, Row, Select, Table, TextField, Tone, date_of,
};

/// A handover's state as a mark.
pub fn state_badge(state: HandoverState, i: I18n) -> Html {
    let tone = match state {
        HandoverState::Proposed => Tone::Warning,
        HandoverState::Accepted | HandoverState::Done => Tone::Good,
        HandoverState::Declined => Tone::Bad,
        HandoverState::Cancelled => Tone::Neutral,
    };
    html! { <Badge {tone}>{ state.label(i) }</Badge> }
}

/// Handovers that one sees.
#[function_component]
pub fn HandoversTab() -> Html {
    let (i, settings) = (use_i18n(), use_settings());
    let handovers =
        use_pages("handovers".to_owned(), |cursor| async move { api::ownership::handovers(&cursor).await });
    let columns = Rc::new(vec![
        Column::new("from", i.t(Msg::HandoverFrom)).phone(OnPhone::Title),
        Column::new("state", i.t(Msg::FieldStatus)).phone(OnPhone::Mark),
        Column::new("to", i.t(Msg::HandoverTo)).long().phone(OnPhone::Named),
        Column::new("reason", i.t(Msg::HandoverReason)).phone(OnPhone::Line),
        Column::new("on", i.t(Msg::HandoverOn)).phone(OnPhone::Named),
        Column::new("customers", i.t(Msg::HandoverCustomers)).number(),
        Column::new("moved", i.t(Msg::HandoverMoved)).number(),
    ]);
    let row = |handover: &Handover| Row {
        key: handover.id.to_string().into(),
        name: handover.from.display_name.clone().into(),
        off: matches!(handover.state, HandoverState::Cancelled | HandoverState::Declined),
        cells: vec![
            html! { <Link to={Route::Handover { id: handover.id }.to_path()} class="table__link">{ &handover.from.display_name }</Link> },
            state_badge(handover.state, i),
            html! { { handover.to.iter().map(|to| to.user.display_name.clone()).collect::<Vec<_>>().join("; ") } },
            html! { { handover.reason.label(i) } },
            html! { { handover.effective_on.to_string() } },
            html! { { i.number(handover.customers) } },
            html! { { i.number(handover.moved) } },
        ],
    };
    let empty = html! { <EmptyState icon={Icon::Users} title={i.t(Msg::HandoverNone)} text={i.t(Msg::HandoverNoneText)} /> };
    let table = |rows: &[Handover]| {
        html! { <Table plain=true caption={i.t(Msg::OwnershipHandovers)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::HandoverHelp)} />
            { handovers.show(empty, table, i) }
        </>
    }
}

/// Who is to take which customers, as it is typed.
#[derive(Clone, Default, PartialEq)]
struct Share {
    to: Option<Choice>,
    tier: String,
}

#[derive(Properties, PartialEq)]
pub struct NewHandoverProps {
    pub onclose: Callback<()>,
}

/// Proposes to hand over a book.
#[function_component]
pub fn NewHandoverDialog(props: &NewHandoverProps) -> Html {
    let i = use_i18n();
    let form = use_form(Callback::noop());
    let from = use_state(|| None::<Choice>);
    let shares = use_state(|| vec![Share::default()]);
    let reason = use_state(|| HandoverReason::Moves);
    let on = use_state(|| i.today().to_string());
    let days = use_state(|| "30".to_owned());
    let note = use_state(String::new);
    let once = use_once();
    let search = use_colleagues(OWNERS);
    let onclose = props.onclose.clone();
    let onsubmit = cb!((form, from, shares, reason, on, days, note, once, onclose), |event: SubmitEvent| {
        event.prevent_default();
        let mut errors = Errors::default();
        let id = |choice: &Option<Choice>| {
            choice.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok()).unwrap_or_default()
        };
        if from.is_none() {
            errors.add("/from_user_id", i.t(Msg::CheckRequired));
        }
        for (n, _) in shares.iter().enumerate().filter(|(_, share)| share.to.is_none()) {
            errors.add(format!("/to/{n}/user_id"), i.t(Msg::CheckRequired));
        }
        let effective_on = date_of(&on, i).unwrap_or_else(|wrong| {
            errors.add("/effective_on", wrong);
            None
        });
        let to = shares.iter().map(|share| NewHandoverReceiver {
            user_id: id(&share.to),
            filter: (!share.tier.is_empty()).then(|| format!("tier eq \"{}\"", share.tier)),
        });
        let new = NewHandover {
            from_user_id: id(&from),
            to: to.collect(),
            reason: *reason,
            note: Some(note.trim().to_owned()).filter(|note| !note.is_empty()),
            effective_on: effective_on.unwrap_or_else(|| i.today()),
            double_access_days: days.trim().parse().unwrap_or(30),
        };
        let (once, onclose) = (once.clone(), onclose.clone());
        form.send(errors, async move {
            let made = once.answered(api::ownership::propose(&new, &once.key(&new)).await)?;
            fetch::forget("handovers?");
            onclose.emit(());
            route::go(&Route::Handover { id: made.id }.to_path());
            Ok(())
        });
    });
    let share = |(n, share): (usize, &Share)| {
        let set = |change: fn(&mut Share, Share)| {
            cb!((shares), |new: Share| {
                let mut all = (*shares).clone();
                if let Some(old) = all.get_mut(n) {
                    change(old, new);
                }
                shares.set(all);
            })
        };
        let set_to = set(|old, new| old.to = new.to);
        let set_tier = set(|old, new| old.tier = new.tier);
        let remove = cb!((shares), |_: MouseEvent| {
            let mut all = (*shares).clone();
            all.remove(n);
            shares.set(all);
        });
        let at = format!("/to/{n}/user_id");
        let rule = form.at(&format!("/to/{n}")).or(form.at(&format!("/to/{n}/filter")));
        html! {
            <div class="share" key={n}>
                <Combobox id={format!("share-to-{n}")} label={i.t(Msg::HandoverTo)} chosen={share.to.clone()} search={search.clone()}
                    onchoose={Callback::from(move |to| set_to.emit(Share { to, ..Share::default() }))} error={form.at(&at)} />
                <Select id={format!("share-tier-{n}")} label={i.t(Msg::HandoverWhich)} options={options::<Tier>(i)} none={i.t(Msg::HandoverAllLeft)} value={share.tier.clone()}
                    onchange={Callback::from(move |tier| set_tier.emit(Share { tier, ..Share::default() }))} error={rule} />
                if shares.len() > 1 { <Button small=true look={Look::Quiet} icon={Icon::Trash} onclick={remove}>{ i.t(Msg::HandoverRemove) }</Button> }
            </div>
        }
    };
    let add = cb!((shares), |_: MouseEvent| {
        let mut all = (*shares).clone();
        all.push(Share::default());
        shares.set(all);
    });
    let shown: Vec<String> = (0..shares.len())
        .flat_map(|n| [format!("/to/{n}"), format!("/to/{n}/user_id"), format!("/to/{n}/filter")])
        .chain(["/from_user_id", "/effective_on", "/note", "/double_access_days"].map(str::to_owned))
        .collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    html! {
        <Dialog title={i.t(Msg::HandoverNew)} onclose={props.onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <Combobox id="handover-from" label={i.t(Msg::HandoverFrom)} chosen={(*from).clone()} search={search.clone()} onchoose={cb!((from), |choice| from.set(choice))} error={form.at("/from_user_id")} />
                { for shares.iter().enumerate().map(share) }
                <p><Button small=true icon={Icon::Plus} onclick={add}>{ i.t(Msg::HandoverAdd) }</Button></p>
                <p class="small muted">{ i.t(Msg::HandoverWhichHint) }</p>
                <Select id="handover-reason" label={i.t(Msg::HandoverReason)} options={options::<HandoverReason>(i)} value={reason.as_str()}
                    onchange={cb!((reason), |code: String| reason.set(by_code(&code).unwrap_or(*reason)))} />
                <DateField id="handover-on" label={i.t(Msg::HandoverOn)} value={(*on).clone()} oninput={cb!((on), |text: String| on.set(text))} error={form.at("/effective_on")} />
                <TextField id="handover-days" label={i.t(Msg::HandoverDays)} hint={i.t(Msg::HandoverDaysHint)} value={(*days).clone()} oninput={cb!((days), |text: String| days.set(text))} error={form.at("/double_access_days")} />
                <TextField id="handover-note" label={i.t(Msg::HandoverNote)} value={(*note).clone()} optional=true oninput={cb!((note), |text: String| note.set(text))} error={form.at("/note")} />
                { form.notice(&shown) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()}>{ i.t(Msg::HandoverPropose) }</Button></div>
            </form>
        </Dialog>
    }
}

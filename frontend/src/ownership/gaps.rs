use std::rc::Rc;

use guanxi_api::{Assignment, CareGap, TeamRole};
use uuid::Uuid;
use yew::prelude::*;
use yew_router::Routable;

use super::pages::use_pages;
use crate::api;
use crate::form::use_form;
use crate::i18n::{I18n, Msg, use_i18n};
use crate::labels::Label;
use crate::org::{OWNERS, use_colleagues};
use crate::route::Route;
use crate::session::{may, right, use_me};
use crate::settings::use_settings;
use crate::ui::{
    Badge, Button, Choice, Column, Combobox, Dialog, EmptyState, HelpNote, Icon, Link, Look, OnPhone, Row,
    Select, Table, TierMark, Tone, use_toasts,
};

/// What one looks for.
const KINDS: [(&str, Msg<'static>); 4] = [
    ("no_owner eq true", Msg::OwnershipNoOwner),
    ("incomplete eq true", Msg::OwnershipIncomplete),
    ("unsigned eq true", Msg::OwnershipUnsigned),
    ("no_plan eq true", Msg::OwnershipNoPlan),
];

/// Customers whose care lacks something.
#[function_component]
pub fn GapsTab() -> Html {
    let (i, toasts, settings) = (use_i18n(), use_toasts(), use_settings());
    let me = use_me();
    let assigns = me.as_ref().is_some_and(|me| may(me, right::ASSIGN_CUSTOMERS));
    let signs = me.as_ref().is_some_and(|me| may(me, right::SIGN_OWNERSHIP));
    let mine = me.as_ref().map(|me| me.id);
    let filter = use_state(String::new);
    let assigning = use_state(|| None::<CareGap>);
    let gaps = use_pages(format!("ownership/gaps/{}", *filter), {
        let filter = (*filter).clone();
        move |cursor| async move { api::ownership::gaps(&filter, &cursor).await }
    });
    let (reload, restart) = (gaps.reload_soon(), gaps.restart());
    let act = cb!((reload, toasts), |(id, signs): (Uuid, bool)| {
        spawn!((reload, toasts), {
            let done = async {
                if signs {
                    return api::ownership::sign(id).await.map(drop);
                }
                let read = api::customers::get(id).await?;
                api::ownership::complete_team(id, &read.etag).await
            };
            match done.await {
                Ok(()) if signs => toasts.say(i.t(Msg::OwnershipSigned)),
                Ok(()) => toasts.say(i.t(Msg::TeamSaved)),
                Err(error) => toasts.fail(&error, i),
            }
            reload.emit(());
        });
    });
    let row = |gap: &CareGap| {
        let id = gap.id;
        let assign = cb!((assigning, gap), |_: MouseEvent| assigning.set(Some(gap.clone())));
        let complete = cb!((act), |_: MouseEvent| act.emit((id, false)));
        let sign = cb!((act), |_: MouseEvent| act.emit((id, true)));
        let own = gap.owner.as_ref().map(|owner| owner.id) == mine;
        let acts = html! {
            <span class="acts">
                if assigns && gap.no_owner { <Button small=true icon={Icon::UserPlus} onclick={assign}>{ i.t(Msg::OwnershipAssign) }</Button> }
                if assigns && !gap.proposed.is_empty() { <Button small=true icon={Icon::Users} onclick={complete}>{ i.t(Msg::OwnershipComplete) }</Button> }
                if signs && own && gap.unsigned { <Button small=true icon={Icon::Check} onclick={sign}>{ i.t(Msg::OwnershipSign) }</Button> }
            </span>
        };
        Row {
            key: id.to_string().into(),
            name: gap.customer.name.clone().into(),
            off: false,
            cells: vec![
                html! { <Link to={Route::Customer { id }.to_path()} class="table__link">{ &gap.customer.name }</Link> },
                html! { <TierMark tier={gap.customer.tier} /> },
                html! { { gap.org_unit.name.in_language(i.lang).to_owned() } },
                html! { { gap.owner.as_ref().map(|owner| owner.display_name.clone()).unwrap_or_default() } },
                html! { { i.amount(gap.customer.aum.amount) } },
                lacks(gap, i),
                html! { { proposed(gap, i) } },
                acts,
            ],
        }
    };
    let base = me.as_ref().map(|me| me.base_currency.clone()).unwrap_or_default();
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("tier", i.t(Msg::FieldTier)).phone(OnPhone::Mark),
        Column::new("unit", i.t(Msg::FieldOrgUnit)).long(),
        Column::new("owner", i.t(Msg::FieldOwner)).phone(OnPhone::Line),
        Column::new("aum", i.t(Msg::CustomerAumIn { currency: &base })).number(),
        Column::new("lacks", i.t(Msg::OwnershipLacks)).phone(OnPhone::Line),
        Column::new("proposed", i.t(Msg::OwnershipProposed)).long(),
        Column::new("acts", i.t(Msg::OwnershipActs)).phone(OnPhone::Line),
    ]);
    let kinds: Vec<(AttrValue, AttrValue)> =
        KINDS.iter().map(|(code, text)| ((*code).into(), i.t(*text))).collect();
    let choose = cb!((filter, restart), |code: String| {
        restart.emit(());
        filter.set(code);
    });
    let close = cb!((assigning), |()| assigning.set(None));
    let done = cb!((assigning, reload), |()| {
        assigning.set(None);
        reload.emit(());
    });
    let empty = html! { <EmptyState icon={Icon::Users} title={i.t(Msg::OwnershipGapsNone)} text={i.t(Msg::OwnershipGapsNoneText)} /> };
    let table = |rows: &[CareGap]| {
        html! { <Table plain=true caption={i.t(Msg::OwnershipGaps)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::OwnershipGapsHelp)} />
            <div class="list-bar"><Select id="gap-kind" label={i.t(Msg::OwnershipKind)} options={kinds} none={i.t(Msg::OwnershipAll)} value={(*filter).clone()} onchange={choose} /></div>
            { gaps.show(empty, table, i) }
            if let Some(gap) = &*assigning { <AssignDialog gap={gap.clone()} onclose={close} ondone={done} /> }
        </>
    }
}

fn lacks(gap: &CareGap, i: I18n) -> Html {
    let roles = gap.missing.iter().filter(|role| **role != TeamRole::Rm);
    html! {
        <span class="badges">
            if gap.no_owner { <Badge tone={Tone::Bad}>{ i.t(Msg::OwnershipNoOwner) }</Badge> }
            if gap.unsigned { <Badge tone={Tone::Warning}>{ i.t(Msg::OwnershipUnsigned) }</Badge> }
            if gap.no_plan { <Badge tone={Tone::Warning}>{ i.t(Msg::OwnershipNoPlan) }</Badge> }
            { for roles.map(|role| html! { <Badge tone={Tone::Neutral}>{ role.label(i) }</Badge> }) }
        </span>
    }
}

fn proposed(gap: &CareGap, i: I18n) -> String {
    let one =
        |member: &guanxi_api::TeamMember| format!("{} ({})", member.user.display_name, member.role.label(i));
    gap.proposed.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[derive(Properties, PartialEq)]
struct AssignProps {
    gap: CareGap,
    onclose: Callback<()>,
    ondone: Callback<()>,
}

/// Gives a customer whom nobody looks after to somebody.
#[function_component]
fn AssignDialog(props: &AssignProps) -> Html {
    let i = use_i18n();
    let AssignProps { gap, onclose, ondone } = props;
    let form = use_form(ondone.clone());
    let owner = use_state(|| None::<Choice>);
    let search = use_colleagues(OWNERS);
    let (id, unit) = (gap.id, gap.org_unit.id);
    let onsubmit = cb!((form, owner), |event: SubmitEvent| {
        event.prevent_default();
        let owner_id = owner.as_ref().and_then(|choice| Uuid::parse_str(&choice.key).ok());
        let to = Assignment { org_unit_id: Some(unit), owner_id };
        form.send(crate::checks::Errors::default(), async move {
            let read = api::customers::get(id).await?;
            api::customers::assign(id, &read.etag, &to).await
        });
    });
    html! {
        <Dialog title={i.t(Msg::OwnershipAssignTitle { name: &gap.customer.name })} onclose={onclose.clone()}>
            <form class="form" {onsubmit} novalidate=true>
                <Combobox id="gap-owner" label={i.t(Msg::FieldOwner)} chosen={(*owner).clone()} {search} onchoose={cb!((owner), |choice| owner.set(choice))} error={form.at("/owner_id")} />
                { form.notice(&["/owner_id"]) }
                <div class="form__actions"><Button submit=true look={Look::Primary} busy={form.busy()} disabled={owner.is_none()}>{ i.t(Msg::CommonSave) }</Button></div>
            </form>
        </Dialog>
    }
}

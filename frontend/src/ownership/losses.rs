use std::rc::Rc;

use guanxi_api::CustomerLoss;
use yew::prelude::*;
use yew_router::Routable;

use super::pages::use_pages;
use crate::api;
use crate::i18n::{Msg, use_i18n};
use crate::route::Route;
use crate::settings::use_settings;
use crate::ui::{Column, EmptyState, HelpNote, Icon, Link, OnPhone, Row, Table};

/// Customers who were lost, and who was responsible then.
#[function_component]
pub fn LossesTab() -> Html {
    let (i, settings) = (use_i18n(), use_settings());
    let losses =
        use_pages(
            "ownership/losses".to_owned(),
            |cursor| async move { api::ownership::losses(&cursor).await },
        );
    let columns = Rc::new(vec![
        Column::new("name", i.t(Msg::FieldName)).phone(OnPhone::Title),
        Column::new("lost", i.t(Msg::OwnershipLostOn)).phone(OnPhone::Mark),
        Column::new("owner", i.t(Msg::OwnershipResponsible)).phone(OnPhone::Named),
        Column::new("unit", i.t(Msg::FieldOrgUnit)).phone(OnPhone::Line),
        Column::new("by", i.t(Msg::OwnershipRecordedBy)),
        Column::new("back", i.t(Msg::OwnershipReturnedOn)).phone(OnPhone::Named),
    ]);
    let row = |loss: &CustomerLoss| {
        let name = |user: &Option<guanxi_api::UserRef>| {
            user.as_ref().map(|user| user.display_name.clone()).unwrap_or_default()
        };
        Row {
            key: loss.id.to_string().into(),
            name: loss.customer.name.clone().into(),
            off: loss.returned_on.is_some(),
            cells: vec![
                html! { <Link to={Route::Customer { id: loss.customer.id }.to_path()} class="table__link">{ &loss.customer.name }</Link> },
                html! { { loss.lost_on.to_string() } },
                match &loss.owner {
                    Some(owner) => html! { { &owner.display_name } },
                    None => html! { <span class="muted">{ i.t(Msg::OwnershipNobody) }</span> },
                },
                html! { { loss.org_unit.name.in_language(i.lang).to_owned() } },
                html! { { name(&loss.recorded_by) } },
                html! { { loss.returned_on.map(|day| day.to_string()).unwrap_or_default() } },
            ],
        }
    };
    let empty = html! { <EmptyState icon={Icon::Users} title={i.t(Msg::OwnershipLossesNone)} text={i.t(Msg::OwnershipLossesNoneText)} /> };
    let table = |rows: &[CustomerLoss]| {
        html! { <Table plain=true caption={i.t(Msg::OwnershipLosses)} {columns} letters={settings.now.shortcuts} rows={rows.iter().map(row).collect::<Vec<_>>()} /> }
    };
    html! {
        <>
            <HelpNote text={i.t(Msg::OwnershipLossesHelp)} />
            { losses.show(empty, table, i) }
        </>
    }
}

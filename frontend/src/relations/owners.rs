use guanxi_api::{CoOwners, Holding};
use uuid::Uuid;
use yew::prelude::*;

use super::{name_of, use_customers};
use crate::api;
use crate::fetch::use_query;
use crate::i18n::{Msg, use_i18n};
use crate::ui::{Choice, Combobox, Icon, IconButton, use_toasts};

#[derive(Properties, PartialEq, Clone)]
pub struct OwnersProps {
    pub holding: Holding,
    pub etag: AttrValue,
    pub edit: bool,
    pub onchange: Callback<()>,
}

/// Who holds something together with the customer under whom it is booked.
#[function_component]
pub fn OwnersPanel(props: &OwnersProps) -> Html {
    let (i, toasts) = (use_i18n(), use_toasts());
    let (id, version) = (props.holding.id, props.holding.version);
    let owners = use_query::<CoOwners, _, _>(Some(format!("relations/owners/{id}/{version}")), move || {
        api::relations::co_owners(id)
    });
    let search = use_customers(props.holding.customer.id);
    let set = {
        let (etag, onchange) = (props.etag.clone(), props.onchange.clone());
        Callback::from(move |ids: Vec<Uuid>| {
            spawn!((etag, onchange, toasts), {
                if let Err(error) = api::relations::set_co_owners(id, &etag, ids).await {
                    toasts.fail(&error, i);
                }
                onchange.emit(());
            });
        })
    };
    let Some(found) = &owners.remote.data else { return html!() };
    let ids: Vec<Uuid> = found.co_owners.iter().map(|owner| owner.id).collect();
    let add = cb!((set, ids), |choice: Option<Choice>| {
        if let Some(id) = choice.and_then(|choice| Uuid::parse_str(&choice.key).ok()) {
            set.emit(ids.iter().copied().filter(|other| *other != id).chain([id]).collect());
        }
    });
    html! {
        <>
            <h3>{ i.t(Msg::OwnersTitle) }</h3>
            if found.co_owners.is_empty() && found.hidden == 0 { <p class="muted">{ i.t(Msg::OwnersNone) }</p> }
            <ul class="lines">
                { for found.co_owners.iter().map(|owner| {
                    let rest: Vec<Uuid> = ids.iter().copied().filter(|id| *id != owner.id).collect();
                    let remove = cb!((set, rest), |_: MouseEvent| set.emit(rest.clone()));
                    html! {
                        <li key={owner.id.to_string()}>
                            <span class="lines__main"><span>{ name_of(Some(owner), i) }</span></span>
                            if props.edit { <IconButton small=true icon={Icon::Trash} label={i.t(Msg::TeamRemove { name: &owner.name })} onclick={remove} /> }
                        </li>
                    }
                }) }
                if found.hidden > 0 { <li>{ i.t(Msg::HouseholdHidden { count: &found.hidden.to_string() }) }</li> }
            </ul>
            if props.edit { <Combobox id="co-owner" label={i.t(Msg::OwnersAdd)} {search} onchoose={add} optional=true /> }
        </>
    }
}

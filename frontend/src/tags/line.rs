use guanxi_api::{CustomerTag, CustomerTags, TagRef};
use uuid::Uuid;
use web_sys::Element;
use yew::prelude::*;

use super::{chosen_tag, use_tag_search};
use crate::api::{self, ApiError};
use crate::dom;
use crate::fetch;
use crate::i18n::{Msg, use_i18n};
use crate::session::{may, right, use_me};
use crate::ui::{Choice, Combobox, Icon, Popover, TagMark, use_toasts};

#[derive(Properties, PartialEq, Clone)]
pub struct TagLineProps {
    /// The customer.
    pub id: Uuid,
    pub tags: Vec<CustomerTag>,
    /// The user may give and take tags.
    pub open: bool,
}

/// The tags of a customer, each with a way to take it, and a box to give another one.
#[function_component]
pub fn TagLine(props: &TagLineProps) -> Html {
    let i = use_i18n();
    let toasts = use_toasts();
    let node = use_node_ref();
    // What a change has answered, until the page itself is read again.
    let changed = use_state(|| None::<Vec<CustomerTag>>);
    let busy = use_state(|| false);
    use_effect_with(props.tags.clone(), {
        let changed = changed.clone();
        move |_| changed.set(None)
    });
    let create = use_me().is_some_and(|me| may(&me, right::CREATE_TAGS));
    let search = use_tag_search(create);
    let id = props.id;
    let shown = (*changed).clone().unwrap_or_else(|| props.tags.clone());

    let done =
        cb!((changed, busy, toasts, node), |(outcome, said): (Result<CustomerTags, ApiError>, AttrValue)| {
            busy.set(false);
            match outcome {
                Ok(now) => {
                    changed.set(Some(now.tags));
                    fetch::forget("tags");
                    toasts.say(said);
                    // What was pressed may be gone.
                    let add = node
                        .cast::<Element>()
                        .and_then(|root| dom::all(&root, ".tagline__add-box button").into_iter().next());
                    if let Some(add) = add {
                        let _ = add.focus();
                    }
                }
                Err(error) => toasts.fail(&error, i),
            }
        });
    let take = cb!((done, busy), |tag: TagRef| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((done), {
            let outcome = api::tags::take(id, tag.id).await;
            done.emit((outcome, i.t(Msg::TagsTaken { name: &tag.name })));
        });
    });
    let give = cb!((done, busy), |choice: Choice| {
        if *busy {
            return;
        }
        busy.set(true);
        spawn!((done), {
            let outcome = match chosen_tag(&choice).await {
                Ok(Some(tag)) => api::tags::give(id, tag).await,
                Ok(None) => Ok(CustomerTags::default()),
                Err(error) => Err(error),
            };
            let name = outcome.as_ref().ok().and_then(newest).unwrap_or_default();
            done.emit((outcome, i.t(Msg::TagsGiven { name: &name })));
        });
    });
    let body = Callback::from(move |shut: Callback<()>| {
        let onchoose = cb!((give, shut), |choice: Option<Choice>| if let Some(choice) = choice {
            shut.emit(());
            give.emit(choice);
        });
        html! { <Combobox id="customer-tag" label={i.t(Msg::TagsFind)} search={search.clone()} {onchoose} hint={create.then(|| i.t(Msg::TagsFindHint))} /> }
    });
    let one = |given: &CustomerTag| {
        let tag = given.tag.clone();
        let drop = props.open.then(|| {
            let label = i.t(Msg::TagsTake { name: &tag.name });
            let onclick = cb!((take, tag), |_: MouseEvent| take.emit(tag.clone()));
            html! { <button type="button" class="tag__drop" {onclick} title={&label} aria-label={&label}>{ Icon::X.draw() }</button> }
        });
        html! { <li key={tag.id.to_string()}><TagMark {tag}>{ drop.unwrap_or_default() }</TagMark></li> }
    };
    if shown.is_empty() && !props.open {
        return html!();
    }
    html! {
        <div class="tagline" ref={node}>
            if !shown.is_empty() { <ul class="tags" aria-label={i.t(Msg::TagsTitle)}>{ for shown.iter().map(one) }</ul> }
            if props.open {
                <span class="tagline__add-box">
                    <Popover label={i.t(Msg::TagsAdd)} {body} class={classes!("button", "button--quiet", "button--small")}
                        button={html! { <>{ Icon::Plus.draw() }<span>{ i.t(Msg::TagsAdd) }</span></> }} />
                </span>
            }
        </div>
    }
}

/// The name of the tag that was given last.
fn newest(now: &CustomerTags) -> Option<String> {
    now.tags.iter().max_by_key(|given| given.added_at.micros()).map(|given| given.tag.name.clone())
}
